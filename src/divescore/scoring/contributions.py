"""How much of the score each stretch of the video brought in."""

from collections.abc import Sequence

from divescore.estimate import apportioned
from divescore.result import Segment


def contributions(
    shares: Sequence[float], score: float, seconds: float, ends: Sequence[float] | None = None
) -> list[Segment]:
    """`shares` of stretches of a video scaled to `score`, in hundredths that add up to it (see `apportioned`).

    `ends`: where each stretch ends, 0..1 of `seconds`; None for stretches of equal length.
    """
    bounds = [0.0, *(ends or [(i + 1) / len(shares) for i in range(len(shares))])]
    return [
        Segment(start=round(bounds[i] * seconds, 3), end=round(bounds[i + 1] * seconds, 3), contribution=part)
        for i, part in enumerate(apportioned(shares, score))
    ]
