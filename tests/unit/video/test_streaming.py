"""Every frame in order, scaled as OpenCV scales it, without holding the film."""

from pathlib import Path

import cv2
import numpy as np
import pytest

from divescore.video.errors import VideoRejected
from divescore.video.limits import VideoLimits
from divescore.video.sampling import SourceInfo, stream_frames
from divescore.video.sandbox import STREAM_SLOTS
from divescore.video.streaming import scaled
from tests.unit.video.clips import write_clip

SIZE = (40, 30)


def collected(
    path: Path, length: int = 16, limits: VideoLimits | None = None
) -> tuple[list[int], np.ndarray, SourceInfo]:
    stream = stream_frames(path, length, SIZE, limits)
    chunks = []
    while True:
        try:
            chunks.append(next(stream).frames)
        except StopIteration as end:
            source, _ = end.value
            return [len(chunk) for chunk in chunks], np.concatenate(chunks), source


@pytest.mark.parametrize("frames", [16, 40, 16 * (STREAM_SLOTS + 2)])
def test_hands_over_every_frame_in_order(tmp_path: Path, frames: int) -> None:
    path = write_clip(tmp_path / "film.avi", frames=frames)
    sizes, pictures, source = collected(path)

    capture = cv2.VideoCapture(str(path))
    expected = []
    while (read := capture.read())[0]:
        expected.append(cv2.resize(read[1][:, :, ::-1], SIZE, interpolation=cv2.INTER_LINEAR))
    capture.release()
    assert sizes == [16] * (frames // 16) + ([frames % 16] if frames % 16 else [])
    assert (pictures == np.array(expected)).all()
    assert source.frames == frames
    assert source.seconds == pytest.approx(frames / 25, abs=0.01)


@pytest.mark.parametrize("size", [(320, 240), (1280, 720), (405, 720), (171, 128), (200, 131)])
def test_scales_as_opencv_does(size: tuple[int, int]) -> None:
    picture = np.random.default_rng(1).integers(0, 256, (size[1], size[0], 3)).astype(np.uint8)

    assert (scaled(picture, 171, 128) == cv2.resize(picture, (171, 128), interpolation=cv2.INTER_LINEAR)).all()


def test_stopping_early_leaves_the_decoder_ready(tmp_path: Path) -> None:
    path = write_clip(tmp_path / "film.avi", frames=200)
    stream = stream_frames(path, 16, SIZE)
    next(stream)
    stream.close()

    assert collected(path)[2].frames == 200


def test_progress_that_raises_ends_it(tmp_path: Path) -> None:
    path = write_clip(tmp_path / "film.avi", frames=60)

    def stop(_stage: str, _share: float) -> None:
        raise TimeoutError

    with pytest.raises(TimeoutError):
        next(stream_frames(path, 16, SIZE, on_progress=stop))
    assert collected(path)[2].frames == 60


def test_rejects_what_is_too_long_or_damaged(tmp_path: Path) -> None:
    path = write_clip(tmp_path / "film.avi", frames=60)
    with pytest.raises(VideoRejected) as caught:
        collected(path, limits=VideoLimits(max_frames=20))
    assert caught.value.code == "TOO_LONG"

    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 2])
    with pytest.raises(VideoRejected) as caught:
        collected(path)
    assert caught.value.code == "DAMAGED"
