"""How much of the score each stretch of the video brought in."""

import math
from collections.abc import Sequence

from divescore.result import Segment


def contributions(
    shares: Sequence[float], score: float, seconds: float, ends: Sequence[float] | None = None
) -> list[Segment]:
    """`shares` of stretches of a video scaled to `score`, in hundredths that add up to it.

    `ends`: where each stretch ends, 0..1 of `seconds`; None for stretches of equal length. Rounded by largest
    remainder, so that no stretch is off by more than a hundredth. Shares may be negative; without a positive sum there
    is nothing to scale, and all get the same.
    """
    total = sum(shares)
    hundredths = round(100 * score)
    exact = [100 * score * share / total if total > 0 else 100 * score / len(shares) for share in shares]
    floors = [math.floor(value) for value in exact]
    by_remainder = sorted(range(len(exact)), key=lambda i: exact[i] - floors[i], reverse=True)
    for i in by_remainder[: hundredths - sum(floors)]:
        floors[i] += 1
    bounds = [0.0, *(ends or [(i + 1) / len(shares) for i in range(len(shares))])]
    return [
        Segment(start=round(bounds[i] * seconds, 3), end=round(bounds[i + 1] * seconds, 3), contribution=value / 100)
        for i, value in enumerate(floors)
    ]
