"""What a file is, by its own bytes, and the one demuxer that may read it.

Signatures: ISO/IEC 14496-12 (`ftyp`), RIFF AVI, Matroska/WebM (EBML magic, DocType).
"""

_TOP_LEVEL_BOXES = (b"ftyp", b"moov", b"mdat", b"free", b"skip", b"wide", b"pnot")
_STILL_OR_SOUND = (b"avif", b"heic", b"heix", b"mif1", b"M4A ", b"M4B ")

DEMUXERS = {"avi": "avi", "mp4": "mov", "mov": "mov", "3gp": "mov", "webm": "matroska", "mkv": "matroska"}
"""FFmpeg's demuxer of each container. Set by name, so that no playlist, script or network format is ever tried."""


def sniff_format(head: bytes) -> str | None:
    """Name of the container that `head`, the first bytes of a file, opens; None when it is not a known video."""
    if head[:4] == b"RIFF" and head[8:12] == b"AVI ":
        return "avi"
    if head[:4] == b"\x1a\x45\xdf\xa3":
        return "webm" if b"webm" in head[:64] else "mkv"
    if head[4:8] == b"ftyp":
        brand = head[8:12]
        if brand == b"qt  ":
            return "mov"
        # Still pictures share the container; a decoder would show one frame at best.
        if brand in _STILL_OR_SOUND:
            return None
        return "3gp" if brand[:2] == b"3g" else "mp4"
    if head[4:8] in _TOP_LEVEL_BOXES:
        return "mov"
    return None
