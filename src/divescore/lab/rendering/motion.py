"""The motion of one dive: approach, ballistic flight, entry; a pure function of time once its looks are drawn.

The somersault's speed follows the inertia of the body's shape, scaled so that the turns come out as the dive number
says, plus what the flaws add at the entry.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from divescore.dives import Dive, Position, Rotation
from divescore.lab.rendering.body import Capsule, Pose, capsules
from divescore.lab.rendering.flaws import Flaws

GRAVITY = 9.81
_STANDING_CENTRE = 0.98
"""Height of a standing body's centre of mass above its soles, metres."""
_GRID = 160

STAND = Pose(shoulder=0.1)
READY = Pose(shoulder=2.9)
CROUCH = Pose(hip=1.15, knee=1.5, shoulder=-0.6)
REACH = Pose(shoulder=2.9, arch=-0.05)
HANDSTAND = Pose(shoulder=np.pi)
FEET_FIRST = Pose(shoulder=0.05)
_SHAPES = {
    Position.TUCK: Pose(hip=2.25, knee=2.35, shoulder=1.15, elbow=-0.5),
    Position.PIKE: Pose(hip=2.45, knee=0.03, shoulder=1.75, elbow=-0.15),
    Position.STRAIGHT: Pose(shoulder=0.15, arch=0.08),
    Position.FREE: Pose(hip=1.9, knee=0.15, shoulder=1.4),
}
_TWISTING = Pose(hip=0.06, shoulder=2.7, elbow=0.9, shoulder_right=0.7, elbow_right=1.5)


def _smooth(value: float) -> float:
    clipped = min(max(value, 0.0), 1.0)
    return clipped * clipped * (3.0 - 2.0 * clipped)


@dataclass(frozen=True)
class Instant:
    """Where the body is at a time: centre of mass in metres (x from the edge, y from the water), limbs, joints."""

    centre: NDArray[np.float64]
    limbs: list[Capsule]
    lean: float
    pose: Pose


@dataclass(frozen=True)
class DiveTiming:
    """Seconds from the start of the clip."""

    take_off: float
    entry: float
    end: float


