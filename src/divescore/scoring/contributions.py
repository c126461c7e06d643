"""How much of the score each stretch of the video brought in."""

from collections.abc import Sequence

from divescore.scoring.result import Segment


def contributions(shares: Sequence[float], score: float, seconds: float) -> list[Segment]:
    """`shares` (execution points by equal stretch of `seconds`) scaled to `score`, in hundredths that add up to it.

    Rounded by largest remainder, so that no stretch is off by more than a hundredth.
    """
    total = sum(shares)
    hundredths = round(100 * score)
    exact = [100 * score * share / total if total > 0 else 100 * score / len(shares) for share in shares]
    floors = [int(value) for value in exact]
    by_remainder = sorted(range(len(exact)), key=lambda i: exact[i] - floors[i], reverse=True)
    for i in by_remainder[: hundredths - sum(floors)]:
        floors[i] += 1
    step = seconds / len(shares)
    return [
        Segment(start=round(i * step, 3), end=round((i + 1) * step, 3), contribution=value / 100)
        for i, value in enumerate(floors)
    ]
