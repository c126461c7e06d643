"""A dive drawn frame by frame, at any time and size, without encoding it."""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from divescore.dives import Dive
from divescore.scoring.difficulty import difficulty_of
from divescore.scoring.judging import score_of
from divescore.training.body import Capsule
from divescore.training.camera import Camera, View
from divescore.training.choreography import Choreography
from divescore.training.flaws import Flaws, judge
from divescore.training.scenery import build_scenery, draw_platform
from divescore.training.splash import Splash

Picture = NDArray[np.uint8]

_SKINS = ((236, 188, 150), (222, 168, 128), (190, 132, 96), (140, 92, 62), (98, 64, 44))
_HAIR = ((40, 30, 25), (90, 60, 35), (170, 130, 70), (25, 25, 28))


@dataclass(frozen=True)
class Drawn:
    """What was drawn: labels of a rendered dive."""

    dive: Dive
    height: float
    flaws: Flaws
    marks: list[float]
    execution: float
    difficulty: float

    @property
    def score(self) -> float:
        """Points."""
        return score_of(self.execution, self.difficulty)


class Painter:
    """The looks of one clip: the colours of a body, the light, the grain of the film."""

    def __init__(self, rng: np.random.Generator) -> None:
        self._skin = np.clip(np.array(_SKINS[rng.integers(len(_SKINS))]) + rng.integers(-14, 15, 3), 0, 255)
        self._hair = np.array(_HAIR[rng.integers(len(_HAIR))])
        self._suit = rng.integers(10, 220, 3)
        self._light = float(rng.uniform(0.8, 1.15))
        self._grain = rng.normal(0.0, float(rng.uniform(1.0, 5.0)), (64, 512, 3)).astype(np.float32)

    def draw_body(self, picture: Picture, limbs: list[Capsule], view: View) -> None:
        """Draw limbs in place as the camera sees them; nothing of them shows below the surface."""
        height, width = picture.shape[:2]
        scale = height / view.height
        offset = np.array([0.5 * width - view.x * scale, 0.5 * height + view.y * scale])
        for limb in limbs:
            a, b = limb.a, limb.b
            if a[1] < 0 and b[1] < 0:
                continue
            if a[1] < 0 or b[1] < 0:
                above, below = (a, b) if a[1] >= 0 else (b, a)
                b = above + (below - above) * (above[1] / (above[1] - below[1]))
                a = above
            colour = self._colour_of(limb)
            start = (offset + a * [scale, -scale]) * 8
            end = (offset + b * [scale, -scale]) * 8
            thick = max(round(2 * limb.radius * scale), 1)
            first, last = (int(start[0]), int(start[1])), (int(end[0]), int(end[1]))
            shade = tuple(int(value * 0.62) for value in colour)
            cv2.line(picture, first, last, shade, thick, cv2.LINE_AA, 3)
            if thick > 2:
                # Light falls from above: the upper side of each limb is brighter.
                lift = int(0.22 * thick * 8)
                light = tuple(int(value) for value in colour)
                above_a, above_b = (first[0], first[1] - lift), (last[0], last[1] - lift)
                cv2.line(picture, above_a, above_b, light, max(round(0.6 * thick), 1), cv2.LINE_AA, 3)

    def _colour_of(self, limb: Capsule) -> NDArray[np.float64]:
        if limb.part == "suit":
            return np.asarray(self._suit, dtype=np.float64)
        if limb.part == "head":
            return np.asarray(0.5 * self._hair + 0.5 * self._skin, dtype=np.float64)
        # What is farther away lies in shade.
        return np.asarray(self._skin * (1.0 if limb.depth >= -0.05 else 0.84), dtype=np.float64)

    def develop(self, picture: Picture, seconds: float) -> Picture:
        """The picture under this clip's light, with its grain."""
        height, width = picture.shape[:2]
        rows, columns = self._grain.shape[:2]
        shift = int(seconds * 9973) % columns
        tile = np.roll(self._grain, shift, axis=1)
        grain = np.tile(tile, (height // rows + 1, width // columns + 1, 1))[:height, :width]
        return np.asarray(np.clip(picture * self._light + grain, 0, 255), dtype=np.uint8)


class RenderedDive:
    """One dive of a seed; `frame` draws it at any time."""

    def __init__(self, dive: Dive, flaws: Flaws, height: float, seed: int) -> None:
        rng = np.random.default_rng([seed, 1])
        marks, execution = judge(rng, flaws.execution)
        self.drawn = Drawn(dive, height, flaws, marks, execution, difficulty_of(dive))
        self._motion = Choreography(dive, flaws, height, rng)
        self._camera = Camera(self._motion, rng)
        self._scenery = build_scenery(rng, height)
        timing = self._motion.timing
        self.seconds = timing.end
        x = self._motion.drift * (timing.entry - timing.take_off)
        size = float(np.clip(0.78 * flaws.splash + 0.22 * flaws.angle + rng.normal(0.0, 0.02), 0.0, 1.0))
        # Hands meet the water a little before the rest of the body.
        self._splash = Splash(x, timing.entry + 0.02, size, rng)
        self._painter = Painter(rng)
        self._mirrored = bool(rng.random() < 0.5)
        self._overhead = rng.random() < 0.35 and height > 4
        self._cut = timing.entry - float(rng.uniform(0.05, 0.3))
        self._close_up = float(rng.uniform(0.05, 0.35)) if rng.random() < 0.25 else 0.0

    def frame(self, seconds: float, width: int, height: int) -> Picture:
        """The picture at `seconds`, uint8 RGB [height, width, 3]."""
        view = self._camera.at(seconds)
        if seconds < self._close_up:
            # Broadcasts often begin on the diver's face.
            view = View(view.x - 0.3, self.drawn.height + 1.35, 1.3)
        if self._overhead and seconds > self._cut:
            # A camera above the pool: nothing but water behind.
            view = View(view.x, -2.6 + 0.1 * self._camera.at(0.0).y, 4.4)
            picture = self._scenery.backdrop(view, width, height)
            view = View(view.x, 0.35, view.height)
        else:
            picture = self._scenery.backdrop(view, width, height)
            draw_platform(picture, self._scenery, view)
        instant = self._motion.at(seconds)
        self._painter.draw_body(picture, instant.limbs, view)
        self._splash.draw(picture, view, seconds)
        if self._mirrored:
            picture = np.ascontiguousarray(picture[:, ::-1])
        return self._painter.develop(picture, seconds)
