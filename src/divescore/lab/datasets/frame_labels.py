"""Labels of a rendered frame, known because it was drawn: where the diver is, the joints, the water, the platform.

The shipped network learns from them what to look at, long before a clip's score could teach it.
"""

import numpy as np
from numpy.typing import NDArray

from divescore.lab.rendering.body import Capsule
from divescore.lab.rendering.dive import RenderedDive
from divescore.lab.rendering.negatives import CutOff, Cuts, EmptyPool, Film, Person

REACH = 1.25
"""Half the side of the square about a diver, metres for a body of size 1."""
JOINTS = ("head", "chest", "hip", "knee", "ankle", "hand")
GAPS = ("knee", "ankle", "hand")
FRAME_LABELS = (
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
"""Names of a frame's labels. Places are shares of the picture, 0..1; `reach` is a share of its height; joints lie
in the square about the diver, -1..1; gaps are shares of REACH; angles are turns of pi; `phase` is an index of PHASES.
The last three are for squares that lie otherwise: where the diver is in it, and the logarithm of how much larger it
should be.
"""
UNKNOWN = -1.0
"""`present` where it is not asked: films that show people or splashes, but no dive."""
PHASES = ("other", "approach", "flight", "water")
FRAME_LABEL = {name: index for index, name in enumerate(FRAME_LABELS)}
_STICKS_OUT = 0.45
"""Metres of a body above the water that show its line."""
_SPLASH_SEEN = (0.12, 1.3)
"""Seconds after the entry between which a splash shows its size."""


def frame_labels_of(film: Film, seconds: float, aspect: float) -> NDArray[np.float32]:
    """Labels of the frame at `seconds` of a picture `aspect` times as wide as high, float32 [len(FRAME_LABELS)]."""
    match film:
        case RenderedDive():
            labels = _labels_of_dive(film, seconds, aspect)
        case CutOff():
            labels = _labels_of_dive(film.dive, film.start + seconds, aspect)
        case _:
            labels = {"present": UNKNOWN if isinstance(film, (Person, EmptyPool, Cuts)) else 0.0}
    return np.array([labels.get(name, 0.0) for name in FRAME_LABELS], dtype=np.float32)


def _labels_of_dive(film: RenderedDive, seconds: float, aspect: float) -> dict[str, float]:
    moment = film.moment(seconds)
    view = film.view(moment)
    if view is None:
        return {}
    motion, timing = film.motion, film.motion.timing
    instant = motion.at(moment)
    sign = -1.0 if film.mirrored else 1.0

    def place(x: float, y: float) -> tuple[float, float]:
        across = (x - view.x) / view.height / aspect
        return 0.5 + sign * across, 0.5 - (y - view.y) / view.height

    in_water = moment >= timing.entry
    middle = (film.entry_x, 0.35) if in_water else (float(instant.centre[0]), float(instant.centre[1]))
    x, y = place(*middle)
    reach = REACH * motion.size
    water = place(0.0, 0.0)[1]
    edge_x, edge_y = place(0.0, film.truth.height)
    joints = _joints(instant.limbs)
    trunk = joints["chest"][0] - joints["hip"][0]
    length = max(float(np.hypot(*trunk)), 1e-6)
    # What still sticks out of the water shows the line of the entry best, for it no longer turns.
    highest = max(float(point[1]) for points in joints.values() for point in points)
    labels = {
        "present": float(0.0 < x < 1.0 and -0.05 < y < 1.05),
        "x": x,
        "y": y,
        "reach": reach / view.height,
        "water": water,
        "water_seen": float(0.0 < water < 1.0),
        "edge_x": edge_x,
        "edge_y": edge_y,
        "edge_seen": float(0.0 < edge_x < 1.0 and 0.0 < edge_y < 1.0),
        "body_seen": float(highest > _STICKS_OUT),
        "lean_sin": sign * trunk[0] / length,
        "lean_cos": trunk[1] / length,
        "hip_angle": instant.pose.hip / np.pi,
        "knee_angle": instant.pose.knee / np.pi,
        "phase": PHASES.index("water" if in_water else "flight" if moment >= timing.take_off else "approach"),
        "splash": film.splash_size,
        "splash_seen": float(_SPLASH_SEEN[0] < moment - timing.entry < _SPLASH_SEEN[1]),
    }
    for name, points in joints.items():
        point = np.mean(points, axis=0)
        labels[f"{name}_x"] = sign * (point[0] - middle[0]) / reach
        labels[f"{name}_y"] = -(point[1] - middle[1]) / reach
        labels[f"{name}_seen"] = float(point[1] > 0.0)
        if name in GAPS:
            labels[f"{name}_gap"] = float(np.hypot(*(points[0] - points[1]))) / reach
    return labels


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