class Motion:
    """One dive as a function of time. `outward` is 1 when the dive goes to the right."""

    def __init__(self, dive: Dive, flaws: Flaws, height: float, rng: np.random.Generator) -> None:
        self.dive, self.flaws, self.height = dive, flaws, height
        self.size = float(rng.uniform(0.92, 1.06))
        self.facing = 1.0 if dive.rotation in (Rotation.FORWARD, Rotation.REVERSE) else -1.0
        self.spin = 1.0 if dive.rotation in (Rotation.FORWARD, Rotation.BACK) else -1.0
        self.twist_sign = float(rng.choice([-1.0, 1.0]))
        # The camera never looks exactly from the side.
        self.yaw = float(rng.uniform(-0.55, 0.55))
        # What a flaw costs must show: sound take-offs differ by far less than weak or stray ones do from them.
        lift = rng.uniform(3.15, 3.45) if height > 4 else rng.uniform(4.5, 4.9)
        if dive.armstand:
            lift = rng.uniform(2.3, 2.5)
        self.rise = float(lift * (1.0 - 0.8 * flaws.height))
        astray = flaws.distance * rng.choice([-0.7, 1.7])
        self.drift = float(rng.uniform(0.95, 1.05) + astray)
        self.runs = bool(not dive.armstand and self.facing > 0 and rng.random() < 0.5)
        self.steps = float(rng.uniform(1.5, 2.5))
        turn = dive.half_somersaults * np.pi
        start = np.pi if dive.armstand else 0.0
        self.head_first = bool(np.cos(start + turn) < 0)
        # Most misses are short; some are over.
        miss = np.radians(52.0) * flaws.angle * (-1.0 if rng.random() < 0.6 else 1.0)
        self._turn = float(turn + miss)
        self._twist = float(dive.half_twists * np.pi * (1.0 - 0.12 * flaws.axis))
        self._tilt = float(0.95 * flaws.axis * rng.choice([-1.0, 1.0]))
        first = float(rng.uniform(0.7, 1.2))
        start_height = _STANDING_CENTRE * self.size + height
        end_height = (1.05 if self.head_first else 0.95) * self.size
        fall = start_height - end_height
        flight = float((self.rise + np.sqrt(self.rise**2 + 2 * GRAVITY * fall)) / GRAVITY)
        self.timing = DiveTiming(first, first + flight, first + flight + float(rng.uniform(0.8, 1.4)))
        self._start = np.array([-0.05, start_height])
        self._shape = self._draw_shape(rng)
        few = dive.half_somersaults <= 2
        self._folds = (0.10, 0.24) if not dive.armstand else (0.12, 0.3)
        opens = float(rng.uniform(0.66, 0.72)) if not few else 0.5
        opens += 0.06 * min(dive.half_somersaults / 9.0, 1.0)
        self._opens = (opens, opens + 0.16)
        twisted_from = 0.12 if dive.rotation is not Rotation.FORWARD or dive.half_somersaults < 5 else 0.16
        self._twists = (twisted_from, min(opens - 0.02, twisted_from + 0.09 * dive.half_twists + 0.08))
        self._angles = self._integrate()

    def _draw_shape(self, rng: np.random.Generator) -> Pose:
        shape = _SHAPES[self.dive.position]
        if self.dive.position is Position.FREE and self.dive.half_twists == 0:
            shape = Pose(hip=1.3, knee=0.3, shoulder=1.2)
        loose = self.flaws.shape
        bend = 1.1 * self.flaws.legs
        knee = shape.knee + (bend if shape.knee < 0.5 else 0.0) * float(rng.uniform(0.6, 1.0))
        return Pose(
            hip=shape.hip * (1.0 - 0.48 * loose),
            knee=knee * (1.0 - (0.4 * loose if shape.knee > 1 else 0.0)),
            shoulder=shape.shoulder,
            elbow=shape.elbow,
            spread=0.32 * self.flaws.legs,
            stride=0.28 * self.flaws.legs,
            arch=shape.arch + 0.35 * loose * (self.dive.position is Position.STRAIGHT),
        )

    def _flight_pose(self, share: float) -> Pose:
        """Shape of the body at a share of the flight, 0..1."""
        start = HANDSTAND if self.dive.armstand else REACH
        end = HANDSTAND if self.head_first else FEET_FIRST
        end = Pose(
            hip=0.42 * self.flaws.shape,
            knee=1.0 * self.flaws.legs,
            shoulder=end.shoulder,
            # Who is off the axis fights for balance with an arm.
            shoulder_right=end.shoulder - 1.5 * self.flaws.axis * (1.0 if self.head_first else -1.0),
            elbow_right=0.0,
            spread=0.25 * self.flaws.legs,
            stride=0.28 * self.flaws.legs,
            arch=0.12 * self.flaws.shape,
        )
        folded = _smooth((share - self._folds[0]) / (self._folds[1] - self._folds[0]))
        opened = _smooth((share - self._opens[0]) / (self._opens[1] - self._opens[0]))
        pose = start.blend(self._shape, folded)
        if self.dive.half_twists:
            begin, finish = self._twists
            inside = _smooth((share - begin + 0.04) / 0.08) * (1.0 - _smooth((share - finish) / 0.08))
            pose = pose.blend(_TWISTING, inside)
        return pose.blend(end, opened)

    def _integrate(self) -> NDArray[np.float64]:
        shares = np.linspace(0.0, 1.0, _GRID)
        rates = np.array([1.0 / self._flight_pose(share).inertia ** 1.4 for share in shares])
        rates *= np.minimum(1.0, 0.35 + shares / 0.12)
        # Reaching for the water stops most of the turn.
        rates *= 1.0 - 0.55 * np.clip((shares - self._opens[0]) / 0.2, 0.0, 1.0)
        angles = np.concatenate(([0.0], np.cumsum(0.5 * (rates[1:] + rates[:-1]))))
        return np.asarray(angles * (self._turn / angles[-1]) if angles[-1] > 0 else angles)

    def at(self, seconds: float) -> Instant:
        """The body at a time of the clip; frozen on the way down once it is under water."""
        if seconds < self.timing.take_off:
            return self._approach(seconds)
        return self._flight(seconds)

    def _flight(self, seconds: float) -> Instant:
        elapsed = seconds - self.timing.take_off
        share = elapsed / (self.timing.entry - self.timing.take_off)
        inside = min(share, 1.0)
        start = np.pi if self.dive.armstand else 0.0
        angle = float(np.interp(inside, np.linspace(0.0, 1.0, _GRID), self._angles))
        lean = start + self.spin * angle
        begin, finish = self._twists
        twist = self.yaw + self.twist_sign * self._twist * _smooth((inside - begin) / (finish - begin))
        y = self._start[1] + self.rise * elapsed - 0.5 * GRAVITY * elapsed**2
        if share > 1.0:
            # Water brakes.
            under = seconds - self.timing.entry
            y_entry = self._start[1] + self.rise * (elapsed - under) - 0.5 * GRAVITY * (elapsed - under) ** 2
            y = y_entry - 4.2 * (1.0 - np.exp(-3.2 * under))
        centre = np.array([self._start[0] + self.drift * elapsed, y])
        # A lean of the flight; what would be left of it at the entry is the flaw `angle`, and costs there.
        tilt = self._tilt * _smooth(inside / 0.3) * (1.0 - _smooth((inside - 0.7) / 0.22))
        pose = self._flight_pose(inside)
        limbs = capsules(pose, centre, lean, self.facing, twist, self.size, tilt)
        return Instant(centre, limbs, lean, pose)

    def _approach(self, seconds: float) -> Instant:
        left = self.timing.take_off - seconds
        if self.dive.armstand:
            sway = 0.04 * np.sin(3.0 * seconds) * min(left / 0.4, 1.0)
            centre = self._start + np.array([0.0, 0.06 * self.size])
            limbs = capsules(HANDSTAND, centre, np.pi + float(sway), self.facing, self.yaw, self.size)
            return Instant(centre, limbs, np.pi, HANDSTAND)
        dip = _smooth(1.0 - abs(left - 0.28) / 0.28)
        pose = READY.blend(STAND, _smooth((left - 0.3) / 0.35)).blend(CROUCH, dip)
        x = self._start[0]
        if self.runs and left > 0.45:
            x -= self.steps * (left - 0.45)
            pose = STAND.blend(Pose(knee=0.4, hip=0.15, shoulder=0.6), 0.6)
            pose = Pose(
                hip=pose.hip, knee=pose.knee, shoulder=pose.shoulder, stride=0.5 * float(np.sin(7.5 * left)), elbow=0.3
            )
        # Soles stay on the platform: the centre drops by what the bent legs lose.
        lost = 0.44 * (1.0 - np.cos(pose.hip)) * 0.55 + 0.43 * (1.0 - np.cos(pose.hip - pose.knee)) * 0.6
        rising = 0.12 * _smooth(1.0 - left / 0.1)
        centre = np.array([x, self._start[1] - lost * self.size * 1.3 + rising])
        lean = 0.35 * dip * self.facing + 0.06 * self.spin * _smooth(1.0 - left / 0.15)
        return Instant(centre, capsules(pose, centre, lean, self.facing, self.yaw, self.size), lean, pose)
