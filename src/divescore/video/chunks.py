"""AVI: a RIFF of lists and chunks, in which every `strh` describes a stream and the `strf` after it its pictures."""

import struct

from divescore.video.parts import Structure, Walk

_HEAD = struct.Struct("<4sI")
_SIZE = struct.Struct("<ii")
_UNKNOWN = 2**32 - 1


def read(walk: Walk) -> Structure:
    """Sizes of the pictures by the header list; the file should reach to the end of its last RIFF."""
    found = Structure(promised=_promised(walk))
    sizes: list[tuple[int, int]] = []
    pictures = False
    # Lists are entered as they come, whatever they are in, as demuxers do.
    position = 12
    while position + 8 <= len(walk.data):
        walk.step()
        name, size = _HEAD.unpack(walk.data[position : position + 8])
        content = position + 8
        if name == b"LIST":
            if walk.data[content : content + 4] == b"movi":
                break
            position = content + 4
            continue
        if name == b"strh":
            walk.track()
            pictures = walk.data[content : content + 4] == b"vids"
        elif name == b"strf" and pictures and content + 12 <= len(walk.data):
            width, height = _SIZE.unpack(walk.data[content + 4 : content + 12])
            sizes.append((abs(width), abs(height)))
            pictures = False
        position = content + size + size % 2
    found.sizes = sizes if walk.tracks else None
    return found


def _promised(walk: Walk) -> int:
    position = 0
    while position + 8 <= len(walk.data):
        walk.step()
        name, size = _HEAD.unpack(walk.data[position : position + 8])
        if name != b"RIFF" or size in (0, _UNKNOWN):
            break
        position += 8 + size
    return position
