"""Which films need a rendition."""

from pathlib import Path

import pytest

from divescore.containers import Container
from divescore.video.playability import plays_in_browsers
from divescore.video.sampling import sample_frames
from tests.corpus.writing import write_film

WRITTEN = {
    "H.264 in MP4": ("film.mp4", "libx264", "yuv420p", None, True),
    "H.264 of full range in MOV": ("film.mov", "libx264", "yuvj420p", None, True),
    "VP8 in WebM": ("film.webm", "libvpx", "yuv420p", None, True),
    "VP9 in WebM": ("film.webm", "libvpx-vp9", "yuv420p", None, True),
    "H.264 of 10 bits": ("film.mp4", "libx264", "yuv420p10le", None, False),
    "H.264 with all its colours": ("film.mp4", "libx264", "yuv444p", None, False),
    "HEVC in MP4": ("film.mp4", "libx265", "yuv420p", None, False),
    "MPEG-4 part 2 in MP4": ("film.mp4", "mpeg4", "yuv420p", None, False),
    "MPEG-2 in a transport stream": ("film.ts", "mpeg2video", "yuv420p", "mpegts", False),
    "H.264 in a transport stream": ("film.ts", "libx264", "yuv420p", "mpegts", False),
    "Motion JPEG in AVI": ("film.avi", "mjpeg", "yuvj420p", None, False),
    "H.264 in AVI": ("film.avi", "libx264", "yuv420p", None, False),
    "H.264 in Matroska": ("film.mkv", "libx264", "yuv420p", None, False),
    "ProRes in MOV": ("film.mov", "prores_ks", "yuv422p10le", None, False),
}


@pytest.mark.parametrize("kind", WRITTEN)
def test_a_film_needs_a_rendition_by_its_bytes(tmp_path: Path, kind: str) -> None:
    name, codec, pixels, container, playable = WRITTEN[kind]
    path = tmp_path / name
    options = {"x265-params": "log-level=none:pools=1"} if codec == "libx265" else None
    write_film(path, codec, container=container, pix_fmt=pixels, options=options, size=(64, 64))
    named_wrongly = path.rename(tmp_path / "film.mp4")
    assert sample_frames(named_wrongly, 4, (16, 16)).source.playable is playable


@pytest.mark.parametrize("container", set(Container) - {Container.MP4, Container.MOV, Container.WEBM})
def test_some_containers_are_not_played_by_all_whatever_they_hold(container: Container) -> None:
    assert not plays_in_browsers(container, "h264", "yuv420p")


def test_what_is_not_known_is_not_played() -> None:
    assert not plays_in_browsers(Container.MP4, "", "")
