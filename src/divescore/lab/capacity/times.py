"""Service times: the same every time, or drawn from a distribution with a seeded source of chance."""

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from random import Random


@dataclass(frozen=True)
class Quantiles:
    """Seconds of a few quantiles, and evenly between neighbours: `points` are (share of all, seconds), from 0 to 1."""

    points: Sequence[tuple[float, float]]
    scale: float = 1.0  # all of them take so many times longer

    @property
    def mean(self) -> float:
        """What it takes on average."""
        pairs = zip(self.points, self.points[1:], strict=False)
        return sum((b - a) * (low + high) / 2 for (a, low), (b, high) in pairs) * self.scale

    def draw(self, chance: Random) -> float:
        """What it takes this time."""
        share = chance.random()
        index = max(1, bisect_left(self.points, (share, 0.0)))
        (a, low), (b, high) = self.points[index - 1], self.points[min(index, len(self.points) - 1)]
        value = low if b == a else low + (high - low) * (share - a) / (b - a)
        return value * self.scale


Times = float | Quantiles


def draw(times: Times, chance: Random) -> float:
    """Seconds that something takes this time."""
    return times.draw(chance) if isinstance(times, Quantiles) else times
