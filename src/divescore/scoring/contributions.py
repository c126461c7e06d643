"""How much of the score each stretch of the video brought in."""

from collections.abc import Sequence

from divescore.estimate import apportioned
from divescore.result import Segment


def contributions(
    shares: Sequence[float], score: float, start: float, end: float, ends: Sequence[float] | None = None
) -> list[Segment]:
    """`shares` of stretches of a video, from `start` to `end` seconds, scaled to `score` (see `apportioned`).

    `ends`: where each stretch ends, 0..1 of that time; None for stretches of equal length.
    """
    bounds = [0.0, *(ends or [(i + 1) / len(shares) for i in range(len(shares))])]
    moments = [start + bound * (end - start) for bound in bounds]
    return [
        Segment(start=round(moments[i], 3), end=round(moments[i + 1], 3), contribution=part)
        for i, part in enumerate(apportioned(shares, score))
    ]
