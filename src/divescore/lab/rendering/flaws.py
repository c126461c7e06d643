"""What goes wrong in a dive, and what it costs.

Each flaw runs from 0 (none) to 1 (as bad as it gets) and takes its share of the 30 points of execution; what is left
is what an ideal panel would give. The costs follow the order in which judges are told to weigh a dive (entry first,
then flight, then take-off).
"""

from dataclasses import dataclass, fields

import numpy as np

from divescore.judging import JUDGES, MAX_EXECUTION, execution_of

COSTS = {"angle": 9.0, "splash": 8.0, "legs": 4.0, "shape": 3.0, "height": 3.0, "distance": 2.0, "axis": 3.0}

# Twentieths of the distribution of execution in real finals (1,412 dives); the few failed dives are lifted off zero.
REAL_EXECUTIONS = (
    *(2.0, 12.5, 15.5, 17.0, 18.5, 19.5, 20.0, 21.0, 21.0, 22.0, 22.5),
    *(22.5, 23.0, 23.5, 24.0, 24.0, 24.5, 25.5, 25.5, 27.0, 29.0),
)
_JUDGE_DEVIATION = 0.32
"""Mean deviation of seven real judges from each other, in marks."""


@dataclass(frozen=True)
class Flaws:
    """How much of each flaw a dive has, 0..1."""

    angle: float = 0.0
    """Body off the vertical at entry."""
    splash: float = 0.0
    legs: float = 0.0
    """Knees bent, legs apart."""
    shape: float = 0.0
    """A loose tuck, an open pike, an arched line."""
    height: float = 0.0
    """A weak take-off."""
    distance: float = 0.0
    """Too far from the platform, or dangerously near."""
    axis: float = 0.0
    """A body that leans sideways, an arm that fights for balance, an unfinished twist."""

    @property
    def execution(self) -> float:
        """Points that are left of 30."""
        lost = sum(COSTS[flaw.name] * getattr(self, flaw.name) for flaw in fields(self))
        return max(MAX_EXECUTION - float(lost), 0.0)


def random_execution(rng: np.random.Generator, flat: float = 0.35) -> float:
    """An execution as in real finals; with probability `flat` uniform instead, so that rare ones are seen too."""
    if rng.random() < flat:
        return float(rng.uniform(3.0, 29.5))
    grid = np.linspace(0.0, 1.0, len(REAL_EXECUTIONS))
    return float(np.interp(rng.random(), grid, REAL_EXECUTIONS))


def random_flaws(rng: np.random.Generator, execution: float) -> Flaws:
    """Flaws at random that leave `execution` points, 0..30."""
    names = list(COSTS)
    costs = np.array([COSTS[name] for name in names])
    remaining = MAX_EXECUTION - execution
    amounts = np.zeros(len(names))
    while remaining > 1e-6:
        room = 1.0 - amounts
        shares = rng.dirichlet(np.full(len(names), 0.8)) * (room > 1e-9)
        taken = np.minimum(remaining * shares / costs, room)
        amounts += taken
        remaining -= float((taken * costs).sum())
        if not (room > 1e-6).any():
            break
    return Flaws(**{name: float(amount) for name, amount in zip(names, amounts, strict=True)})


def random_marks(rng: np.random.Generator, execution: float) -> tuple[list[float], float]:
    """Marks of seven judges for a dive worth `execution`, and the execution that these marks make."""
    noisy = execution / 3.0 + rng.normal(0.0, _JUDGE_DEVIATION, JUDGES)
    marks = [float(mark) for mark in np.clip(np.round(noisy * 2.0) / 2.0, 0.0, 10.0)]
    return marks, execution_of(marks)
