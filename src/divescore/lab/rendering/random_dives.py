"""Which dives are drawn: number, height and execution at random, as far as nobody chose them."""

import numpy as np

from divescore.dives import Dive, parse_dive
from divescore.lab.rendering.competition_dives import COMPETITION_DIVES
from divescore.lab.rendering.dive import RenderedDive
from divescore.lab.rendering.flaws import random_execution, random_flaws

_RARE = 0.2
_HEIGHTS = (10.0, 10.0, 10.0, 7.5, 5.0, 3.0, 3.0)


def random_dive(rng: np.random.Generator) -> Dive:
    """A dive as competed, or now and then one that only the grammar knows."""
    if rng.random() < _RARE:
        group, half, letter = rng.integers(1, 5), rng.integers(1, 8), "ABC"[rng.integers(3)]
        return parse_dive(f"{group}0{half}{'C' if half > 4 and letter == 'A' else letter}")
    numbers = [number for number in sorted(COMPETITION_DIVES) if number[2] != "0" or len(number) == 5]
    return parse_dive(numbers[rng.integers(len(numbers))])


def random_height(rng: np.random.Generator, dive: Dive) -> float:
    """Metres above the water; an armstand has the platform's 10 and so have dives that need the time."""
    if dive.armstand or dive.half_somersaults >= 8:
        return 10.0
    return float(_HEIGHTS[rng.integers(len(_HEIGHTS))])


def random_rendered_dive(
    seed: int, dive: Dive | None = None, height: float | None = None, execution: float | None = None
) -> RenderedDive:
    """The rendered dive of a seed, which decides all that is not given: metres of height, points of execution."""
    rng = np.random.default_rng([seed, 0])
    drawn = random_dive(rng)
    dive = dive or drawn
    points = random_execution(rng)
    flaws = random_flaws(rng, points if execution is None else execution)
    return RenderedDive(dive, flaws, height or random_height(rng, dive), seed)
