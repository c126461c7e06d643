"""What a file is, by its own bytes: container format, and whether it declares a picture at all.

Signatures: ISO/IEC 14496-12 (`ftyp`, handler `vide`), RIFF AVI (`vids` stream headers), Matroska/WebM (EBML magic,
DocType, track type 1).
"""

from pathlib import Path
from typing import BinaryIO

_HEAD_BYTES = 64 * 1024
_MOOV_BYTES = 16 * 1024 * 1024
_TOP_LEVEL_BOXES = (b"ftyp", b"moov", b"mdat", b"free", b"skip", b"wide", b"pnot")


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
        if brand in (b"avif", b"heic", b"heix", b"mif1", b"M4A "):
            return None
        return "3gp" if brand[:2] == b"3g" else "mp4"
    if head[4:8] in _TOP_LEVEL_BOXES:
        return "mov"
    return None


def declares_picture(path: Path, container: str) -> bool:
    """Whether the headers name a video track; True when they cannot be read, so that the decoder decides."""
    with path.open("rb") as file:
        if container == "avi":
            head = file.read(_HEAD_BYTES)
            return b"vids" in head or b"auds" not in head
        if container in ("webm", "mkv"):
            head = file.read(_HEAD_BYTES)
            # CodecID element 0x86; every picture codec's id begins with "V_".
            return b"V_" in head or b"A_" not in head
        moov = _movie_box(file)
    return moov is None or b"vide" in moov or b"soun" not in moov


def _movie_box(file: BinaryIO) -> bytes | None:
    position = 0
    while True:
        file.seek(position)
        header = file.read(16)
        if len(header) < 8:
            return None
        size = int.from_bytes(header[:4], "big")
        if size == 1 and len(header) == 16:
            size = int.from_bytes(header[8:16], "big")
        if header[4:8] == b"moov":
            file.seek(position)
            return file.read(min(max(size, 8), _MOOV_BYTES))
        if size < 8:
            return None
        position += size
