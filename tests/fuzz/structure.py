"""Structures of real containers multiplied, nested, resized and moved, read as the decoder reads them first.

python -m tests.fuzz.structure --seconds 300
"""

import random
import re
import struct
import sys
import tempfile
import time
import tracemalloc
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import NoReturn

from divescore.containers import HEAD_BYTES, Container, sniff
from divescore.video.errors import VideoRejected
from divescore.video.structure import read_structure, unread_share
from tests.fuzz.video import command_line, finish, seeds

MOST_BYTES = 64 << 20
MOST_SECONDS = 0.5
LARGEST = 16 << 20
"""Of the files that are made; the largest that are taken are measured in unit/video/test_structure.py."""
_NAMES = re.compile(rb"moov|trak|mdia|minf|stbl|stsd|hdlr|moof|mdat|free|LIST|strl|strh|strf|JUNK|idx1|hdrl|movi")
_IDS = re.compile(rb"\x18\x53\x80\x67|\x16\x54\xae\x6b|\xae|\xe0|\x1f\x43\xb6\x75|\xec|\x1c\x53\xbb\x6b")
_SIZES = (0, 1, 7, 8, 9, 16, 0xFF, 0xFFFF, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFE, 0xFFFFFFFF)

Change = Callable[[bytes, random.Random], bytes]


@dataclass
class Found:
    """What became of the files; the last three must stay 0."""

    files: int = 0
    read: int = 0
    refused: int = 0
    exceptions: int = 0
    slow: int = 0
    large: int = 0

    @property
    def sound(self) -> bool:
        """Whether the structure was read within its bounds."""
        return self.exceptions == self.slow == self.large == 0


def _place(content: bytes, chance: random.Random) -> int:
    places = [found.start() for found in (*_NAMES.finditer(content), *_IDS.finditer(content, 0, 4096))]
    return chance.choice(places) if places else chance.randrange(len(content))


def _part(content: bytes, chance: random.Random) -> tuple[int, int]:
    """Where a box, chunk or element begins and ends, as far as a glance can tell."""
    place = _place(content, chance)
    before = max(place - 4, 0)
    (big,), (little,) = (
        struct.unpack(">I", content[before : before + 4].ljust(4)),
        struct.unpack("<I", content[place + 4 : place + 8].ljust(4)),
    )
    if 8 <= big <= len(content):
        return before, min(before + big, len(content))
    return place, min(place + 8 + (little if little < len(content) else 32), len(content))


def _multiply(content: bytes, chance: random.Random) -> bytes:
    start, end = _part(content, chance)
    part = content[start:end]
    times = min(chance.choice((2, 20, 1000, 100_000)), LARGEST // max(len(part), 1))
    return content[:end] + part * times + content[end:]


def _nest(content: bytes, chance: random.Random) -> bytes:
    start, end = _part(content, chance)
    inner = content[start:end]
    for _ in range(chance.choice((1, 5, 200))):
        inner = struct.pack(">I4s", len(inner) + 8, chance.choice((b"moov", b"trak", b"mdia", b"stbl"))) + inner
    return content[:start] + inner + content[end:]


def _resize(content: bytes, chance: random.Random) -> bytes:
    place = _place(content, chance)
    at = max(place + chance.choice((-4, 4, 1)), 0)
    return content[:at] + struct.pack(chance.choice((">I", "<I")), chance.choice(_SIZES)) + content[at + 4 :]


def _move(content: bytes, chance: random.Random) -> bytes:
    start, end = _part(content, chance)
    rest = content[:start] + content[end:]
    place = chance.randrange(len(rest) + 1)
    return rest[:place] + content[start:end] + rest[place:]


def _cut(content: bytes, chance: random.Random) -> bytes:
    return content[: chance.randrange(16, max(len(content), 17))]


_CHANGES: tuple[Change, ...] = (_multiply, _nest, _resize, _resize, _move, _cut)


def fuzz(seconds: float, seed: int) -> Found:
    """Read changed structures for `seconds` and count what became of them."""
    chance, found = random.Random(seed), Found()
    with tempfile.TemporaryDirectory() as folder:
        originals = seeds(Path(folder))
    ends = time.monotonic() + seconds
    while time.monotonic() < ends:
        content = chance.choice(originals)
        for _ in range(chance.choice((1, 2, 4))):
            content = chance.choice(_CHANGES)(content, chance)[: 2 * LARGEST]
        _try(content, found)
    return found


def _try(content: bytes, found: Found) -> None:
    container = sniff(content[:HEAD_BYTES])
    if not isinstance(container, Container):
        return
    found.files += 1
    tracemalloc.start()
    began = time.thread_time()
    try:
        read_structure(content, container.value)
        unread_share(content, container.value, len(content) // 2)
        found.read += 1
    except VideoRejected:
        found.refused += 1
    except Exception as error:  # any other would cost the worker an attempt, which is what is looked for
        found.exceptions += 1
        print(f"file {found.files}: {error!r}", file=sys.stderr)  # noqa: T201 - a finding
    spent, (_, peak) = time.thread_time() - began, tracemalloc.get_traced_memory()
    tracemalloc.stop()
    # Tracing makes it several times slower, which is left as margin for a slow machine.
    found.slow += spent > 4 * MOST_SECONDS
    found.large += peak > MOST_BYTES


def main() -> NoReturn:
    """Fuzz and print the counts."""
    options = command_line(__doc__).parse_args()
    found = fuzz(options.seconds, options.seed)
    finish(asdict(found), options.json, found.sound)


if __name__ == "__main__":
    main()
