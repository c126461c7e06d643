"""Dives and other films drawn in a second style, which no training sees: it stands for films unlike those trained on.

The motion is that of the first style, since bodies fall and turn as they do, and so are the flaws. All that is seen of
it is drawn otherwise and by code of its own: bodies of tapered limbs with other proportions, flat colours and outlines,
pools under the sky, a camera that zooms, rolls and jerks, a splash of streaks.
"""

from collections.abc import Callable
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from divescore.difficulty import difficulty_of
from divescore.dives import Dive
from divescore.lab.rendering.body import Capsule, Point
from divescore.lab.rendering.camera import Picture
from divescore.lab.rendering.dive import GroundTruth
from divescore.lab.rendering.flaws import Flaws, random_execution, random_flaws, random_marks
from divescore.lab.rendering.motion import Motion
from divescore.lab.rendering.random_dives import random_dive, random_height

_STREAM = 11
"""Of random numbers, so that a seed draws another dive than in the first style."""
_WIDTHS = {
    "trunk": (0.16, 0.11),
    "head": (0.11, 0.11),
    "thigh": (0.10, 0.06),
    "shank": (0.065, 0.035),
    "foot": (0.035, 0.02),
    "upper arm": (0.055, 0.04),
    "forearm": (0.04, 0.025),
}
"""Radii at both ends of a limb, metres."""


@dataclass(frozen=True)
class _Frame:
    """What one picture shows of the world: its middle, metres of its height, roll in radians."""

    x: float
    y: float
    metres: float
    roll: float

    def pixels(self, points: NDArray[np.float64], width: int, height: int) -> NDArray[np.float64]:
        """Points of the world [N, 2] on a picture."""
        scale = height / self.metres
        away = (points - (self.x, self.y)) * (scale, -scale)
        turn = np.array([[np.cos(self.roll), -np.sin(self.roll)], [np.sin(self.roll), np.cos(self.roll)]])
        return np.asarray(away @ turn.T + (0.5 * width, 0.5 * height))


def _colour(rng: np.random.Generator, low: int, high: int) -> tuple[int, int, int]:
    red, green, blue = rng.integers(low, high, 3)
    return int(red), int(green), int(blue)


class _World:
    """A pool in the open or under a plain wall, with boards of other sizes beside the one in use."""

    def __init__(self, rng: np.random.Generator, height: float) -> None:
        self.height = height
        self._sky = [_colour(rng, 120, 255), _colour(rng, 60, 230)]
        self._water = np.array([rng.integers(0, 90), rng.integers(90, 200), rng.integers(120, 255)])
        self._shore = float(rng.uniform(0.3, 2.2))
        count = int(rng.integers(4, 22))
        lefts = rng.uniform(-14.0, 14.0, count)
        self._blocks = [
            (left, left + float(rng.uniform(0.4, 5.0)), float(rng.uniform(0.5, height + 5.0)), _colour(rng, 10, 245))
            for left in lefts
        ]
        self._trees = [
            (float(rng.uniform(-12, 12)), float(rng.uniform(1.5, 7.0)), float(rng.uniform(0.4, 1.8)))
            for _ in range(int(rng.integers(0, 9)))
        ]
        self._leaf = _colour(rng, 20, 140)
        self._board = _colour(rng, 30, 250)
        self._waves = rng.uniform(0.0, 2 * np.pi, 4)

    def draw(self, view: _Frame, seconds: float, width: int, height: int) -> Picture:
        """The world as `view` has it."""
        picture = np.empty((height, width, 3), dtype=np.uint8)
        ramp = np.linspace(0.0, 1.0, height)[:, None, None]
        picture[:] = (1.0 - ramp) * self._sky[0] + ramp * self._sky[1]
        for left, right, top, colour in self._blocks:
            self._box(picture, view, (left, self._shore), (right, top), colour)
        for x, y, size in self._trees:
            place = view.pixels(np.array([[x, y]]), width, height)[0]
            radius = max(int(size * height / view.metres), 1)
            cv2.circle(picture, (int(place[0]), int(place[1])), radius, self._leaf, -1)
        self._box(picture, view, (-40.0, -30.0), (40.0, self._shore), tuple(int(part) for part in self._water))
        light = tuple(int(part) for part in np.clip(self._water * 1.35, 0, 255))
        for row in range(12):
            y = self._shore - 0.25 - 0.45 * row
            xs = np.linspace(-14.0, 14.0, 60)
            swell = 0.06 * np.sin(1.7 * xs + self._waves[row % 4] + 2.0 * seconds)
            line = view.pixels(np.stack((xs, y + swell), axis=1), width, height)
            cv2.polylines(picture, [line.astype(np.int32)], False, light, 1)
        thick = 0.1 if self.height < 4 else 0.22
        self._box(picture, view, (-7.0, self.height - thick), (0.0, self.height), self._board)
        self._box(picture, view, (-6.5, 0.0), (-5.4, self.height - thick), self._board)
        return picture

    @staticmethod
    def _box(
        picture: Picture, view: _Frame, low: tuple[float, float], high: tuple[float, float], colour: tuple[int, ...]
    ) -> None:
        corners = np.array([low, (high[0], low[1]), high, (low[0], high[1])])
        shape = view.pixels(corners, picture.shape[1], picture.shape[0])
        cv2.fillConvexPoly(picture, np.clip(shape, -20000, 20000).astype(np.int32), colour, cv2.LINE_AA)


