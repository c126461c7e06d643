"""ISO media files (MP4, MOV, 3GP): boxes within boxes, as ISO/IEC 14496-12 has them."""

import struct
from collections.abc import Iterator

from divescore.video.parts import Structure, Walk

_HEAD = struct.Struct(">I4s")
_LARGE = struct.Struct(">Q")
_SIZE = struct.Struct(">HH")
_SKIMMED = 1 << 16
_SIZE_OFFSET = 8 + 32
"""Of width and height in the content of `stsd`: after its flags and count, in the first entry."""


def read(walk: Walk) -> Structure:
    """Sizes of the picture tracks in the first `moov`; the file should reach to the end of its last box."""
    found = Structure()
    seen = False
    for kind, begin, end in _boxes(walk, 0, len(walk.data), whole=False):
        found.promised = max(found.promised, end)
        if kind == b"moov" and not seen:
            seen = True
            found.sizes = _movie(walk, begin, min(end, len(walk.data)))
    return found


def _movie(walk: Walk, begin: int, end: int) -> list[tuple[int, int]] | None:
    sizes: list[tuple[int, int]] = []
    handlers: set[bytes] = set()
    for kind, first, last in _boxes(walk, begin, end):
        if kind == b"trak":
            walk.track()
            handler, size = _track(walk, first, last)
            handlers.add(handler)
            if handler == b"vide":
                sizes.append(size)
    if not handlers:
        # Not even a track can be made out; what the words say that lie there is better than nothing.
        words = walk.data[begin : min(end, begin + _SKIMMED)]
        handlers = {word for word in (b"vide", b"soun") if word in words}
    return sizes if sizes or handlers & {b"vide", b"soun"} == {b"soun"} else None


def _track(walk: Walk, begin: int, end: int) -> tuple[bytes, tuple[int, int]]:
    """A track's handler, and width and height of its first kind of picture, (0, 0) where none is described."""
    handler, size = b"", (0, 0)
    inside = {b"mdia", b"minf", b"stbl"}
    ranges = [(begin, end)]
    while ranges:
        for kind, first, last in _boxes(walk, *ranges.pop()):
            if kind in inside:
                inside.discard(kind)  # there is one of each; a second one is not looked into
                ranges.append((first, last))
            elif kind == b"hdlr" and not handler:
                handler = walk.data[first + 8 : first + 12]
            elif kind == b"stsd" and last - first >= _SIZE_OFFSET + _SIZE.size:
                size = _SIZE.unpack(walk.data[first + _SIZE_OFFSET : first + _SIZE_OFFSET + _SIZE.size])
    return handler, size


def _boxes(walk: Walk, position: int, end: int, *, whole: bool = True) -> Iterator[tuple[bytes, int, int]]:
    """Type of every box in a range, and where its content begins and ends: within the range if `whole`."""
    while position + 8 <= end:
        walk.step()
        size, kind = _HEAD.unpack(walk.data[position : position + 8])
        begin = position + 8
        if size == 1 and position + 16 <= end:
            (size,) = _LARGE.unpack(walk.data[begin : begin + 8])
            begin += 8
        elif size == 0:
            size = end - position
        if size < 8:
            return
        yield kind, begin, min(position + size, end) if whole else position + size
        position += size
