"""A dive drawn frame by frame, at any time and size, without encoding it."""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from divescore.difficulty import difficulty_of
from divescore.dives import Dive
from divescore.judging import score_of
from divescore.lab.rendering.body import Capsule
from divescore.lab.rendering.camera import Camera, Picture, Viewport
from divescore.lab.rendering.flaws import Flaws, random_marks
from divescore.lab.rendering.motion import Motion
from divescore.lab.rendering.scenery import build_scenery, draw_platform
from divescore.lab.rendering.splash import Splash

_SKINS = ((236, 188, 150), (222, 168, 128), (190, 132, 96), (140, 92, 62), (98, 64, 44))
_GRAIN_SHAPE = (288, 480, 3)
_HAIR = ((40, 30, 25), (90, 60, 35), (170, 130, 70), (25, 25, 28))


@dataclass(frozen=True)
class GroundTruth:
    """What a rendered dive is, known because it was drawn: the dive, what went wrong, what seven judges gave."""

    dive: Dive
    height: float
    """Metres above the water."""
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
        hair = np.array(_HAIR[rng.integers(len(_HAIR))])
        suit = rng.integers(10, 220, 3)
        # Women's suits cover the trunk, men's the hips.
        trunk = suit if rng.random() < 0.5 else self._skin
        self._colours = {"suit": suit, "trunk": trunk, "hair": hair}
        self._light = float(rng.uniform(0.8, 1.15))
        strength = float(rng.uniform(1.0, 5.0))
        self._grain = np.clip(rng.normal(0.0, strength, _GRAIN_SHAPE), -127, 127).astype(np.int8)

    def draw_body(self, picture: Picture, limbs: list[Capsule], view: Viewport) -> None:
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
        colour = np.asarray(self._colours.get(limb.part, self._skin), dtype=np.float64)
        # What is farther away lies in shade.
        return colour * (1.0 if limb.depth >= -0.05 or limb.part in self._colours else 0.84)

    def develop(self, picture: Picture, seconds: float) -> Picture:
        """The picture under this clip's light, with its grain."""
        height, width = picture.shape[:2]
        rows, columns = self._grain.shape[:2]
        grain = self._grain
        if height >= rows or width >= columns:
            grain = np.tile(grain, (height // rows + 2, width // columns + 2, 1))
        step = int(seconds * 9973)
        top, left = step % (grain.shape[0] - height), step * 7 % (grain.shape[1] - width)
        lit = cv2.convertScaleAbs(picture, alpha=self._light)
        return np.asarray(cv2.add(lit, grain[top : top + height, left : left + width], dtype=cv2.CV_8U), dtype=np.uint8)


class RenderedDive:
    """One dive of a seed; `frame` draws it at any time."""

    def __init__(self, dive: Dive, flaws: Flaws, height: float, seed: int) -> None:
        rng = np.random.default_rng([seed, 1])
        marks, execution = random_marks(rng, flaws.execution)
        self.truth = GroundTruth(dive, height, flaws, marks, execution, difficulty_of(dive, height))
        self.motion = Motion(dive, flaws, height, rng)
        self._camera = Camera(self.motion, rng)
        self._scenery = build_scenery(rng, height)
        timing = self.motion.timing
        self.entry_x = self.motion.drift * (timing.entry - timing.take_off)
        size = float(np.clip(0.78 * flaws.splash + 0.22 * flaws.angle + rng.normal(0.0, 0.02), 0.0, 1.0))
        # Hands meet the water a little before the rest of the body.
        self.splash_size = size
        self._splash = Splash(self.entry_x, timing.entry + 0.02, size, rng)
        self._painter = Painter(rng)
        self.mirrored = bool(rng.random() < 0.5)
        self._overhead = rng.random() < 0.35 and height > 4
        self._boards = [tuple(rng.uniform(0.0, 1.0, 3)) for _ in range(int(rng.integers(0, 4)))]
        self._cut = timing.entry - float(rng.uniform(0.05, 0.3))
        self._close_up = float(rng.uniform(0.05, 0.35)) if rng.random() < 0.25 else 0.0
        # Broadcasters like to show the splash in slow motion.
        slow = float(rng.uniform(1.5, 3.0)) if rng.random() < 0.2 else 1.0
        self._slow_from = timing.entry + float(rng.uniform(0.15, 0.4))
        self._slow = slow
        self.seconds = self._slow_from + (timing.end - self._slow_from) * slow

    def moment(self, seconds: float) -> float:
        """The time of the motion that the film shows at `seconds`."""
        if seconds <= self._slow_from:
            return seconds
        return self._slow_from + (seconds - self._slow_from) / self._slow

    def view(self, moment: float) -> Viewport | None:
        """What the camera sees of the dive at a moment of the motion; None while it shows the diver's face."""
        if moment < self._close_up:
            return None
        view = self._camera.at(moment)
        if self._overhead and moment > self._cut:
            return Viewport(view.x, 0.35, 4.4)
        return view

    def frame(self, seconds: float, width: int, height: int) -> Picture:
        """The picture at `seconds`, uint8 RGB [height, width, 3]."""
        moment = self.moment(seconds)
        view = self.view(moment)
        if view is None:
            # Broadcasts often begin on the diver's face.
            view = Viewport(self._camera.at(moment).x - 0.3, self.truth.height + 1.35, 1.3)
        if self._overhead and moment > self._cut:
            # A camera above the pool: nothing but water behind, and the lower boards at its side.
            above = Viewport(view.x, -2.6 + 0.1 * self._camera.at(0.0).y, view.height)
            picture = self._scenery.backdrop(above, width, height)
            self._draw_boards(picture)
        else:
            picture = self._scenery.backdrop(view, width, height)
            draw_platform(picture, self._scenery, view)
        self._painter.draw_body(picture, self.motion.at(moment).limbs, view)
        self._splash.draw(picture, view, moment)
        if self.mirrored:
            picture = np.ascontiguousarray(picture[:, ::-1])
        return self._painter.develop(picture, seconds)

    def _draw_boards(self, picture: Picture) -> None:
        height, width = picture.shape[:2]
        colour = tuple(int(value) for value in self._scenery.platform)
        for place, length, thickness in self._boards:
            top = int(place * height)
            cv2.rectangle(
                picture,
                (0, top),
                (int((0.05 + 0.25 * length) * width), top + int((0.02 + 0.05 * thickness) * height)),
                colour,
                -1,
            )
