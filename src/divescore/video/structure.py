"""What a container says of itself, read without a decoder: tracks, sizes of pictures, and how long it should be."""

from divescore.video import boxes, chunks, elements
from divescore.video.parts import Bytes, Structure, Walk, release

_WINDOW = 1 << 20
_TAILS = {
    "avi": (b"idx1",),
    # Cues, Tags, Attachments, Chapters.
    "mkv": (b"\x1c\x53\xbb\x6b", b"\x12\x54\xc3\x67", b"\x19\x41\xa4\x69", b"\x10\x43\xa7\x70"),
}


def read_structure(data: Bytes, container: str) -> Structure:
    """What the headers of `data`, a whole file, declare. Raises VideoRejected for more parts or tracks than a film."""
    walk = Walk(data)
    if container == "avi":
        return chunks.read(walk)
    if container in ("webm", "mkv"):
        return elements.read(walk)
    if container == "ts":
        return Structure()
    return boxes.read(walk)


def unread_share(data: Bytes, container: str, read: int) -> float:
    """Share of the file `data` after byte `read` that should have held pictures: all but the index at the end."""
    tails = _TAILS.get("mkv" if container == "webm" else container)
    if tails is None:
        return 0.0
    return max(0.0, (_first(data, tails, read) - read) / len(data))


def _first(data: Bytes, needles: tuple[bytes, ...], start: int) -> int:
    """Where the first of `needles` lies at or after `start`; the end of `data` when none does."""
    longest = max(map(len, needles))
    for begin in range(start, len(data), _WINDOW):
        window = data[begin : begin + _WINDOW + longest - 1]
        found = [place for place in map(window.find, needles) if place >= 0]
        release(data)
        if found:
            return begin + min(found)
    return len(data)
