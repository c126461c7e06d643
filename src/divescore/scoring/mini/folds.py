"""The position of a dive by how hips and knees are folded in the middle of its flight."""

import numpy as np

from divescore.dives import Position
from divescore.scoring.mini.flight import Flight, Values
from divescore.scoring.mini.temporal import POSITIONS
from divescore.scoring.mini.turns import Turns

_MIDDLE = (0.2, 0.75)
"""Shares of the flight between which a body keeps its position longest."""
_SHARE = 0.6
"""Of the frames in which a joint is folded less than what counts: a body opens before it enters."""
_USUAL = {
    Position.TUCK: ((2.0, 0.45), (1.85, 0.5)),
    Position.PIKE: ((1.75, 0.5), (0.45, 0.4)),
    Position.STRAIGHT: ((0.4, 0.4), (0.3, 0.4)),
    Position.FREE: ((1.1, 0.9), (0.45, 0.5)),
}
"""Radians of hip and knee and their deviations, as the estimator sees them."""
_WRONG = 0.02
"""Of the likelihood: whatever the body did, it was seen wrongly."""


def positions_of(flight: Flight, turns: Turns) -> Values:
    """How likely each of `POSITIONS` is, adding up to 1; all alike where nothing was seen."""
    share = (flight.times - turns.take_off) / max(turns.entry - turns.take_off, 1e-3)
    inside = (share >= _MIDDLE[0]) & (share <= _MIDDLE[1]) & (flight.trust > 0.02)
    if inside.sum() < 3:
        return np.full(len(POSITIONS), 1.0 / len(POSITIONS))
    hip, knee = (float(np.quantile(angles[inside], _SHARE)) for angles in (flight.hip, flight.knee))
    likelihood = np.array([_density(hip, *_USUAL[p][0]) * _density(knee, *_USUAL[p][1]) for p in POSITIONS]) + _WRONG
    return np.asarray(likelihood / likelihood.sum())


def _density(value: float, middle: float, deviation: float) -> float:
    return float(np.exp(-0.5 * ((value - middle) / deviation) ** 2) / deviation)
