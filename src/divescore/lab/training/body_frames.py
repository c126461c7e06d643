"""Frames with a body of skin before anything at all: what the pose estimator learns from beside rendered dives."""

import cv2
import numpy as np
from numpy.typing import NDArray

from divescore.lab.datasets.dataset import Dataset
from divescore.lab.datasets.frame_labels import FRAME_LABEL, FRAME_LABELS, GAPS, JOINTS, PHASES, REACH
from divescore.lab.rendering.camera import Picture
from divescore.lab.training.augment import augmented
from divescore.lab.training.body_library import BodyLibrary, photographs
from divescore.lab.training.body_pictures import PER_METRE, SIDE
from divescore.lab.training.hall_pictures import hall_picture

_REACHES = (0.17, 0.42)
"""Half the side of the square about a body, shares of the picture's height, as rendered dives have it."""
_WEIGHTS = {"head": 0.08, "chest": 0.30, "hip": 0.35, "knee": 0.16, "ankle": 0.06, "hand": 0.05}
"""Shares of the body's weight by the joints that they lie about."""
_CHANGED = 0.3
"""Share of the frames that are changed as much as rendered dives are; the rest, as cameras mostly do."""


class BodyFrames:
    """Frames of the size of a data set's, each with a body of a library before a background at random."""

    def __init__(self, library: BodyLibrary, dataset: Dataset) -> None:
        self._library, self._dataset = library, dataset
        shape = dataset.shape
        self._width, self._height = shape.width, shape.height

    def draw(self, rng: np.random.Generator, aspect: float) -> tuple[Picture, NDArray[np.float32]]:
        """A frame uint8 RGB [H, W, 3] of a film of that aspect, and its labels [len(FRAME_LABELS)]."""
        picture = self._background(rng)
        reach = float(rng.uniform(*_REACHES))
        place = rng.uniform((0.2, 0.2), (0.8, 0.8))
        if rng.random() < 0.25:
            self._add_another(picture, rng, place, reach, aspect)
        number = int(rng.integers(len(self._library)))
        labels = self._paste(picture, rng, number, place, reach, aspect)
        picture = augmented(picture[None], rng)[0] if rng.random() < _CHANGED else _developed(picture, rng)
        if rng.random() < 0.5:
            quality = [cv2.IMWRITE_JPEG_QUALITY, int(rng.integers(12, 80))]
            encoded = cv2.imencode(".jpg", picture, quality)[1]
            picture = np.asarray(cv2.imdecode(encoded, cv2.IMREAD_COLOR), dtype=np.uint8)
        return picture, labels

    def _background(self, rng: np.random.Generator) -> Picture:
        kind = rng.random()
        if kind < 0.45:
            picture = hall_picture(rng, self._width, self._height)
        elif kind < 0.65:
            picture = self._rendered(rng)
        elif kind < 0.88:
            picture = self._photograph(rng)
        else:
            picture = self._patches(rng)
        if rng.random() < 0.35:
            # A camera that pans blurs what it passes.
            size = (1, int(rng.integers(2, 12))) if rng.random() < 0.7 else (int(rng.integers(2, 8)), 1)
            picture = np.asarray(cv2.blur(picture, size), dtype=np.uint8)
        return np.ascontiguousarray(picture, dtype=np.uint8)

    def _rendered(self, rng: np.random.Generator) -> Picture:
        """A frame in which nobody dives: of a film that is no dive, or of a dive before or after it."""
        while True:
            clip, frame = int(rng.integers(len(self._dataset))), int(rng.integers(self._dataset.shape.frames))
            labels = self._dataset.frame_labels[clip, frame]
            if labels[FRAME_LABEL["phase"]] != PHASES.index("flight"):
                break
        return self._cut(self._dataset.frame(clip, frame), rng, 0.5)

    def _photograph(self, rng: np.random.Generator) -> Picture:
        photos = photographs()
        picture = self._cut(photos[int(rng.integers(len(photos)))], rng, 0.12)
        if rng.random() < 0.4:
            # Any colours, as of other halls.
            order = rng.permutation(3)
            gains = rng.uniform(0.3, 1.3, 3)
            picture = np.clip(picture[:, :, order] * gains + rng.uniform(-20, 60), 0, 255).astype(np.uint8)
        return picture

    def _cut(self, picture: Picture, rng: np.random.Generator, smallest: float) -> Picture:
        height, width = picture.shape[:2]
        size = float(rng.uniform(smallest, 1.0))
        rows, columns = max(int(size * height), 24), max(int(size * width), 32)
        top, left = int(rng.integers(0, height - rows + 1)), int(rng.integers(0, width - columns + 1))
        part = picture[top : top + rows, left : left + columns]
        if rng.random() < 0.5:
            part = part[:, ::-1]
        return np.asarray(cv2.resize(part, (self._width, self._height), interpolation=cv2.INTER_AREA), dtype=np.uint8)

    def _patches(self, rng: np.random.Generator) -> Picture:
        """A crowd, boards, water, seats: cells of any size in colours of any kind, one over the other."""
        picture = np.empty((self._height, self._width, 3), dtype=np.uint8)
        picture[:] = rng.integers(0, 256, 3)
        for _ in range(int(rng.integers(1, 4))):
            rows, columns = int(rng.integers(2, 48)), int(rng.integers(2, 64))
            middle, spread = rng.integers(0, 256, 3), float(rng.uniform(5, 90))
            cells = np.clip(rng.normal(middle, spread, (rows, columns, 3)), 0, 255).astype(np.uint8)
            way = cv2.INTER_LINEAR if rng.random() < 0.6 else cv2.INTER_NEAREST
            layer = cv2.resize(cells, (self._width, self._height), interpolation=way)
            y0, y1 = sorted(int(value) for value in rng.integers(0, self._height + 1, 2))
            if rng.random() < 0.3:
                y0, y1 = 0, self._height
            picture[y0:y1] = layer[y0:y1]
        for _ in range(int(rng.integers(0, 7))):
            ends = [int(value) for value in rng.integers(-10, self._width, 4)]
            colour = tuple(int(value) for value in rng.integers(0, 256, 3))
            thick = int(rng.integers(1, 6))
            if rng.random() < 0.5:
                cv2.line(picture, (ends[0], ends[1]), (ends[2], ends[3]), colour, thick, cv2.LINE_AA)
            else:
                cv2.ellipse(
                    picture,
                    (ends[0], ends[1]),
                    (abs(ends[2]) // 5 + 2, abs(ends[3]) // 5 + 2),
                    0,
                    0,
                    360,
                    colour,
                    thick,
                )
        return picture

    def _add_another(
        self, picture: Picture, rng: np.random.Generator, place: NDArray[np.float64], reach: float, aspect: float
    ) -> None:
        """Somebody else, away from the diver."""
        angle, far = rng.uniform(0.0, 2.0 * np.pi), rng.uniform(1.0, 2.0) * reach
        other = place + far * np.array([np.cos(angle) / aspect, np.sin(angle)])
        number = int(rng.integers(len(self._library)))
        self._paste(picture, rng, number, other, reach * float(rng.uniform(0.4, 1.0)), aspect)

    def _paste(
        self,
        picture: Picture,
        rng: np.random.Generator,
        number: int,
        place: NDArray[np.float64],
        reach: float,
        aspect: float,
    ) -> NDArray[np.float32]:
        """Put a body in place with its centre of mass at `place`; its labels."""
        joints = self._library.joints[number].astype(np.float64)
        middles = joints.mean(axis=1)
        weights = np.array([_WEIGHTS[name] for name in JOINTS])
        centre = weights @ middles
        down = reach * self._height / REACH / PER_METRE
        across = reach * self._width / aspect / REACH / PER_METRE
        mirrored = -1.0 if rng.random() < 0.5 else 1.0
        x, y = place[0] * self._width - 0.5, place[1] * self._height - 0.5
        cover = self._blurred(self._library.pictures[number], rng)
        matrix = np.array(
            [[mirrored * across, 0.0, x - mirrored * across * centre[0]], [0.0, down, y - down * centre[1]]]
        )
        size = (self._width, self._height)
        drawn = cv2.warpAffine(cover, matrix, size, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_CONSTANT)
        alpha = drawn[:, :, 3:]
        picture[:] = np.clip(drawn[:, :, :3] + picture * (1.0 - alpha), 0.0, 255.0).astype(np.uint8)
        away = (middles - centre) / (PER_METRE * REACH) * np.array([mirrored, 1.0])
        labels = np.zeros(len(FRAME_LABELS), dtype=np.float32)
        trunk = away[JOINTS.index("chest")] - away[JOINTS.index("hip")]
        trunk /= max(float(np.hypot(*trunk)), 1e-6)
        named = {
            "present": 1.0,
            "x": place[0],
            "y": place[1],
            "reach": reach,
            "body_seen": 1.0,
            "lean_sin": trunk[0],
            "lean_cos": -trunk[1],
            "hip_angle": self._library.hips[number] / np.pi,
            "knee_angle": self._library.knees[number] / np.pi,
            "phase": PHASES.index("flight"),
        }
        for index, name in enumerate(JOINTS):
            named |= {f"{name}_x": away[index, 0], f"{name}_y": away[index, 1], f"{name}_seen": 1.0}
            if name in GAPS:
                gap = np.hypot(*(joints[index, 0] - joints[index, 1])) / (PER_METRE * REACH)
                named[f"{name}_gap"] = float(gap)
        for name, value in named.items():
            labels[FRAME_LABEL[name]] = value
        return labels

    def _blurred(self, body: NDArray[np.uint8], rng: np.random.Generator) -> NDArray[np.float32]:
        """RGB and cover of a body as a shutter sees it that turns and falls, RGB times cover [SIDE, SIDE, 4]."""
        cover = body.astype(np.float32)
        cover[:, :, 3] /= 255.0
        cover[:, :, :3] *= cover[:, :, 3:] * float(rng.uniform(0.75, 1.25))
        if rng.random() < 0.6:
            turn, fall = float(rng.normal(0.0, 6.0)), float(rng.normal(0.0, 1.5))
            steps = np.zeros_like(cover)
            for share in (-1.0, -0.33, 0.33, 1.0):
                matrix = cv2.getRotationMatrix2D((0.5 * SIDE, 0.5 * SIDE), share * turn, 1.0)
                matrix[1, 2] += share * fall
                steps += cv2.warpAffine(cover, matrix, (SIDE, SIDE), flags=cv2.INTER_LINEAR)
            cover = steps / 4.0
        if rng.random() < 0.7:
            cover = np.asarray(cv2.GaussianBlur(cover, (0, 0), float(rng.uniform(0.4, 1.2))), dtype=np.float32)
        return np.asarray(cover, dtype=np.float32)


def _developed(picture: Picture, rng: np.random.Generator) -> Picture:
    """A picture with a camera's usual mistakes in light, colour and grain."""
    saturation, gains = float(rng.uniform(0.65, 1.2)), rng.uniform(0.85, 1.15) * rng.uniform(0.93, 1.07, 3)
    mixing = saturation * np.eye(3) + (1.0 - saturation) / 3.0
    offsets = rng.uniform(-15.0, 15.0) + rng.normal(0.0, 3.0, 3)
    changed = cv2.transform(picture, np.hstack([gains[:, None] * mixing, offsets[:, None]]))
    if rng.random() < 0.4:
        grain = rng.normal(0.0, rng.uniform(0.5, 4.0), picture.shape)
        changed = np.clip(changed + grain, 0, 255)
    return np.asarray(changed, dtype=np.uint8)