class _Figure:
    """A body of other proportions than the first style's, drawn as tapered limbs with an outline."""

    def __init__(self, rng: np.random.Generator) -> None:
        self._lengths = {part: float(rng.uniform(0.86, 1.14)) for part in _WIDTHS}
        self._stout = float(rng.uniform(0.75, 1.3))
        skin = np.array(_colour(rng, 70, 235)) * (1.0, 0.8, 0.65)
        suit = np.array(_colour(rng, 0, 255))
        self._colours = {"trunk": suit if rng.random() < 0.6 else skin, "head": suit if rng.random() < 0.3 else skin}
        self._skin = skin
        self._outline = bool(rng.random() < 0.5)

    def draw(self, picture: Picture, limbs: list[Capsule], view: _Frame) -> None:
        """Draw `limbs` in place, as far as they are above the water."""
        height, width = picture.shape[:2]
        scale = height / view.metres
        for limb, (a, b) in zip(limbs, self._proportioned(limbs), strict=True):
            if limb.part not in _WIDTHS or (a[1] < 0.0 and b[1] < 0.0):
                continue
            if a[1] < 0.0 or b[1] < 0.0:
                above, below = (a, b) if a[1] >= 0.0 else (b, a)
                cut = above + (below - above) * (above[1] / (above[1] - below[1]))
                a, b = above, cut
            first, last = view.pixels(np.stack((a, b)), width, height)
            wide, narrow = (radius * self._stout * scale for radius in _WIDTHS[limb.part])
            along = last - first
            length = max(float(np.hypot(*along)), 1e-6)
            normal = np.array([-along[1], along[0]]) / length
            shape = np.stack(
                (first + normal * wide, last + normal * narrow, last - normal * narrow, first - normal * wide)
            ).astype(np.int32)
            base = self._colours.get(limb.part, self._skin) * (1.0 if limb.depth >= -0.05 else 0.7)
            colour = tuple(int(part) for part in np.clip(base, 0, 255))
            cv2.fillConvexPoly(picture, shape, colour, cv2.LINE_AA)
            for end, radius in ((first, wide), (last, narrow)):
                cv2.circle(picture, (int(end[0]), int(end[1])), max(round(radius), 1), colour, -1, cv2.LINE_AA)
            if self._outline:
                cv2.polylines(picture, [shape], True, tuple(int(0.4 * part) for part in colour), 1, cv2.LINE_AA)

    def _proportioned(self, limbs: list[Capsule]) -> list[tuple[Point, Point]]:
        """Ends of the limbs when each has its own length, hung on what carries it."""
        trunk = next(limb for limb in limbs if limb.part == "trunk")
        moved: dict[tuple[str, int], tuple[Point, Point]] = {}

        def stretched(part: str, side: int, carrier: Point, limb: Capsule) -> tuple[Point, Point]:
            ends = (carrier, carrier + (limb.b - limb.a) * self._lengths[part])
            moved[part, side] = ends
            return ends

        by_part = {(limb.part, limb.side): limb for limb in limbs}
        chest = stretched("trunk", 0, trunk.a, trunk)[1] - trunk.b
        for side in (1, -1):
            ends = stretched("thigh", side, by_part["thigh", side].a, by_part["thigh", side])
            ends = stretched("shank", side, ends[1], by_part["shank", side])
            stretched("foot", side, ends[1], by_part["foot", side])
            ends = stretched("upper arm", side, by_part["upper arm", side].a + chest, by_part["upper arm", side])
            stretched("forearm", side, ends[1], by_part["forearm", side])
        stretched("head", 0, by_part["head", 0].a + chest, by_part["head", 0])
        return [moved.get((limb.part, limb.side), (limb.a, limb.b)) for limb in limbs]


