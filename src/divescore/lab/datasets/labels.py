"""Labels of a whole clip: whether it is a dive, which one, how good it is, and what went wrong in it."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from divescore.dives import Dive
from divescore.scoring.mini.temporal import FLAWS, HALF_SOMERSAULTS, HALF_TWISTS, POSITIONS, ROTATIONS

LABELS = (
    "is_dive",
    "execution",
    "difficulty",
    "position",
    "armstand",
    "rotation",
    "half_somersaults",
    "half_twists",
    *FLAWS,
)
LABEL = {name: index for index, name in enumerate(LABELS)}
FLAW_LABELS = slice(LABEL[FLAWS[0]], LABEL[FLAWS[-1]] + 1)


def dive_labels(
    dive: Dive, execution: float, difficulty: float, flaws: Mapping[str, float] | None = None
) -> NDArray[np.float32]:
    """Labels of a dive in the order of LABELS; classes as indices, flaws that nobody knows as none."""
    labels = {
        "is_dive": 1.0,
        "execution": execution,
        "difficulty": difficulty,
        **class_labels(dive),
        **(flaws or {}),
    }
    return np.array([labels.get(name, 0.0) for name in LABELS], dtype=np.float32)


def class_labels(dive: Dive) -> dict[str, int]:
    """The class of a dive in each head."""
    return {
        "position": POSITIONS.index(dive.position),
        "armstand": int(dive.armstand),
        "rotation": ROTATIONS.index(dive.rotation),
        "half_somersaults": min(dive.half_somersaults, HALF_SOMERSAULTS - 1),
        "half_twists": min(dive.half_twists, HALF_TWISTS - 1),
    }
