"""Spoiled films against the video layer for a bounded time.

    python -m tests.fuzz.video --seconds 300 --json

Real containers are mutated at random (reproducible with --seed) and sampled as any upload is. Whatever comes out must
be pictures or a VideoRejected, within the limits. A file that breaks this is kept in the folder of --keep.
"""

import argparse
import json
import random
import struct
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, NoReturn

from divescore.video.errors import VideoRejected
from divescore.video.limits import VideoLimits
from divescore.video.sampling import sample_frames
from divescore.video.sandbox import sandbox
from tests.corpus.writing import write_film

LIMITS = VideoLimits(decode_seconds=5.0, decode_memory=512 * 1024 * 1024)
GRACE_SECONDS = 3.0
"""What a busy machine may add to the time limit before a file counts as a hang."""
LIBRARY_BYTES = 128 * 1024 * 1024
"""Resident before anything is decoded, which the memory limit comes on top of."""

_SEEDS: tuple[tuple[str, str, dict[str, Any]], ...] = (
    ("h264.mp4", "libx264", {}),
    ("fragmented.mp4", "libx264", {"muxing": {"movflags": "frag_keyframe+empty_moov"}}),
    ("sound.mp4", "libx264", {"sound": "aac"}),
    ("hevc.mp4", "libx265", {"options": {"x265-params": "log-level=none:pools=1"}}),
    ("vp8.webm", "libvpx", {}),
    ("vp9.webm", "libvpx-vp9", {}),
    ("av1.webm", "libsvtav1", {"options": {"preset": "12", "svtav1-params": "lp=1"}}),
    ("mpeg4.avi", "mpeg4", {"options": {"bf": "2"}}),
    ("mjpeg.avi", "mjpeg", {}),
    ("mpeg2.mkv", "mpeg2video", {"container": "matroska"}),
    ("ffv1.mkv", "ffv1", {"container": "matroska"}),
    ("prores.mov", "prores_ks", {"pix_fmt": "yuv422p10le"}),
    ("png.mov", "png", {"pix_fmt": "rgba"}),
    ("h263.3gp", "h263", {"size": (176, 144)}),
)
_NASTY = (0, 1, 0x7F, 0xFF, 0x7FFF, 0xFFFF, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF, 0x10000)

Mutation = Callable[[bytearray, random.Random, list[bytes]], None]


@dataclass
class Counts:
    """What became of the files; the last three must stay 0."""

    seconds: float = 0.0
    seed: int = 0
    files: int = 0
    scored: int = 0
    rejected: dict[str, int] = field(default_factory=dict)
    decoder_crashes: int = 0
    slowest_seconds: float = 0.0
    peak_bytes: int = 0
    worker_crashes: int = 0
    hangs: int = 0
    over_the_limit: int = 0

    @property
    def sound(self) -> bool:
        """Whether the video layer held."""
        return self.worker_crashes == self.hangs == self.over_the_limit == 0


def _flip(content: bytearray, chance: random.Random, _others: list[bytes]) -> None:
    for _ in range(chance.choice((1, 3, 10, 100))):
        content[chance.randrange(len(content))] = chance.randrange(256)


def _overwrite(content: bytearray, chance: random.Random, _others: list[bytes]) -> None:
    for _ in range(chance.choice((1, 2, 5))):
        place = chance.randrange(max(len(content) - 8, 1))
        value = struct.pack(chance.choice((">I", "<I", ">Q")), chance.choice(_NASTY))
        content[place : place + len(value)] = value


def _head(content: bytearray, chance: random.Random, _others: list[bytes]) -> None:
    """Overwrite in the header, where the sizes are."""
    for _ in range(chance.choice((1, 3))):
        place = chance.randrange(min(len(content), 600))
        content[place : place + 4] = struct.pack(chance.choice((">I", "<I")), chance.choice(_NASTY))


def _cut(content: bytearray, chance: random.Random, _others: list[bytes]) -> None:
    del content[chance.randrange(16, len(content)) :]


def _drop(content: bytearray, chance: random.Random, _others: list[bytes]) -> None:
    place = chance.randrange(len(content))
    del content[place : place + chance.randrange(1, 200)]


