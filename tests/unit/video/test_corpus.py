"""Every file of the corpus comes to its end: the right code or the right pictures, in bounded time and memory."""

import os
import socket
import time
from pathlib import Path

import av
import numpy as np
import pytest

from divescore.video.errors import RejectionCode, VideoRejected
from divescore.video.sampling import sample_frames
from divescore.video.sandbox import sandbox
from tests.corpus.cases import CASES, LIMITS, Case, references
from tests.unit.video.clips import write_clip

SECONDS = 10.0
"""No file of the corpus takes longer, on a machine that has other things to do."""
PEAK_BYTES = 256 * 1024 * 1024
COUNT = 12


def test_the_corpus_is_large_and_its_names_are_unique() -> None:
    assert len({case.name for case in CASES}) == len(CASES) >= 60


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_ends_as_it_must(case: Case, tmp_path: Path) -> None:
    path = tmp_path / case.name
    try:
        case.make(path)
    except av.codec.codec.UnknownCodecError as error:
        pytest.skip(f"no encoder: {error}")
    sandbox().start()
    started = time.monotonic()
    rejected: VideoRejected | None = None
    try:
        video = sample_frames(path, COUNT, (32, 24), case.limits)
    except VideoRejected as error:
        rejected = error
    assert time.monotonic() - started < SECONDS
    assert sandbox().peak_bytes() < PEAK_BYTES
    assert (rejected.code if rejected else None) == case.code, rejected
    if rejected is not None:
        assert rejected.message.endswith(".")
        assert rejected.message[0].isupper()
    else:
        assert video.frames.shape == (COUNT, 24, 32, 3)
        assert video.source.frames == case.frames
        assert (video.source.width, video.source.height) == case.size
        assert bool(video.warnings) == case.warned
        assert (np.diff(video.times) >= 0).all()
        if case.seconds is not None:
            assert video.source.seconds == pytest.approx(case.seconds, abs=0.09)
        if case.even:
            assert_even(video.frames, video.times)


def assert_even(frames: np.ndarray, times: np.ndarray) -> None:
    """The brightness of counting frames grows with their number; the red corner may be anywhere after a rotation."""
    assert np.abs(np.diff(times) - times[-1] / (COUNT - 1)).max() <= max(2.1 * times[-1] / 47, 0.1)
    shade = frames[:, 12, 16].mean(axis=1)
    assert shade[0] < 45
    assert shade[-1] > 210
    assert (np.diff(shade) > 0).all()


@pytest.mark.enable_socket
def test_nothing_else_is_read_or_connected_to(tmp_path: Path) -> None:
    canary = write_clip(tmp_path / "canary.avi")
    long_ago = 10**18
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.setblocking(False)
        address = f"http://127.0.0.1:{listener.getsockname()[1]}"
        for named in (str(canary), canary.name):
            for name, content in references(named, address).items():
                path = tmp_path / name
                path.write_bytes(content)
                os.utime(canary, ns=(long_ago, long_ago + 1))
                with pytest.raises(VideoRejected) as caught:
                    sample_frames(path, COUNT, (32, 24), LIMITS)
                assert caught.value.code in (RejectionCode.UNSUPPORTED, RejectionCode.DAMAGED), name
                assert canary.stat().st_atime_ns == long_ago, name
        with pytest.raises(BlockingIOError):
            listener.accept()
    canary.read_bytes()
    if canary.stat().st_atime_ns == long_ago:
        pytest.skip(
            "this file system does not record when a file is read; only the listener and the codes were checked"
        )
