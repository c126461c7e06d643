"""Matroska and WebM: EBML elements, as RFC 8794 and RFC 9559 have them."""

from collections.abc import Iterator

from divescore.video.parts import Structure, Walk

_SEGMENT, _TRACKS, _TRACK, _CLUSTER, _VIDEO = 0x18538067, 0x1654AE6B, 0xAE, 0x1F43B675, 0xE0
_TRACK_TYPE, _CODEC, _WIDTH, _HEIGHT = 0x83, 0x86, 0xB0, 0xBA

Span = tuple[int, int]


def read(walk: Walk) -> Structure:
    """Sizes of the pictures by the tracks of the first segment that has some; the file should reach to its end."""
    found = Structure()
    for name, start, end, known in _elements(walk, 0, len(walk.data)):
        if name != _SEGMENT:
            continue
        found.promised = start + known if known is not None else end
        if found.sizes is None:
            found.sizes = _segment(walk, start, end)
    return found


def _segment(walk: Walk, start: int, end: int) -> list[tuple[int, int]] | None:
    sizes: list[tuple[int, int]] = []
    sound = False
    for name, first, last, _ in _elements(walk, start, end):
        if name == _CLUSTER and (sizes or sound):
            break
        if name != _TRACKS:
            continue
        for inner, begin, stop, _ in _elements(walk, first, last):
            if inner != _TRACK:
                continue
            walk.track()
            fields = {name: (a, b) for name, a, b, _ in _elements(walk, begin, stop)}
            kind = _value(walk, fields.get(_TRACK_TYPE))
            sound = sound or kind == 2
            if kind == 1 or _text(walk, fields.get(_CODEC)).startswith(b"V_"):
                video = {name: (a, b) for name, a, b, _ in _elements(walk, *fields.get(_VIDEO, (0, 0)))}
                sizes.append((_value(walk, video.get(_WIDTH)), _value(walk, video.get(_HEIGHT))))
    return sizes if sizes or sound else None


def _elements(walk: Walk, position: int, end: int) -> Iterator[tuple[int, int, int, int | None]]:
    """Id, first and last byte of the content, and declared size (None: unknown) of the elements in a range."""
    while position < end:
        walk.step()
        head = walk.data[position : position + 16]
        name, taken = _number(head, 0, keep_marker=True)
        size, after = _number(head, taken, keep_marker=False)
        if name < 0 or size < 0:
            return
        unknown = size == (1 << (7 * (after - taken))) - 1
        start = position + after
        content_end = end if unknown else min(start + size, end)
        yield name, start, content_end, None if unknown else size
        position = content_end


def _number(head: bytes, position: int, *, keep_marker: bool) -> tuple[int, int]:
    """An EBML number and the position after it; -1 where there is none."""
    first = head[position] if 0 <= position < len(head) else 0
    length = 9 - first.bit_length()
    if length > 8 or position + length > len(head):
        return -1, position
    value = int.from_bytes(head[position : position + length], "big")
    return (value if keep_marker else value & ((1 << (7 * length)) - 1)), position + length


def _value(walk: Walk, span: Span | None) -> int:
    return int.from_bytes(_text(walk, span), "big")


def _text(walk: Walk, span: Span | None) -> bytes:
    return walk.data[span[0] : min(span[1], span[0] + 64)] if span else b""
