"""What a file is, by its first bytes; its name and declared type are the uploader's claims and count for nothing."""

from dataclasses import dataclass

from divescore.jobs.model import Cause

HEAD_BYTES = 4096  # what `sniff` wants to see; every signature below sits in the first 300

_ISO_MEDIA = frozenset({b"ftyp", b"moov", b"mdat", b"wide", b"free", b"skip", b"pnot"})
_STILL_BRANDS = frozenset({b"avif", b"avis", b"heic", b"heix", b"heif", b"mif1", b"msf1", b"crx "})
_AUDIO_BRANDS = frozenset({b"M4A ", b"M4B ", b"M4P "})

# Signatures of what people upload by mistake: offset, bytes, and its name in a sentence.
_NOT_VIDEOS = (
    (0, b"\xff\xd8\xff", "a JPEG picture"),
    (0, b"\x89PNG\r\n\x1a\n", "a PNG picture"),
    (0, b"GIF8", "a GIF picture"),
    (0, b"BM", "a BMP picture"),
    (0, b"II*\x00", "a TIFF picture"),
    (0, b"MM\x00*", "a TIFF picture"),
    (0, b"%PDF-", "a PDF document"),
    (0, b"PK\x03\x04", "a ZIP archive or an office document"),
    (0, b"Rar!", "a RAR archive"),
    (0, b"7z\xbc\xaf\x27\x1c", "a 7z archive"),
    (0, b"\x1f\x8b", "a compressed archive"),
    (0, b"ID3", "an MP3 recording"),
    (0, b"fLaC", "a FLAC recording"),
    (0, b"\x7fELF", "a program"),
    (0, b"MZ", "a program"),
    (0, b"#EXTM3U", "a playlist"),
    (0, b"ffconcat", "a playlist"),
)
_OTHER_VIDEOS = (
    (0, b"FLV\x01", "Flash video"),
    (0, b"\x30\x26\xb2\x75\x8e\x66\xcf\x11", "Windows Media video"),
    (0, b"\x00\x00\x01\xba", "an MPEG program stream"),
    (0, b"\x00\x00\x01\xb3", "a bare MPEG stream"),
    (0, b"OggS", "Ogg"),
    (0, b".RMF", "RealMedia"),
)


@dataclass(frozen=True, slots=True)
class Container:
    """A container format that the worker opens."""

    name: str  # mp4, avi or matroska


def sniff(head: bytes) -> Container | Cause:
    """The container that a file's first bytes announce, or why it is not taken. `head`: up to HEAD_BYTES bytes."""
    if not head:
        return Cause("EMPTY_FILE", "The file is empty.")
    if head[:4] == b"RIFF" and head[8:12] in (b"AVI ", b"AVIX"):
        return Container("avi")
    if head[:4] == b"\x1aE\xdf\xa3":
        return Container("matroska")
    if head[4:8] in _ISO_MEDIA:
        return _iso_media(head)
    for offset, signature, name in _OTHER_VIDEOS:
        if head.startswith(signature, offset):
            return Cause("UNSUPPORTED", f"This is {name}; please upload MP4, MOV, WebM, MKV, 3GP or AVI.")
    if len(head) > 376 and head[0] == head[188] == head[376] == 0x47:
        return Cause("UNSUPPORTED", "This is an MPEG transport stream; please upload MP4, MOV, WebM, MKV, 3GP or AVI.")
    for offset, signature, name in _NOT_VIDEOS:
        if head.startswith(signature, offset):
            return Cause("NOT_A_VIDEO", f"This is {name}, not a video.")
    if head[:4] == b"RIFF":
        kind = {b"WAVE": "a WAV recording", b"WEBP": "a WebP picture"}.get(head[8:12], "an unknown RIFF file")
        return Cause("NOT_A_VIDEO", f"This is {kind}, not a video.")
    if _is_text(head):
        return Cause("NOT_A_VIDEO", "This is a text file, not a video.")
    return Cause("NOT_A_VIDEO", "The file does not start like any video that we know.")


def _iso_media(head: bytes) -> Container | Cause:
    brand = head[8:12] if head[4:8] == b"ftyp" else b""
    if brand in _STILL_BRANDS:
        return Cause("NOT_A_VIDEO", "This is a HEIF or AVIF picture, not a video.")
    if brand in _AUDIO_BRANDS:
        return Cause("NOT_A_VIDEO", "This is an audio recording, not a video.")
    return Container("mp4")


def _is_text(head: bytes) -> bool:
    try:
        text = head.decode()
    except UnicodeDecodeError as error:
        # A multi-byte character may be cut at the end of what was read.
        if error.start < len(head) - 4:
            return False
        text = head[: error.start].decode()
    return all(character.isprintable() or character in "\r\n\t\f\ufeff" for character in text)
