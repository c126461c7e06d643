"""What a file is, by its first bytes; its name and declared type are the uploader's claims and count for nothing.

Signatures: ISO/IEC 14496-12 (`ftyp` and the boxes of QuickTime before it), RIFF AVI, Matroska and WebM (EBML, DocType).
"""

import re
from dataclasses import dataclass
from enum import StrEnum

HEAD_BYTES = 4096  # what `sniff` wants to see; every signature sits in the first 400


class Container(StrEnum):
    """A container format that the worker opens."""

    MP4 = "mp4"
    MOV = "mov"
    THREE_GP = "3gp"
    AVI = "avi"
    WEBM = "webm"
    MKV = "mkv"
    TS = "ts"

    @property
    def demuxer(self) -> str:
        """FFmpeg's demuxer of it. Set by name, so that no playlist, script or network format is ever tried."""
        return _DEMUXERS.get(self, "mov")

    @property
    def content_type(self) -> str:
        """Under which it is served to browsers."""
        return _CONTENT_TYPES[self]


_DEMUXERS = {
    Container.AVI: "avi",
    Container.WEBM: "matroska",
    Container.MKV: "matroska",
    Container.TS: "mpegts",
}
_CONTENT_TYPES = {
    Container.MP4: "video/mp4",
    Container.MOV: "video/quicktime",
    Container.THREE_GP: "video/3gpp",
    Container.AVI: "video/x-msvideo",
    Container.WEBM: "video/webm",
    Container.MKV: "video/x-matroska",
    Container.TS: "video/mp2t",
}


@dataclass(frozen=True, slots=True)
class NotTaken:
    """Why a file is not taken: a code for programs, a sentence for people."""

    code: str
    message: str


def _other_video(name: str) -> NotTaken:
    return NotTaken("UNSUPPORTED", f"This is {name}, which is not read here; convert it to MP4 and choose that file.")


def _no_video(name: str) -> NotTaken:
    return NotTaken("NOT_A_VIDEO", f"This is {name}, not a video.")


# How a file begins, and what that makes it; the first that fits counts. The last third are uploads by mistake.
_BEGINNINGS: tuple[tuple[bytes, Container | NotTaken], ...] = (
    # AVIX goes on where a large AVI stopped; FFmpeg reads it, and finds it damaged where it has no headers of its own.
    (rb"RIFF....AVI[ X]", Container.AVI),
    (rb"\x1aE\xdf\xa3.{0,56}webm", Container.WEBM),
    (rb"\x1aE\xdf\xa3", Container.MKV),
    # Sequences of pictures (avis, msf1) too: their first track is the still one, which is all that a decoder shows.
    (rb"....ftyp(?:avif|avis|heic|heix|heif|mif1|msf1|crx )", _no_video("a HEIF or AVIF picture")),
    (rb"....ftypM4[ABP] ", _no_video("an audio recording")),
    (rb"....ftypqt  ", Container.MOV),
    (rb"....ftyp3g", Container.THREE_GP),
    (rb"....ftyp", Container.MP4),
    (rb"....(?:moov|mdat|wide|free|skip|pnot)", Container.MOV),
    (rb"FLV\x01", _other_video("Flash video (.flv)")),
    (rb"\x30\x26\xb2\x75\x8e\x66\xcf\x11", _other_video("Windows Media video (.wmv)")),
    (rb"\x00\x00\x01\xba", _other_video("an MPEG program stream (.mpg or .vob)")),
    (rb"\x00\x00\x01\xb3", _other_video("a bare MPEG stream")),
    (rb"OggS", _other_video("Ogg")),
    (rb"\.RMF", _other_video("RealMedia")),
    (rb"G.{187}G.{187}G", Container.TS),
    (rb".{4}G.{191}G.{191}G", Container.TS),  # of AVCHD and Blu-ray, with a time before each packet
    (rb"\xff\xd8\xff", _no_video("a JPEG picture")),
    (rb"\x89PNG\r\n\x1a\n", _no_video("a PNG picture")),
    (
        rb"GIF8",
        NotTaken(
            "NOT_A_VIDEO",
            "This is a GIF picture, which has too few colours and frames; choose the film it was made of.",
        ),
    ),
    (rb"BM", _no_video("a BMP picture")),
    (rb"II\*\x00|MM\x00\*", _no_video("a TIFF picture")),
    (rb"%PDF-", _no_video("a PDF document")),
    (rb"PK\x03\x04", _no_video("a ZIP archive or an office document")),
    (rb"Rar!", _no_video("a RAR archive")),
    (rb"7z\xbc\xaf\x27\x1c", _no_video("a 7z archive")),
    (rb"\x1f\x8b", _no_video("a compressed archive")),
    (rb"ID3", _no_video("an MP3 recording")),
    (rb"fLaC", _no_video("a FLAC recording")),
    (rb"\x7fELF|MZ", _no_video("a program")),
    (rb"#EXTM3U|ffconcat", _no_video("a playlist")),
    (rb"RIFF....WAVE", _no_video("a WAV recording")),
    (rb"RIFF....WEBP", _no_video("a WebP picture")),
    (rb"RIFF", _no_video("an unknown RIFF file")),
)
_SIGNATURES = [(re.compile(beginning, re.DOTALL), verdict) for beginning, verdict in _BEGINNINGS]


def sniff(head: bytes) -> Container | NotTaken:
    """The container that a file's first bytes announce, or why it is not taken. `head`: up to HEAD_BYTES bytes."""
    if not head:
        return NotTaken("EMPTY_FILE", "The file is empty.")
    for signature, verdict in _SIGNATURES:
        if signature.match(head):
            return verdict
    if _is_text(head):
        return _no_video("a text file")
    return NotTaken("NOT_A_VIDEO", "The file does not start like any video that we know; choose an MP4 of it.")


def _is_text(head: bytes) -> bool:
    try:
        text = head.decode()
    except UnicodeDecodeError as error:
        # A multi-byte character may be cut at the end of what was read.
        if error.start < len(head) - 4:
            return False
        text = head[: error.start].decode()
    return all(character.isprintable() or character in "\r\n\t\f\ufeff" for character in text)
