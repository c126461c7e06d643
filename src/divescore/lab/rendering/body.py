"""A jointed body seen from the side: pose in, capsules in metres out.

Body axes: `u` along the trunk towards the head, `v` out of the chest, `l` to the diver's left. A twist turns `v` and
`l` about `u`; what turns away from the picture is foreshortened.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Point = NDArray[np.float64]

_TRUNK, _NECK, _THIGH, _SHANK, _FOOT = 0.52, 0.24, 0.44, 0.43, 0.16
_UPPER_ARM, _FOREARM = 0.29, 0.40
_SHOULDER_HALF, _HIP_HALF = 0.17, 0.09
_MIDDLE, _SIDE = 4, 5
"""Limbs in the middle, and on either side."""
_MASSES = {"trunk": 0.50, "head": 0.08, "thigh": 0.20, "shank": 0.12, "arm": 0.10}


@dataclass(frozen=True)
class Pose:
    """Joint angles in radians; 0 is standing straight, arms down."""

    hip: float = 0.0
    knee: float = 0.0
    shoulder: float = 0.0
    elbow: float = 0.0
    shoulder_right: float | None = None
    """Another angle for the right arm, as in a twist; None: the same."""
    elbow_right: float | None = None
    spread: float = 0.0
    """Half the angle between the legs, sideways."""
    stride: float = 0.0
    """Half the angle between the legs, forwards, as in a step."""
    arch: float = 0.0

    def blend(self, other: "Pose", weight: float) -> "Pose":
        """This pose turned towards `other` by `weight`, 0..1."""
        here, there = self._angles(), other._angles()
        return Pose(**{joint: angle + (there[joint] - angle) * weight for joint, angle in here.items()})

    def _angles(self) -> dict[str, float]:
        shoulder = self.shoulder if self.shoulder_right is None else self.shoulder_right
        elbow = self.elbow if self.elbow_right is None else self.elbow_right
        return vars(self) | {"shoulder_right": shoulder, "elbow_right": elbow}

    @property
    def inertia(self) -> float:
        """Moment of inertia about the somersault's axis, 1 for a straight body; a fit, not a measurement."""
        folded = max(np.sin(min(self.hip, np.pi) / 2.0), 0.0)
        tucked = max(np.sin(min(self.knee, np.pi) / 2.0), 0.0)
        return float(1.0 - 0.55 * folded**2 - 0.22 * tucked**2 * folded)


@dataclass(frozen=True)
class Capsule:
    """A limb from `a` to `b`, metres in the picture's plane (x right, y up); `depth` is larger when nearer."""

    a: Point
    b: Point
    radius: float
    depth: float
    part: str
    side: int = 0
    """1 on the diver's left, -1 on the right, 0 in the middle."""


def _direction(angle: float, sideways: float = 0.0) -> Point:
    """Unit vector in (u, v, l) of a limb that hangs down at 0 and points forwards at 90 degrees."""
    return np.array([-np.cos(angle) * np.cos(sideways), np.sin(angle) * np.cos(sideways), np.sin(sideways)])


def _point(u: float, v: float, left: float = 0.0) -> Point:
    return np.array([u, v, left])


def capsules(
    pose: Pose, centre: Point, lean: float, facing: float, twist: float, size: float = 1.0, tilt: float = 0.0
) -> list[Capsule]:
    """Limbs of a body whose centre of mass is at `centre`, farthest first.

    `lean`: radians of the trunk from upright, clockwise. `facing`: 1 to the right, -1 to the left. `twist`: radians
    about the trunk. `size`: 1 is a body of about 1.7 m. `tilt`: radians of the trunk towards the diver's left.
    """
    limbs: list[tuple[Point, Point, float, str]] = []
    hip = np.zeros(3)
    chest = np.array([_TRUNK * np.cos(pose.arch), -_TRUNK * np.sin(pose.arch), 0.0])
    head = chest + np.array([_NECK, 0.03 - 0.5 * pose.arch * _NECK, 0.0])
    limbs.append((hip, chest, 0.125, "trunk"))
    limbs.append((hip + _point(0.02, 0.0), hip + _point(0.09, 0.0), 0.13, "suit"))
    limbs.append((head, head + _point(0.05, 0.01), 0.095, "head"))
    limbs.append((head + _point(0.05, -0.04), head + _point(0.09, -0.01), 0.09, "hair"))
    masses = [
        (0.5 * (hip + chest), _MASSES["trunk"]),
        (head, _MASSES["head"]),
    ]
    for side in (1.0, -1.0):
        root = _point(0.0, 0.0, side * _HIP_HALF)
        angle = pose.hip + side * pose.stride
        thigh = _direction(angle, side * pose.spread)
        knee = root + _THIGH * thigh
        ankle = knee + _SHANK * _direction(angle - pose.knee, side * pose.spread)
        # Pointed toes carry on the shank's line.
        toe = ankle + _FOOT * _direction(angle - pose.knee - 0.15, side * pose.spread)
        limbs += [(root, knee, 0.082, "thigh"), (knee, ankle, 0.056, "shank"), (ankle, toe, 0.036, "foot")]
        masses += [(0.5 * (root + knee), _MASSES["thigh"] / 2), (0.5 * (knee + ankle), _MASSES["shank"] / 2)]
        right = side < 0
        swing = pose.shoulder_right if right and pose.shoulder_right is not None else pose.shoulder
        bend = pose.elbow_right if right and pose.elbow_right is not None else pose.elbow
        shoulder = chest + _point(-0.04, 0.0, side * _SHOULDER_HALF)
        # Arms overhead come together over the head.
        inward = -side * 0.33 * max(0.0, -np.cos(swing))
        elbow = shoulder + _UPPER_ARM * _direction(swing, inward)
        hand = elbow + _FOREARM * _direction(swing + bend, inward)
        limbs += [(shoulder, elbow, 0.048, "upper arm"), (elbow, hand, 0.038, "forearm")]
        masses.append((0.5 * (shoulder + hand), _MASSES["arm"] / 2))
    mass_centre = sum((point * mass for point, mass in masses), np.zeros(3))
    ends = (np.array([(start, end) for start, end, _, _ in limbs]) - mass_centre) * size
    v = ends[..., 1]
    u = ends[..., 0] * np.cos(tilt) - ends[..., 2] * np.sin(tilt)
    left = ends[..., 0] * np.sin(tilt) + ends[..., 2] * np.cos(tilt)
    turn, side_turn = np.cos(twist), np.sin(twist)
    across = facing * (v * turn + left * side_turn)
    depths = (left * turn - v * side_turn).sum(axis=1)
    x = centre[0] + u * np.sin(lean) + across * np.cos(lean)
    y = centre[1] + u * np.cos(lean) - across * np.sin(lean)
    points = np.stack((x, y), axis=2)
    return [
        Capsule(
            points[i, 0],
            points[i, 1],
            limbs[i][2] * size,
            float(depths[i]),
            limbs[i][3],
            0 if i < _MIDDLE else 1 if i < _MIDDLE + _SIDE else -1,
        )
        for i in np.argsort(depths, kind="stable")
    ]
