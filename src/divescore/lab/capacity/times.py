"""Service times: distributions that a simulation draws from, all of one seeded source of chance."""

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from random import Random
from typing import Protocol


class Times(Protocol):
    """Something that takes time, in seconds."""

    @property
    def mean(self) -> float:
        """What it takes on average."""

    def draw(self, chance: Random) -> float:
        """What it takes this time."""


@dataclass(frozen=True)
class Always:
    """The same every time."""

    seconds: float

    @property
    def mean(self) -> float:
        """What it takes on average."""
        return self.seconds

    def draw(self, chance: Random) -> float:  # noqa: ARG002 - there is no chance in it
        """What it takes this time."""
        return self.seconds


@dataclass(frozen=True)
class Measured:
    """Drawn from what was measured, each value as likely as it was; `scale` and `more` make v into v * scale + more."""

    values: Sequence[float]
    scale: float = 1.0
    more: float = 0.0

    def __post_init__(self) -> None:
        if not self.values:
            raise ValueError("nothing was measured")

    @property
    def mean(self) -> float:
        """What it takes on average."""
        return sum(self.values) / len(self.values) * self.scale + self.more

    def draw(self, chance: Random) -> float:
        """What it takes this time."""
        return self.values[int(chance.random() * len(self.values))] * self.scale + self.more


@dataclass(frozen=True)
class Quantiles:
    """Drawn from a few quantiles, evenly between neighbours: `points` are (share of all, seconds), from 0 to 1."""

    points: Sequence[tuple[float, float]]
    scale: float = 1.0
    more: float = 0.0

    @property
    def mean(self) -> float:
        """What it takes on average."""
        pairs = zip(self.points, self.points[1:], strict=False)
        return sum((b - a) * (low + high) / 2 for (a, low), (b, high) in pairs) * self.scale + self.more

    def draw(self, chance: Random) -> float:
        """What it takes this time."""
        share = chance.random()
        index = max(1, bisect_left(self.points, (share, 0.0)))
        (a, low), (b, high) = self.points[index - 1], self.points[min(index, len(self.points) - 1)]
        value = low if b == a else low + (high - low) * (share - a) / (b - a)
        return value * self.scale + self.more
