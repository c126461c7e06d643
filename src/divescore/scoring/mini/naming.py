"""Which dive it is: one of those that exist, by the class heads, by the turns counted and by how usual it is."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from divescore.dives import Dive, Position, Rotation, parse_dive
from divescore.priors import BY_NUMBER, HOW_OFTEN
from divescore.scoring.mini.calibration import Calibration
from divescore.scoring.mini.sight import Sight
from divescore.scoring.mini.temporal import HALF_SOMERSAULTS, HALF_TWISTS, POSITIONS, ROTATIONS
from divescore.scoring.mini.turns import MOST, Turns

_STRAIGHT_UP_TO, _PLAIN = 4, 9
"""Half somersaults of dives in the straight position, and of any without a twist."""
_TWISTING = {
    "51": "11 12 21 22 24 26 31 32 34 36 38 51 52 54 56 58 71 72 74",
    "52": "11 12 21 22 23 25 27 31 33 35 37 39 51 53 55 57 71 73 75",
    "53": "11 12 21 22 23 25 27 31 33 35 37 39 51 53 55 57 71 73 75",
    "54": "11 12 21 22 32 34 36 52 54",
    "61": "22 24 42 44 52 54 62 64",
    "62": "21 41 43 45 47 61 63 65",
    "63": "21 23 41 43 45 61 63",
}
"""Half somersaults and half twists that the tables of difficulty list, by group and direction."""
_ARMSTAND = {"61": "1 2 4 6 8", "62": "1 2 3 4 6 7 8", "63": "1 2 3 4 6 7 8"}
_COMPETED = 0.2
"""How much likelier a dive is for each time that real competitions saw it."""
_LEAST_TRUST = 0.5
"""Of the class heads, on films that are like nothing that the network knows."""


@dataclass(frozen=True)
class Named:
    """The likeliest dive, and how likely it is."""

    dive: Dive
    sureness: float


@cache
def dives_that_exist() -> tuple[Dive, ...]:
    """All dives that are told apart here; flying ones count as what they become."""
    numbers = [f"{group}0{half}{letter}" for group in "1234" for half in range(1, _PLAIN + 1) for letter in "BC"]
    numbers += [f"{group}0{half}A" for group in "1234" for half in range(1, _STRAIGHT_UP_TO + 1)]
    for begins, turns in _TWISTING.items():
        numbers += [f"{begins}{turn}{letter}" for turn in turns.split() for letter in "ABD"]
    for begins, halves in _ARMSTAND.items():
        numbers += [f"{begins}{half}{letter}" for half in halves.split() for letter in "ABCD"]
    return tuple(parse_dive(number) for number in sorted({*numbers, *BY_NUMBER}))


def name_of(sight: Sight, calibration: Calibration) -> Named:
    """The dive that a clip most likely shows; the class heads count as far as the network knows such films."""
    trust = max(calibration.weight(sight), _LEAST_TRUST)
    return name(sight.classes, sight.turns, sight.positions, calibration.turns_weight, trust)


def name(
    classes: Mapping[str, NDArray[np.float64]],
    turns: Turns,
    positions: NDArray[np.float64],
    weight: float,
    trust: float = 1.0,
) -> Named:
    """The dive that `classes`, probabilities by head, `turns` and `positions` (see `folds`) make likeliest.

    `weight` is that of the logarithms of what was counted and folded; 0 leaves it out. `trust` is that of the class
    heads' logarithms, 0..1; what they do not tell, turns and folds do.
    """
    candidates = dives_that_exist()
    table = _table()
    weight = weight + (1.0 - weight) * (1.0 - trust)
    logs = np.log([1.0 + _COMPETED * HOW_OFTEN.get(dive.number or "", 0) for dive in candidates])
    for head, places in table.heads.items():
        logs = logs + trust * np.log(classes[head][places] + 1e-4)
    logs = logs + weight * np.log(positions[table.heads["position"]] + 1e-3)
    # Films are mirrored as often as not: clockwise or not tells nothing, but both cannot be.
    likelihood = turns.likelihood.sum(axis=1)
    logs = logs + weight * np.log(likelihood[table.armstand, table.half_somersaults] + 1e-6)
    forwards = np.clip(0.5 + 0.5 * turns.forwards * table.forwards, 0.02, 1.0)
    logs = logs + weight * np.log(forwards)
    chances = np.exp(logs - logs.max())
    chances /= chances.sum()
    best = int(chances.argmax())
    return Named(candidates[best], float(chances[best]))


@dataclass(frozen=True)
class _Table:
    heads: dict[str, NDArray[np.int64]]
    """Class of each candidate, by head."""
    armstand: NDArray[np.int64]
    half_somersaults: NDArray[np.int64]
    forwards: NDArray[np.float64]
    """1 where the body turns to its front, -1 to its back, 0 where twists hide it."""


@cache
def _table() -> _Table:
    candidates = dives_that_exist()

    def column(values: list[int]) -> NDArray[np.int64]:
        return np.array(values, dtype=np.int64)

    halves = [dive.half_somersaults for dive in candidates]
    return _Table(
        heads={
            "position": column([POSITIONS.index(dive.position) for dive in candidates]),
            "armstand": column([int(dive.armstand) for dive in candidates]),
            "rotation": column([ROTATIONS.index(dive.rotation) for dive in candidates]),
            "half_somersaults": column([min(half, HALF_SOMERSAULTS - 1) for half in halves]),
            "half_twists": column([min(dive.half_twists, HALF_TWISTS - 1) for dive in candidates]),
        },
        armstand=column([int(dive.armstand) for dive in candidates]),
        half_somersaults=column([min(half, MOST) for half in halves]),
        forwards=np.array([_forwards(dive) for dive in candidates]),
    )


def _forwards(dive: Dive) -> float:
    if dive.half_twists or dive.position in (Position.STRAIGHT, Position.FREE):
        return 0.0
    return 1.0 if dive.rotation in (Rotation.FORWARD, Rotation.INWARD) else -1.0
