"""Real first bytes of what people upload."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from divescore.containers import HEAD_BYTES, Container, NotTaken, sniff
from tests.contract.recorded import fact


def box(kind: bytes, brand: bytes = b"isom") -> bytes:
    return b"\x00\x00\x00\x20" + kind + brand + b"\x00\x00\x02\x00" + b"isomiso2avc1mp41" + bytes(64)


def matroska(doctype: bytes) -> bytes:
    return b"\x1aE\xdf\xa3\x9fB\x86\x81\x01B\xf7\x81\x01B\xf2\x81\x04B\xf3\x81\x08B\x82" + doctype + bytes(64)


TRANSPORT = b"".join(b"\x47" + bytes(187) for _ in range(4))


AVCHD = b"".join(b"\x0d\x9e\xe2\x02\x47" + bytes(187) for _ in range(4))


@pytest.mark.parametrize("head", [TRANSPORT, AVCHD])
def test_transport_streams_are_known_by_their_packets(head: bytes) -> None:
    assert sniff(head) is Container.TS


@pytest.mark.parametrize(
    ("head", "name"),
    [
        (b"RIFF\x9a\x54\x02\x00AVI LIST\xc0\x00\x00\x00hdrlavih" + bytes(64), "avi"),
        (b"RIFF\x9a\x54\x02\x00AVIX" + bytes(64), "avi"),
        (matroska(b"\x84webm"), "webm"),
        (matroska(b"\x88matroska"), "mkv"),
        (box(b"ftyp"), "mp4"),
        (box(b"ftyp", b"mp42"), "mp4"),
        (box(b"ftyp", b"qt  "), "mov"),
        (box(b"ftyp", b"3gp4"), "3gp"),
        (box(b"ftyp", b"3g2a"), "3gp"),
        (box(b"ftyp", b"M4V "), "mp4"),
        (box(b"ftyp", b"hevc"), "mp4"),  # a sequence of pictures by the standard, and movies of some careless cameras
        (box(b"moov", b"\x00\x00\x00\x6c"), "mov"),  # QuickTime from before `ftyp`
        (box(b"mdat"), "mov"),
        (box(b"wide"), "mov"),
        (box(b"free"), "mov"),
        (box(b"skip"), "mov"),
        (box(b"pnot"), "mov"),
    ],
)
def test_videos_are_known_by_their_container(head: bytes, name: str) -> None:
    assert sniff(head) is Container(name)
    assert sniff(head[:64]) is Container(name)


def test_every_container_has_its_demuxer() -> None:
    assert {container.value: container.demuxer for container in Container} == {
        "avi": "avi",
        "mov": "mov",
        "mp4": "mov",
        "3gp": "mov",
        "webm": "matroska",
        "mkv": "matroska",
        "ts": "mpegts",
    }


def test_every_container_is_served_as_what_it_is() -> None:
    assert {container.value: container.content_type for container in Container} == {
        "avi": "video/x-msvideo",
        "mov": "video/quicktime",
        "mp4": "video/mp4",
        "3gp": "video/3gpp",
        "webm": "video/webm",
        "mkv": "video/x-matroska",
        "ts": "video/mp2t",
    }


@pytest.mark.parametrize(
    ("head", "code", "words"),
    [
        (b"", "EMPTY_FILE", "empty"),
        (b"\xff\xd8\xff\xe0\x00\x10JFIF\x00\x01", "NOT_A_VIDEO", "JPEG"),
        (b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR", "NOT_A_VIDEO", "PNG"),
        (b"GIF89a\x01\x00\x01\x00", "NOT_A_VIDEO", "GIF"),
        (b"BM\x36\x00\x0c\x00\x00\x00\x00\x00\x36\x00", "NOT_A_VIDEO", "BMP"),
        (b"II*\x00\x08\x00\x00\x00", "NOT_A_VIDEO", "TIFF"),
        (b"MM\x00*\x00\x00\x00\x08", "NOT_A_VIDEO", "TIFF"),
        (b"%PDF-1.7\n%\xe2\xe3\xcf\xd3", "NOT_A_VIDEO", "PDF"),
        (b"PK\x03\x04\x14\x00\x06\x00", "NOT_A_VIDEO", "ZIP"),
        (b"Rar!\x1a\x07\x01\x00", "NOT_A_VIDEO", "RAR"),
        (b"7z\xbc\xaf\x27\x1c\x00\x04", "NOT_A_VIDEO", "7z"),
        (b"\x1f\x8b\x08\x00\x00\x00\x00\x00", "NOT_A_VIDEO", "compressed"),
        (b"ID3\x04\x00\x00\x00\x00\x00\x23", "NOT_A_VIDEO", "MP3"),
        (b"fLaC\x00\x00\x00\x22", "NOT_A_VIDEO", "FLAC"),
        (b"\x7fELF\x02\x01\x01\x00", "NOT_A_VIDEO", "program"),
        (b"MZ\x90\x00\x03\x00\x00\x00", "NOT_A_VIDEO", "program"),
        (b"#EXTM3U\n#EXT-X-VERSION:3\nfile:///etc/passwd", "NOT_A_VIDEO", "playlist"),
        (b"ffconcat version 1.0\nfile http://169.254.169.254/", "NOT_A_VIDEO", "playlist"),
        (b"RIFF\x24\x08\x00\x00WAVEfmt ", "NOT_A_VIDEO", "WAV"),
        (b"RIFF\x24\x08\x00\x00WEBPVP8 ", "NOT_A_VIDEO", "WebP"),
        (b"RIFF\x24\x08\x00\x00CDDAfmt ", "NOT_A_VIDEO", "unknown RIFF"),
        (box(b"ftyp", b"heic"), "NOT_A_VIDEO", "HEIF"),
        *(
            (box(b"ftyp", brand), "NOT_A_VIDEO", "AVIF")
            for brand in (b"avif", b"avis", b"msf1", b"heif", b"mif1", b"crx ")
        ),
        *((box(b"ftyp", brand), "NOT_A_VIDEO", "audio") for brand in (b"M4A ", b"M4B ", b"M4P ")),
        (b"This is not a film.\r\n\tHonestly.", "NOT_A_VIDEO", "text"),
        ("\ufeffSprünge vom Turm, 10 m".encode(), "NOT_A_VIDEO", "text"),
        ("Turmsprünge".encode()[:6], "NOT_A_VIDEO", "text"),  # cut inside a letter
        (b"\x00\x01\x02\x03" * 100, "NOT_A_VIDEO", "does not start like"),
        (b"caf\xe9 in another encoding, not the last letter", "NOT_A_VIDEO", "does not start like"),
        (b"FLV\x01\x05\x00\x00\x00\x09", "UNSUPPORTED", "Flash"),
        (b"\x30\x26\xb2\x75\x8e\x66\xcf\x11\xa6\xd9", "UNSUPPORTED", "Windows Media"),
        (b"\x00\x00\x01\xba\x44\x00\x04\x00", "UNSUPPORTED", "program stream"),
        (b"\x00\x00\x01\xb3\x14\x00\xf0\x13", "UNSUPPORTED", "bare MPEG"),
        (b"OggS\x00\x02\x00\x00", "UNSUPPORTED", "Ogg"),
        (b".RMF\x00\x00\x00\x12", "UNSUPPORTED", "RealMedia"),
        (TRANSPORT[:376], "NOT_A_VIDEO", "does not start like"),  # two packets prove nothing
    ],
)
def test_everything_else_is_named_and_turned_away(head: bytes, code: str, words: str) -> None:
    reason = sniff(head)
    assert isinstance(reason, NotTaken)
    assert reason.code == code
    assert words in reason.message
    assert reason.message.endswith(".")


@pytest.mark.parametrize("case", fact("first-bytes"), ids=lambda case: str(case["name"]))
def test_the_page_knows_the_same_beginnings(case: dict[str, object]) -> None:
    assert isinstance(sniff(bytes.fromhex(str(case["hex"]))), Container) is case["read"]


@given(st.binary(max_size=HEAD_BYTES))
def test_any_bytes_get_an_answer(head: bytes) -> None:
    assert isinstance(sniff(head), Container | NotTaken)
