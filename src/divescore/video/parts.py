"""Walking the parts that a container is made of: boxes, chunks or elements.

An attacker writes them too: each is looked at once, only so many of them, and none is copied or kept.
"""

import contextlib
import mmap
from dataclasses import dataclass, field

from divescore.video.errors import RejectionCode, VideoRejected

Bytes = bytes | mmap.mmap

MOST_PARTS = 65_536
"""Boxes, chunks or elements that are walked: a minute of film in a fragment a frame has a third of that."""
MOST_TRACKS = 200
_RELEASE_EVERY = 256
"""Each part that is looked at keeps a few pages of the file in memory."""


@dataclass
class Structure:
    """What the headers declare.

    `sizes`: width and height of every picture track; empty when there is sound only; None when they cannot be read,
    so that the demuxer decides. `promised`: bytes that the whole file should have, 0 if it does not say.
    """

    sizes: list[tuple[int, int]] | None = None
    promised: int = 0

    def missing_share(self, length: int) -> float:
        """Share of the promised bytes, 0 to 1, that lie beyond the end of a file of `length` bytes."""
        return max(0.0, 1.0 - length / self.promised) if self.promised else 0.0


@dataclass
class Walk:
    """One walk over a file's parts, which ends when there are too many of them."""

    data: Bytes
    parts: int = 0
    tracks: int = 0
    _length: int = field(init=False)

    def __post_init__(self) -> None:
        self._length = len(self.data)

    def step(self) -> None:
        """Another part. Raises VideoRejected when there are more than any film has."""
        self.parts += 1
        if self.parts > MOST_PARTS:
            raise VideoRejected(
                RejectionCode.DAMAGED,
                f"The file is made of more than {MOST_PARTS} parts, as no film is; export it again.",
            )
        if self.parts % _RELEASE_EVERY == 0:
            release(self.data)

    def track(self) -> None:
        """Another track. Raises VideoRejected when there are more than any film has."""
        self.tracks += 1
        if self.tracks > MOST_TRACKS:
            raise too_many_tracks()


def too_many_tracks() -> VideoRejected:
    """The rejection of a file whose tables alone take too much."""
    return VideoRejected(
        RejectionCode.UNSUPPORTED,
        f"The file holds too many tracks (at most {MOST_TRACKS}) or too large an index; "
        "export the video with one picture track.",
    )


def release(data: Bytes) -> None:
    """Let go of the pages of a mapped file, which would else count as ours."""
    if isinstance(data, mmap.mmap) and hasattr(mmap, "MADV_DONTNEED"):
        with contextlib.suppress(OSError, ValueError):  # a kind of mapping that has no pages to give back
            data.madvise(mmap.MADV_DONTNEED)
