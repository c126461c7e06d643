"""What a container's own structure says, read without a decoder: sizes of its pictures, and bytes that are missing.

Layouts: ISO/IEC 14496-12 (boxes, `stsd`), RIFF AVI (`strh`, `strf`), RFC 8794 and 9559 (EBML and Matroska elements).
"""

import mmap
import struct
from collections.abc import Iterator

Bytes = bytes | mmap.mmap

_HEAD_BYTES = 1024 * 1024
_MOOV_BYTES = 32 * 1024 * 1024
_SEGMENT, _TRACKS, _TRACK, _VIDEO = 0x18538067, 0x1654AE6B, 0xAE, 0xE0
_TRACK_TYPE, _CODEC, _WIDTH, _HEIGHT = 0x83, 0x86, 0xB0, 0xBA
_TAILS = {"avi": (b"idx1",), "webm": (b"\x1c\x53\xbb\x6b", b"\x12\x54\xc3\x67")}


def picture_sizes(data: Bytes, container: str) -> list[tuple[int, int]] | None:
    """Width and height of every picture track that the headers of `data`, a whole file, declare.

    Empty when they declare sound only; None when they cannot be read, so that the demuxer decides.
    """
    if container == "avi":
        return _avi_sizes(data[:_HEAD_BYTES])
    if container in ("webm", "mkv"):
        return _matroska_sizes(data)
    return _movie_sizes(data)


def missing_share(data: Bytes, container: str) -> float:
    """Share of the promised bytes, 0 to 1, that lie beyond the end of the file `data`: it was cut off."""
    if container == "avi":
        (size,) = struct.unpack("<I", data[4:8])
        promised = size + 8 if 0 < size < 2**32 - 1 else 0
    elif container in ("webm", "mkv"):
        promised = 0
        for name, start, end, known in _elements(data, 0, len(data)):
            if name == _SEGMENT:
                promised = start + known if known is not None else end
    else:
        promised = max((position + size for _, position, size in _boxes(data)), default=0)
    return max(0.0, 1.0 - len(data) / promised) if promised else 0.0


def unread_share(data: Bytes, container: str, read: int) -> float:
    """Share of the file `data` after byte `read` that should have held pictures: all but the index at the end."""
    tails = _TAILS.get("webm" if container == "mkv" else container)
    if tails is None:
        return 0.0
    found = [position for position in (data.find(tail, read) for tail in tails) if position >= 0]
    return max(0.0, (min(found, default=len(data)) - read) / len(data))


def _avi_sizes(head: bytes) -> list[tuple[int, int]] | None:
    sizes: list[tuple[int, int]] = []
    streams = 0
    position = head.find(b"strh")
    while position >= 0:
        streams += 1
        form = head.find(b"strf", position)
        if head[position + 8 : position + 12] == b"vids" and form >= 0 and len(head) >= form + 20:
            width, height = struct.unpack("<ii", head[form + 12 : form + 20])
            sizes.append((abs(width), abs(height)))
        position = head.find(b"strh", position + 4)
    return sizes if streams else None


def _boxes(data: Bytes) -> Iterator[tuple[bytes, int, int]]:
    """Type, position and size of every top-level box; a size may reach beyond the end."""
    position = 0
    while position + 8 <= len(data):
        size, kind = struct.unpack(">I4s", data[position : position + 8])
        if size == 1 and position + 16 <= len(data):
            (size,) = struct.unpack(">Q", data[position + 8 : position + 16])
        elif size == 0:
            size = len(data) - position
        if size < 8:
            return
        yield kind, position, size
        position += size


def _movie_sizes(data: Bytes) -> list[tuple[int, int]] | None:
    for kind, position, size in _boxes(data):
        if kind == b"moov":
            movie = data[position : position + min(size, _MOOV_BYTES)]
            break
    else:
        return None
    if b"hdlr" not in movie:
        return None
    sizes: list[tuple[int, int]] = []
    for track in movie.split(b"trak")[1:]:
        if b"vide" not in track:
            continue
        entry = track.find(b"stsd") + 12
        if 12 <= entry <= len(track) - 36:
            width, height = struct.unpack(">HH", track[entry + 32 : entry + 36])
            sizes.append((width, height))
        else:
            sizes.append((0, 0))
    return sizes if sizes or b"soun" in movie else None


def _elements(data: Bytes, position: int, end: int) -> Iterator[tuple[int, int, int, int | None]]:
    """Id, first and last byte of the content, and declared size (None: unknown) of the elements in a range."""
    while position < end:
        name, position = _number(data, position, keep_marker=True)
        size, after = _number(data, position, keep_marker=False)
        if name < 0 or size < 0:
            return
        unknown = size == (1 << (7 * (after - position))) - 1
        content_end = end if unknown else min(after + size, end)
        yield name, after, content_end, None if unknown else size
        position = content_end


def _number(data: Bytes, position: int, *, keep_marker: bool) -> tuple[int, int]:
    """An EBML number and the position after it; -1 where there is none."""
    first = data[position] if position < len(data) else 0
    length = 9 - first.bit_length()
    if length > 8 or position + length > len(data):
        return -1, position
    value = int.from_bytes(data[position : position + length], "big")
    return (value if keep_marker else value & ((1 << (7 * length)) - 1)), position + length


def _matroska_sizes(data: Bytes) -> list[tuple[int, int]] | None:
    tracks = [
        track
        for name, start, end, _ in _elements(data, 0, len(data))
        if name == _SEGMENT
        for inner, first, last, _ in _elements(data, start, end)
        if inner == _TRACKS
        for track in _elements(data, first, last)
        if track[0] == _TRACK
    ]
    if not tracks:
        return None
    sizes: list[tuple[int, int]] = []
    sound = False
    for _, start, end, _ in tracks:
        fields = {name: (first, last) for name, first, last, _ in _elements(data, start, end)}
        sound = sound or _value(data, fields.get(_TRACK_TYPE)) == 2
        picture = _value(data, fields.get(_TRACK_TYPE)) == 1 or _text(data, fields.get(_CODEC)).startswith(b"V_")
        if picture:
            video = {name: (first, last) for name, first, last, _ in _elements(data, *fields.get(_VIDEO, (0, 0)))}
            sizes.append((_value(data, video.get(_WIDTH)), _value(data, video.get(_HEIGHT))))
    return sizes if sizes or sound else None


def _value(data: Bytes, span: tuple[int, int] | None) -> int:
    return int.from_bytes(_text(data, span), "big")


def _text(data: Bytes, span: tuple[int, int] | None) -> bytes:
    return data[span[0] : min(span[1], span[0] + 64)] if span else b""
