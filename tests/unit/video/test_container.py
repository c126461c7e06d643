"""Containers by their first bytes."""

import pytest

from divescore.video.container import DEMUXERS, sniff_format


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


def test_every_container_has_its_demuxer() -> None:
    assert set(DEMUXERS) == {"avi", "mov", "mp4", "3gp", "webm", "mkv"}
