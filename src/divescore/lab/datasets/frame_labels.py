"""What a rendered frame shows, known because it was drawn: where the diver is, the joints, the water, the platform.

The shipped network learns from these marks what to look at, long before a clip's score could teach it.
"""

import numpy as np
from numpy.typing import NDArray

from divescore.lab.rendering.body import Capsule
from divescore.lab.rendering.dive import RenderedDive
from divescore.lab.rendering.negatives import CutOff, Cuts, Film, Person, Pool

REACH = 1.25
"""Half the side of the square about a diver, metres for a body of size 1."""
JOINTS = ("head", "chest", "hip", "knee", "ankle", "hand")
GAPS = ("knee", "ankle", "hand")
MARKS = (
    "present",
    "x",
    "y",
    "reach",
    "water",
    "water_seen",
    "edge_x",
    "edge_y",
    "edge_seen",
    "body_seen",
    "lean_sin",
    "lean_cos",
    *(f"{joint}_{axis}" for joint in JOINTS for axis in ("x", "y", "seen")),
    *(f"{joint}_gap" for joint in GAPS),
    "hip_angle",
    "knee_angle",
    "phase",
    "splash",
    "splash_seen",
    "centre_x",
    "centre_y",
    "grown",
)
"""Names of a frame's marks. Places are shares of the picture, 0..1; `reach` is a share of its height; joints lie in the
square about the diver, -1..1; gaps are shares of REACH; angles are turns of pi; `phase` is an index of PHASES. The last
three are for squares that lie otherwise: where the diver is in it, and the logarithm of how much larger it should be.
"""
UNKNOWN = -1.0
"""`present` where it was not asked: films that show people or splashes, but no dive."""
PHASES = ("other", "approach", "flight", "water")
MARK = {name: index for index, name in enumerate(MARKS)}
_STICKS_OUT = 0.45
"""Metres of a body above the water that show its line."""
_SPLASH_SEEN = (0.12, 1.3)
"""Seconds after the entry between which a splash shows its size."""


def marks_of(film: Film, seconds: float, aspect: float) -> NDArray[np.float32]:
    """The marks of the frame at `seconds` of a picture `aspect` times as wide as high, float32 [len(MARKS)]."""
    match film:
        case RenderedDive():
            return _marks_of_dive(film, seconds, aspect)
        case CutOff():
            return _marks_of_dive(film.dive, film.start + seconds, aspect)
        case _:
            marks = np.zeros(len(MARKS), dtype=np.float32)
            marks[MARK["present"]] = UNKNOWN if isinstance(film, (Person, Pool, Cuts)) else 0.0
            return marks


def _marks_of_dive(film: RenderedDive, seconds: float, aspect: float) -> NDArray[np.float32]:
    marks = np.zeros(len(MARKS), dtype=np.float32)
    moment = film.moment(seconds)
    view = film.view(moment)
    if view is None:
        return marks
    motion, timing = film.motion, film.motion.timing
    instant = motion.at(moment)
    sign = -1.0 if film.mirrored else 1.0

    def place(x: float, y: float) -> tuple[float, float]:
        across = (x - view.x) / view.height / aspect
        return 0.5 + sign * across, 0.5 - (y - view.y) / view.height

    in_water = moment >= timing.entry
    x, y = place(film.entry_x, 0.35) if in_water else place(float(instant.centre[0]), float(instant.centre[1]))
    reach = REACH * motion.size
    marks[MARK["present"]] = float(0.0 < x < 1.0 and -0.05 < y < 1.05)
    marks[MARK["x"]], marks[MARK["y"]], marks[MARK["reach"]] = x, y, reach / view.height
    water = place(0.0, 0.0)[1]
    marks[MARK["water"]], marks[MARK["water_seen"]] = water, float(0.0 < water < 1.0)
    edge_x, edge_y = place(0.0, film.drawn.height)
    marks[MARK["edge_x"]], marks[MARK["edge_y"]] = edge_x, edge_y
    marks[MARK["edge_seen"]] = float(0.0 < edge_x < 1.0 and 0.0 < edge_y < 1.0)
    marks[MARK["phase"]] = 3 if in_water else 2 if moment >= timing.take_off else 1
    age = moment - timing.entry
    marks[MARK["splash"]] = film.splash_size
    marks[MARK["splash_seen"]] = float(_SPLASH_SEEN[0] < age < _SPLASH_SEEN[1])
    joints = _joints(instant.limbs)
    hip, chest = joints["hip"][0], joints["chest"][0]
    # What still sticks out of the water shows the line of the entry best, for it no longer turns.
    highest = max(float(point[1]) for points in joints.values() for point in points)
    marks[MARK["body_seen"]] = float(highest > _STICKS_OUT)
    trunk = chest - hip
    length = max(float(np.hypot(*trunk)), 1e-6)
    marks[MARK["lean_sin"]], marks[MARK["lean_cos"]] = sign * trunk[0] / length, trunk[1] / length
    middle = (film.entry_x, 0.35) if in_water else (float(instant.centre[0]), float(instant.centre[1]))
    for name, points in joints.items():
        point = np.mean(points, axis=0)
        marks[MARK[f"{name}_x"]] = sign * (point[0] - middle[0]) / reach
        marks[MARK[f"{name}_y"]] = -(point[1] - middle[1]) / reach
        marks[MARK[f"{name}_seen"]] = float(point[1] > 0.0)
        if name in GAPS:
            marks[MARK[f"{name}_gap"]] = float(np.hypot(*(points[0] - points[1]))) / reach
    marks[MARK["hip_angle"]], marks[MARK["knee_angle"]] = instant.pose.hip / np.pi, instant.pose.knee / np.pi
    return marks


def _joints(limbs: list[Capsule]) -> dict[str, list[NDArray[np.float64]]]:
    by_part: dict[str, list[Capsule]] = {}
    for limb in limbs:
        by_part.setdefault(limb.part, []).append(limb)
    return {
        "head": [by_part["head"][0].b],
        "chest": [by_part["trunk"][0].b],
        "hip": [by_part["trunk"][0].a],
        "knee": [limb.b for limb in by_part["thigh"]],
        "ankle": [limb.b for limb in by_part["shank"]],
        "hand": [limb.b for limb in by_part["forearm"]],
    }
