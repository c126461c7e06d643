"""The sport's arithmetic: seven marks to one score (World Aquatics diving rules, D 8 and D 10).

Seven judges mark 0 to 10 in halves; the two highest and the two lowest marks are dropped; the sum of the three that
stay is the execution, 0 to 30; the score is execution x difficulty.
"""

from collections.abc import Sequence

JUDGES = 7
MAX_MARK = 10.0
MAX_EXECUTION = 30.0


def execution_of(marks: Sequence[float]) -> float:
    """Sum of the three middle marks of seven; ValueError when they are not seven halves from 0 to 10."""
    if len(marks) != JUDGES:
        raise ValueError(f"{len(marks)} marks given; seven judges mark a dive.")
    for mark in marks:
        if not 0 <= mark <= MAX_MARK or (2 * mark) % 1:
            raise ValueError(f"{mark} is not a mark; marks run from 0 to 10 in halves.")
    return sum(sorted(marks)[2:-2])


def score_of(execution: float, difficulty: float) -> float:
    """Points of a dive, rounded to hundredths."""
    return round(execution * difficulty, 2)
