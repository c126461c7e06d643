"""Which dives are drawn: numbers, heights and executions at random."""

import numpy as np

from divescore.dives import Dive, parse_dive
from divescore.lab.rendering.competition_dives import COMPETED
from divescore.lab.rendering.dive import RenderedDive
from divescore.lab.rendering.flaws import draw_execution, draw_flaws

_RARE = 0.2
_HEIGHTS = (10.0, 10.0, 10.0, 7.5, 5.0, 3.0, 3.0)


def draw_dive(rng: np.random.Generator) -> Dive:
    """A dive as competed, or now and then one that only the grammar knows."""
    if rng.random() < _RARE:
        group, half, letter = rng.integers(1, 5), rng.integers(1, 8), "ABC"[rng.integers(3)]
        return parse_dive(f"{group}0{half}{'C' if half > 4 and letter == 'A' else letter}")
    numbers = [number for number in sorted(COMPETED) if number[2] != "0" or len(number) == 5]
    return parse_dive(numbers[rng.integers(len(numbers))])


def draw_height(rng: np.random.Generator, dive: Dive) -> float:
    """Metres above the water; an armstand has the platform's 10 and so have dives that need the time."""
    if dive.armstand or dive.half_somersaults >= 8:
        return 10.0
    return float(_HEIGHTS[rng.integers(len(_HEIGHTS))])


def draw_rendered(seed: int) -> RenderedDive:
    """A rendered dive of a seed, everything about it at random."""
    rng = np.random.default_rng([seed, 0])
    dive = draw_dive(rng)
    return RenderedDive(dive, draw_flaws(rng, draw_execution(rng)), draw_height(rng, dive), seed)