def _repeat(content: bytearray, chance: random.Random, _others: list[bytes]) -> None:
    place, length = chance.randrange(len(content)), chance.randrange(1, 2000)
    content[place:place] = content[place : place + length] * chance.choice((1, 2, 20))


def _zero(content: bytearray, chance: random.Random, _others: list[bytes]) -> None:
    place = chance.randrange(len(content))
    length = min(chance.randrange(1, 4000), len(content) - place)
    content[place : place + length] = bytes(length)


def _splice(content: bytearray, chance: random.Random, others: list[bytes]) -> None:
    other = chance.choice(others)
    place, start = chance.randrange(len(content)), chance.randrange(len(other))
    content[place:] = other[start:]


_MUTATIONS: tuple[Mutation, ...] = (_flip, _overwrite, _head, _cut, _drop, _repeat, _zero, _splice)


def seeds(folder: Path) -> list[bytes]:
    """Real containers, small enough for many tries a second."""
    contents = []
    for name, codec, extra in _SEEDS:
        write_film(folder / name, codec, frames=24, **extra)
        contents.append((folder / name).read_bytes())
    return contents


def fuzz(seconds: float, seed: int, keep: Path | None = None) -> Counts:
    """Try mutated files for `seconds` and count what became of them."""
    chance = random.Random(seed)
    counts = Counts(seed=seed)
    codes: Counter[str] = Counter()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        originals = seeds(folder)
        path = folder / "upload"
        started = time.monotonic()
        while time.monotonic() - started < seconds:
            content = bytearray(chance.choice(originals))
            for _ in range(chance.choice((1, 1, 2, 4))):
                if len(content) > 16:
                    chance.choice(_MUTATIONS)(content, chance, originals)
            path.write_bytes(content)
            before = counts.worker_crashes + counts.hangs + counts.over_the_limit
            _try(path, counts, codes)
            if keep is not None and counts.worker_crashes + counts.hangs + counts.over_the_limit > before:
                keep.mkdir(parents=True, exist_ok=True)
                (keep / f"{seed}-{counts.files}").write_bytes(content)
        counts.seconds = round(time.monotonic() - started, 1)
    counts.rejected = dict(codes.most_common())
    return counts


def _try(path: Path, counts: Counts, codes: Counter[str]) -> None:
    counts.files += 1
    started = time.monotonic()
    try:
        sample_frames(path, 16, (32, 24), LIMITS)
        counts.scored += 1
    except VideoRejected as error:
        codes[error.code.value] += 1
        counts.decoder_crashes += "broke off" in error.message
    except Exception as error:  # anything else would have cost the worker an attempt, which is what is looked for
        counts.worker_crashes += 1
        print(f"file {counts.files}: {error!r}", file=sys.stderr)  # noqa: T201 - a finding
    spent, peak = time.monotonic() - started, sandbox().peak_bytes()
    counts.slowest_seconds = round(max(counts.slowest_seconds, spent), 3)
    counts.peak_bytes = max(counts.peak_bytes, peak)
    counts.hangs += spent > LIMITS.decode_seconds + GRACE_SECONDS
    counts.over_the_limit += peak > LIMITS.decode_memory + LIBRARY_BYTES


def command_line(description: str | None) -> argparse.ArgumentParser:
    """The options of every fuzzer; its description is the first line of a module's docstring."""
    parser = argparse.ArgumentParser(description=(description or "").splitlines()[0])
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--json", action="store_true", help="print one JSON document")
    return parser


def finish(counts: dict[str, Any], as_json: bool, sound: bool) -> NoReturn:
    """Print the counts; exits with 1 when what was fuzzed did not hold."""
    if as_json:
        print(json.dumps(counts, indent=2))  # noqa: T201 - the product
    else:
        for name, value in counts.items():
            print(f"{name:16} {value}")  # noqa: T201 - the product
    sys.exit(0 if sound else 1)


def main() -> NoReturn:
    """Fuzz and print the counts."""
    parser = command_line(__doc__)
    parser.add_argument("--keep", type=Path, help="folder for files that broke something")
    options = parser.parse_args()
    counts = fuzz(options.seconds, options.seed, options.keep)
    finish(asdict(counts), options.json, counts.sound)


if __name__ == "__main__":
    main()