class _Streaks:
    """A splash of streaks and rings."""

    def __init__(self, rng: np.random.Generator, x: float, start: float, size: float) -> None:
        self._x, self._start, self._size = x, start, size
        count = int(14 + 90 * size)
        self._angles = rng.normal(0.0, 0.14 + 0.45 * size, count)
        self._speeds = (1.4 + 5.2 * size) * rng.uniform(0.4, 1.0, count) + 0.5
        self._white = int(rng.integers(215, 256))

    def draw(self, picture: Picture, view: _Frame, moment: float) -> None:
        """Draw it in place as it is at a moment of the motion."""
        age = moment - self._start
        if age <= 0.0:
            return
        height, width = picture.shape[:2]
        colour = (self._white, self._white, self._white)
        ring = np.linspace(0.0, 2 * np.pi, 24)
        reach = (0.25 + 0.8 * self._size) * (0.4 + np.sqrt(min(age, 1.5)))
        around = np.stack((self._x + reach * np.cos(ring), 0.18 * reach * np.sin(ring)), axis=1)
        cv2.fillPoly(picture, [view.pixels(around, width, height).astype(np.int32)], colour, cv2.LINE_AA)
        for angle, speed in zip(self._angles, self._speeds, strict=True):
            times = np.array([max(age - 0.06, 0.0), age])
            rise = speed * np.cos(angle) * times - 4.9 * times**2
            if rise[1] < 0.0:
                continue
            ends = view.pixels(np.stack((self._x + speed * np.sin(angle) * times, rise), axis=1), width, height)
            first, last = ends.astype(int)
            cv2.line(picture, (first[0], first[1]), (last[0], last[1]), colour, 2, cv2.LINE_AA)


class SecondStyleDive:
    """A dive of a seed in the second style; `truth` is what it is."""

    def __init__(self, seed: int, dive: Dive | None = None, flaws: Flaws | None = None) -> None:
        rng = np.random.default_rng([seed, _STREAM])
        dive = dive or random_dive(rng)
        flaws = flaws or random_flaws(rng, random_execution(rng))
        height = random_height(rng, dive)
        marks, execution = random_marks(rng, flaws.execution)
        self.truth = GroundTruth(dive, height, flaws, marks, execution, difficulty_of(dive, height))
        self.motion = Motion(dive, flaws, height, rng)
        self._world, self._figure = _World(rng, height), _Figure(rng)
        timing = self.motion.timing
        entry_x = self.motion.drift * (timing.entry - timing.take_off)
        size = float(np.clip(0.78 * flaws.splash + 0.22 * flaws.angle, 0.0, 1.0))
        self._splash = _Streaks(rng, entry_x, timing.entry, size)
        self._metres = (float(rng.uniform(3.2, 4.4)), float(rng.uniform(3.2, 4.8)))
        self._jerk = float(rng.uniform(0.15, 0.4))
        self._shake = float(rng.uniform(0.0, 0.06))
        self._roll = float(rng.normal(0.0, 0.03))
        self._phases = rng.uniform(0.0, 2 * np.pi, 3)
        self._mirrored = bool(rng.random() < 0.5)
        self.seconds = timing.end

    def _view(self, seconds: float) -> _Frame:
        timing = self.motion.timing
        # Whoever holds it corrects a few times a second, and glides in between.
        step = self._jerk * np.floor(seconds / self._jerk)
        share = (seconds - step) / self._jerk
        places = [self.motion.at(min(float(moment), timing.entry)).centre for moment in (step, step + self._jerk)]
        x, y = places[0] + share * (places[1] - places[0])
        zoom = min(seconds / timing.entry, 1.0)
        metres = self._metres[0] + zoom * (self._metres[1] - self._metres[0])
        sway = self._shake * np.sin(np.array([3.3, 4.1, 1.3]) * seconds + self._phases)
        return _Frame(0.55 * x + 0.2 + sway[0], max(y, 0.6) + sway[1], metres, self._roll + 0.2 * sway[2])

    def frame(self, seconds: float, width: int, height: int) -> Picture:
        """The picture at `seconds`, uint8 RGB [height, width, 3]."""
        view = self._view(seconds)
        picture = self._world.draw(view, seconds, width, height)
        self._figure.draw(picture, self.motion.at(seconds).limbs, view)
        self._splash.draw(picture, view, seconds)
        return np.ascontiguousarray(picture[:, ::-1]) if self._mirrored else picture


