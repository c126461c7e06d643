"""Negative examples: films that are no dives, for the gate to learn from; drawn as a rendered dive is."""

from collections.abc import Callable
from typing import Protocol

import cv2
import numpy as np

from divescore.lab.rendering.body import Pose, capsules
from divescore.lab.rendering.camera import Picture, Viewport
from divescore.lab.rendering.dive import Painter
from divescore.lab.rendering.random_dives import random_rendered_dive
from divescore.lab.rendering.scenery import build_scenery, draw_platform
from divescore.lab.rendering.splash import Splash


class Film(Protocol):
    """Anything that can be drawn at a time."""

    seconds: float

    def frame(self, seconds: float, width: int, height: int) -> Picture:
        """The picture at `seconds`, uint8 RGB [height, width, 3]."""
        ...


class Noise:
    """Flickering noise of any grain."""

    def __init__(self, seed: int) -> None:
        rng = np.random.default_rng([seed, 2])
        self.seconds = float(rng.uniform(2.0, 5.0))
        self._seed, self._cell = seed, int(rng.integers(1, 12))

    def frame(self, seconds: float, width: int, height: int) -> Picture:
        """Noise, another at each time."""
        rng = np.random.default_rng([self._seed, int(seconds * 1000)])
        small = rng.integers(0, 256, (height // self._cell + 1, width // self._cell + 1, 3)).astype(np.uint8)
        return np.asarray(cv2.resize(small, (width, height), interpolation=cv2.INTER_NEAREST), dtype=np.uint8)


class Still:
    """A picture of a hall, a pool or plain colour that does not move, but for the grain."""

    def __init__(self, seed: int) -> None:
        rng = np.random.default_rng([seed, 2])
        self.seconds = float(rng.uniform(2.0, 5.0))
        self._scenery = build_scenery(rng, float(rng.choice([3.0, 10.0])))
        self._view = Viewport(float(rng.uniform(-2, 4)), float(rng.uniform(-2, 12)), float(rng.uniform(2.5, 9)))
        self._platform = bool(rng.random() < 0.6)
        self._colour = rng.integers(0, 256, 3) if rng.random() < 0.25 else None
        self._painter = Painter(rng)

    def frame(self, seconds: float, width: int, height: int) -> Picture:
        """The same picture at every time."""
        if self._colour is not None:
            return np.full((height, width, 3), self._colour, dtype=np.uint8)
        picture = self._scenery.backdrop(self._view, width, height)
        if self._platform:
            draw_platform(picture, self._scenery, self._view)
        return self._painter.develop(picture, seconds)


class Pan:
    """A camera that moves through the hall, as in a dive, with nobody in it."""

    def __init__(self, seed: int) -> None:
        rng = np.random.default_rng([seed, 2])
        self.seconds = float(rng.uniform(2.0, 5.0))
        self._scenery = build_scenery(rng, 10.0)
        self._heights = (float(rng.uniform(-1, 12)), float(rng.uniform(-1, 12)))
        self._xs = (float(rng.uniform(-2, 3)), float(rng.uniform(-2, 3)))
        self._view = float(rng.uniform(3.0, 7.0))
        self._painter = Painter(rng)

    def frame(self, seconds: float, width: int, height: int) -> Picture:
        """The hall from where the camera has got to."""
        share = 0.5 - 0.5 * np.cos(np.pi * min(seconds / self.seconds, 1.0))
        x = self._xs[0] + share * (self._xs[1] - self._xs[0])
        y = self._heights[0] + share * (self._heights[1] - self._heights[0])
        view = Viewport(x, y, self._view)
        picture = self._scenery.backdrop(view, width, height)
        draw_platform(picture, self._scenery, view)
        return self._painter.develop(picture, seconds)


class Shapes:
    """Balls and boxes that bounce about."""

    def __init__(self, seed: int) -> None:
        rng = np.random.default_rng([seed, 2])
        self.seconds = float(rng.uniform(2.0, 5.0))
        self._scenery = build_scenery(rng, 3.0)
        self._view = Viewport(float(rng.uniform(-2, 4)), float(rng.uniform(-2, 5)), float(rng.uniform(2.5, 7)))
        count = int(rng.integers(1, 7))
        self._places, self._speeds = rng.random((count, 2)), rng.normal(0.0, 0.5, (count, 2))
        self._sizes, self._colours = rng.uniform(0.02, 0.16, count), rng.integers(0, 256, (count, 3))
        self._round = rng.random(count) < 0.5
        self._painter = Painter(rng)

    def frame(self, seconds: float, width: int, height: int) -> Picture:
        """The shapes where they have got to; they come back from the picture's edges."""
        picture = self._scenery.backdrop(self._view, width, height)
        folded = np.abs((self._places + self._speeds * seconds) % 2.0 - 1.0)
        for place, size, colour, is_round in zip(folded, self._sizes, self._colours, self._round, strict=True):
            x, y, radius = int(place[0] * width), int(place[1] * height), max(int(size * height), 1)
            paint = (int(colour[0]), int(colour[1]), int(colour[2]))
            if is_round:
                cv2.circle(picture, (x, y), radius, paint, -1, cv2.LINE_AA)
            else:
                cv2.rectangle(picture, (x - radius, y - radius), (x + radius, y + radius), paint, -1)
        return self._painter.develop(picture, seconds)


class Person:
    """Someone who walks, stands or waves, on the ground or on the platform, and does not dive."""

    def __init__(self, seed: int) -> None:
        rng = np.random.default_rng([seed, 2])
        self.seconds = float(rng.uniform(2.0, 5.0))
        self._height = float(rng.choice([3.0, 10.0]))
        self._scenery = build_scenery(rng, self._height)
        self._speed = float(rng.choice([0.0, 0.0, 1.0, -1.0])) * float(rng.uniform(0.4, 1.8))
        self._start = float(rng.uniform(-2.5, -0.6))
        self._pace = float(rng.uniform(3, 9))
        self._wave = float(rng.uniform(0, 2.0))
        self._view_height = float(rng.uniform(2.6, 6.5))
        self._follows = bool(rng.random() < 0.5)
        self._painter = Painter(rng)

    def frame(self, seconds: float, width: int, height: int) -> Picture:
        """The person where it has got to."""
        x = self._start + self._speed * seconds
        view = Viewport(x if self._follows else self._start + 0.8, self._height + 0.7, self._view_height)
        picture = self._scenery.backdrop(view, width, height)
        draw_platform(picture, self._scenery, view)
        swing = float(np.sin(self._pace * seconds))
        pose = Pose(
            stride=0.45 * swing * (self._speed != 0), knee=0.25, hip=0.1, shoulder=self._wave * (1.0 + swing), elbow=0.3
        )
        facing = 1.0 if self._speed >= 0 else -1.0
        limbs = capsules(pose, np.array([x, self._height + 0.95]), 0.03, facing, 0.3)
        self._painter.draw_body(picture, limbs, view)
        return self._painter.develop(picture, seconds)


class EmptyPool:
    """Water with splashes here and there, as of swimmers, and no one above it."""

    def __init__(self, seed: int) -> None:
        rng = np.random.default_rng([seed, 2])
        self.seconds = float(rng.uniform(2.0, 5.0))
        self._scenery = build_scenery(rng, 3.0)
        self._view = Viewport(0.5, float(rng.uniform(-1.2, 0.8)), float(rng.uniform(3.0, 6.0)))
        count = int(rng.integers(0, 5))
        self._splashes = [
            Splash(float(rng.uniform(-2, 3)), float(rng.uniform(-1.0, self.seconds)), float(rng.uniform(0.0, 0.6)), rng)
            for _ in range(count)
        ]
        self._painter = Painter(rng)

    def frame(self, seconds: float, width: int, height: int) -> Picture:
        """The water at a time."""
        view = Viewport(self._view.x + 0.1 * float(np.sin(seconds)), self._view.y, self._view.height)
        picture = self._scenery.backdrop(view, width, height)
        for splash in self._splashes:
            splash.draw(picture, view, seconds)
        return self._painter.develop(picture, seconds)


class Cuts:
    """One picture after another, as in an advertisement."""

    def __init__(self, seed: int) -> None:
        rng = np.random.default_rng([seed, 2])
        self.seconds = float(rng.uniform(2.0, 5.0))
        kinds = (Still, Pan, Shapes, Person)
        self._films: list[Film] = [
            kinds[int(rng.integers(len(kinds)))](seed * 16 + i) for i in range(int(rng.integers(2, 9)))
        ]

    def frame(self, seconds: float, width: int, height: int) -> Picture:
        """A picture of the film whose turn it is."""
        turn = min(int(seconds / self.seconds * len(self._films)), len(self._films) - 1)
        return self._films[turn].frame(seconds, width, height)


class CutOff:
    """A dive that ends before the water, or begins when most of it is over."""

    def __init__(self, seed: int) -> None:
        rng = np.random.default_rng([seed, 2])
        self.dive = random_rendered_dive(seed)
        timing = self.dive.motion.timing
        flight = timing.entry - timing.take_off
        if rng.random() < 0.6:
            self.start = 0.0
            self.seconds = timing.take_off + flight * float(rng.uniform(-0.3, 0.7))
        else:
            self.start = timing.take_off + flight * float(rng.uniform(0.4, 1.0))
            self.seconds = self.dive.seconds - self.start

    def frame(self, seconds: float, width: int, height: int) -> Picture:
        """The dive at that time of what is left of it."""
        return self.dive.frame(self.start + seconds, width, height)


NEGATIVES: dict[str, Callable[[int], Film]] = {
    "noise": Noise,
    "still": Still,
    "pan": Pan,
    "shapes": Shapes,
    "person": Person,
    "pool": EmptyPool,
    "cuts": Cuts,
    "cut-off": CutOff,
}


def build_negative(kind: str, seed: int) -> Film:
    """The film of a kind and a seed; KeyError for an unknown kind."""
    return NEGATIVES[kind](seed)
