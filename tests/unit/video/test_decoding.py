"""Decoding in this process: what is skipped changes nothing, and no more than what is wanted is converted."""

import mmap
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from av.video.frame import VideoFrame
from numpy.typing import NDArray

from divescore.video import decoding, walking
from divescore.video.errors import VideoRejected
from divescore.video.frames import DecodingReport
from divescore.video.limits import VideoLimits
from divescore.video.selection import FrameSampler
from tests.corpus.writing import write_film


def decode(path: Path, count: int = 12) -> tuple[DecodingReport, NDArray[np.uint8]]:
    into = np.zeros((count, 24, 32, 3), dtype=np.uint8)
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, prot=mmap.PROT_READ) as data:
        report = decoding.decode_samples(
            file.fileno(), data, path.suffix[1:], into, VideoLimits(), lambda _fraction: None
        )
    return report, into


@pytest.mark.parametrize(
    ("codec", "options"),
    [
        ("libx264", {"bf": "3", "b-pyramid": "normal"}),
        ("libx264", {"bf": "0"}),
        ("libx264", {"g": "10", "x264-params": "open-gop=1"}),
        ("libx265", {"x265-params": "log-level=none:pools=1"}),
        ("mjpeg", {}),
        ("prores", {}),
    ],
)
def test_skipped_frames_change_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, codec: str, options: dict[str, str]
) -> None:
    path = tmp_path / ("film.mov" if codec == "prores" else "film.mp4")
    write_film(path, codec, frames=121, options=options, pix_fmt="yuv422p10le" if codec == "prores" else None)
    skipped = decode(path)
    monkeypatch.setattr(walking, "_skippable", lambda *_arguments: None)
    whole = decode(path)

    assert skipped[0] == whole[0]
    assert np.array_equal(skipped[1], whole[1])
    assert whole[0].frames == 121


@pytest.mark.parametrize(
    ("name", "codec", "options", "most"),
    [("film.mp4", "libx264", {"bf": "3"}, 110), ("film.avi", "mjpeg", {}, 12)],
)
def test_frames_that_are_not_wanted_are_not_decoded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, codec: str, options: dict[str, str], most: int
) -> None:
    path = tmp_path / name
    write_film(path, codec, frames=120, options=options)
    taken: list[float | None] = []
    take = FrameSampler.add

    def counted(self: FrameSampler, frame: VideoFrame, seconds: float | None) -> None:
        taken.append(seconds)
        take(self, frame, seconds)

    monkeypatch.setattr(FrameSampler, "add", counted)
    report, _ = decode(path)

    assert report.frames == 120
    assert len(taken) <= most


def test_a_frame_that_is_wanted_and_broken_has_all_frames_looked_at(tmp_path: Path) -> None:
    path = tmp_path / "film.avi"
    write_film(path, "mjpeg", frames=60)
    content = bytearray(path.read_bytes())
    place = content.index(b"movi")
    for number in range(60):
        place = content.index(b"00dc", place) + 8
        length = int.from_bytes(content[place - 4 : place], "little")
        if number % 2:
            content[place : place + length] = bytes(length)
    path.write_bytes(content)

    with pytest.raises(VideoRejected) as rejected:
        decode(path)
    assert rejected.value.code == "DAMAGED"


def test_damage_among_skipped_frames_is_found(tmp_path: Path) -> None:
    path = tmp_path / "film.mp4"
    write_film(path, "libx264", frames=120, options={"bf": "3", "qp": "10"})
    content = bytearray(path.read_bytes())
    first, last = content.index(b"mdat"), content.index(b"moov")
    middle = (first + last) // 2
    content[middle : middle + (last - first) // 8] = bytes((last - first) // 8)
    path.write_bytes(content)

    try:
        report, _ = decode(path)
    except VideoRejected as error:
        assert error.code == "DAMAGED"  # noqa: PT017 - either way it is told
    else:
        assert report.warnings


def test_decoding_imports_nothing_that_the_forkserver_has_not(tmp_path: Path) -> None:
    """A confined process can open no file to import from, and each fork would pay for it again."""
    path = tmp_path / "film.mp4"

    def bordered(index: int, total: int, width: int, height: int) -> NDArray[np.uint8]:
        picture = np.random.default_rng(index).integers(0, 255, (height, width, 3), dtype=np.uint8)
        picture[:, : width // 6] = picture[:, -width // 6 :] = 0
        return picture if index > total // 3 else np.zeros_like(picture)

    write_film(path, "libx264", sound="aac", frames=75, draw=bordered)
    program = f"""
import importlib, mmap, sys
from divescore.video import forkserver
for name in forkserver._IMPORTED:
    importlib.import_module(name)
before = set(sys.modules)
import numpy
from divescore.video import shared_memory, streaming
from divescore.video.decoding import decode_samples
from divescore.video.limits import VideoLimits
with open({str(path)!r}, "rb") as file:
    data = mmap.mmap(file.fileno(), 0, prot=mmap.PROT_READ)
    into = numpy.zeros((12, 24, 32, 3), numpy.uint8)
    decode_samples(file.fileno(), data, "mp4", into, VideoLimits(), lambda _share: None, framed=True)
print(sorted(set(sys.modules) - before))
"""
    run = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)

    assert run.stdout == "[]\n"