class _Strollers:
    """People who walk by, stand or jump on the spot."""

    def __init__(self, seed: int) -> None:
        rng = np.random.default_rng([seed, _STREAM, 1])
        self.seconds = float(rng.uniform(2.0, 5.0))
        self._world, self._figure = _World(rng, float(rng.choice([0.5, 3.0, 10.0]))), _Figure(rng)
        dive = random_dive(rng)
        self._motion = Motion(dive, Flaws(), self._world.height, rng)
        self._speed = float(rng.choice([0.0, 1.0, -1.0])) * float(rng.uniform(0.3, 1.5))
        self._hop = float(rng.uniform(0.0, 0.5)) if rng.random() < 0.5 else 0.0
        self._metres = float(rng.uniform(3.0, 7.0))

    def frame(self, seconds: float, width: int, height: int) -> Picture:
        """The picture at `seconds`."""
        view = _Frame(0.5 * self._speed * seconds, self._world.height + 0.8, self._metres, 0.0)
        picture = self._world.draw(view, seconds, width, height)
        shift = np.array([self._speed * seconds - 1.0, self._hop * abs(np.sin(4.0 * seconds))])
        standing = self._motion.at(0.0).limbs
        moved = [
            Capsule(limb.a + shift, limb.b + shift, limb.radius, limb.depth, limb.part, limb.side) for limb in standing
        ]
        self._figure.draw(picture, moved, view)
        return picture


class _Tour:
    """The pool seen by a camera that wanders, with nobody in sight."""

    def __init__(self, seed: int) -> None:
        rng = np.random.default_rng([seed, _STREAM, 2])
        self.seconds = float(rng.uniform(2.0, 5.0))
        self._world = _World(rng, float(rng.choice([3.0, 10.0])))
        self._from, self._to = rng.uniform((-3, 0), (3, 11), (2, 2))
        self._metres = float(rng.uniform(3.0, 8.0))
        self._splash = _Streaks(rng, 0.5, float(rng.uniform(0.0, 8.0)), float(rng.uniform(0.0, 0.6)))

    def frame(self, seconds: float, width: int, height: int) -> Picture:
        """The picture at `seconds`."""
        share = seconds / self.seconds
        x, y = (1.0 - share) * self._from + share * self._to
        view = _Frame(float(x), float(y), self._metres, 0.0)
        picture = self._world.draw(view, seconds, width, height)
        self._splash.draw(picture, view, seconds)
        return picture


class _Patterns:
    """Stripes and discs that drift, as in a title."""

    def __init__(self, seed: int) -> None:
        rng = np.random.default_rng([seed, _STREAM, 3])
        self.seconds = float(rng.uniform(2.0, 5.0))
        self._colours = rng.integers(0, 256, (3, 3))
        self._waves = rng.uniform(2.0, 25.0, 2) * rng.choice([-1.0, 1.0], 2)
        self._speed = float(rng.uniform(0.0, 8.0))
        self._sharp = bool(rng.random() < 0.5)

    def frame(self, seconds: float, width: int, height: int) -> Picture:
        """The picture at `seconds`."""
        ys, xs = np.mgrid[0 : 1 : height * 1j, 0 : 1 : width * 1j]
        wave = np.sin(self._waves[0] * xs + self._waves[1] * ys + self._speed * seconds)
        share = (wave > 0.0).astype(float) if self._sharp else 0.5 + 0.5 * wave
        mixed = share[..., None] * self._colours[0] + (1.0 - share[..., None]) * self._colours[1]
        picture = np.asarray(mixed, dtype=np.uint8)
        centre = (int((0.5 + 0.4 * np.sin(seconds)) * width), int((0.5 + 0.4 * np.cos(1.3 * seconds)) * height))
        cv2.circle(picture, centre, height // 8, tuple(int(part) for part in self._colours[2]), -1)
        return picture


SECOND_STYLE_NEGATIVES: tuple[Callable[[int], "_Strollers | _Tour | _Patterns"], ...] = (_Strollers, _Tour, _Patterns)
"""Films that are no dives."""
