"""Containers by their first bytes."""

from pathlib import Path

import pytest

from divescore.video.container import declares_picture, sniff_format
from tests.unit.video.clips import write_clip


@pytest.mark.parametrize(
    ("head", "name"),
    [
        (b"RIFF\x10\x00\x00\x00AVI LIST", "avi"),
        (b"RIFF\x10\x00\x00\x00WAVEfmt ", None),
        (b"\x1a\x45\xdf\xa3\x9fB\x86\x81\x01B\x82\x84webm", "webm"),
        (b"\x1a\x45\xdf\xa3\x9fB\x86\x81\x01B\x82\x88matroska", "mkv"),
        (b"\x00\x00\x00\x20ftypisom", "mp4"),
        (b"\x00\x00\x00\x14ftypqt  ", "mov"),
        (b"\x00\x00\x00\x14ftyp3gp5", "3gp"),
        (b"\x00\x00\x00\x14ftypheic", None),
        (b"\x00\x00\x00\x08wide\x00\x00", "mov"),
        (b"%PDF-1.7", None),
        (b"", None),
    ],
)
def test_names_the_container(head: bytes, name: str | None) -> None:
    assert sniff_format(head) == name


@pytest.mark.parametrize("suffix", [".mp4", ".avi", ".mov", ".mkv"])
def test_real_films_declare_a_picture(tmp_path: Path, suffix: str) -> None:
    path = write_clip(tmp_path / f"clip{suffix}", frames=5)

    container = sniff_format(path.read_bytes()[:64])
    assert container == suffix[1:]
    assert declares_picture(path, container)


def test_unreadable_headers_are_left_to_the_decoder(tmp_path: Path) -> None:
    path = tmp_path / "broken.mp4"
    path.write_bytes(b"\x00\x00\x00\x10ftypmp42" + bytes(40))

    assert declares_picture(path, "mp4")


def test_a_sound_only_matroska_declares_none(tmp_path: Path) -> None:
    path = tmp_path / "sound.mkv"
    path.write_bytes(b"\x1a\x45\xdf\xa3" + bytes(40) + b"\x86\x86A_OPUS" + bytes(40))

    assert not declares_picture(path, "mkv")
