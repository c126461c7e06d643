"""What real cameras do to a clip, done to rendered ones while training: light, colour, cut, focus, grain.

On 8-bit pictures by OpenCV, which is ten times cheaper here than the same on tensors.
"""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from divescore.lab.datasets.frame_labels import FRAME_LABEL

Pictures = NDArray[np.uint8]
Values = NDArray[np.float32]
_SMALLEST = 0.78
_GRAIN = 24
"""Pixels by which the grain is moved from frame to frame."""
_X = [FRAME_LABEL["x"], FRAME_LABEL["edge_x"]]
_Y = [FRAME_LABEL["y"], FRAME_LABEL["edge_y"], FRAME_LABEL["water"]]
_SEEN = {"edge_seen": ("edge_x", "edge_y"), "water_seen": ("water",)}


@dataclass(frozen=True)
class Crop:
    """The part of the picture that is shown instead of the whole: its corner and its size, shares of the picture."""

    left: float = 0.0
    top: float = 0.0
    size: float = 1.0

    @classmethod
    def draw(cls, rng: np.random.Generator) -> "Crop":
        """A crop at random; every third time the whole picture."""
        if rng.random() < 0.33:
            return cls()
        size = float(rng.uniform(_SMALLEST, 1.0))
        return cls(float(rng.uniform(0.0, 1.0 - size)), float(rng.uniform(0.0, 1.0 - size)), size)

    def picture(self, picture: Pictures) -> Pictures:
        """The part of a picture [H, W, 3], as large as the whole."""
        height, width = picture.shape[:2]
        scale = 1.0 / self.size
        matrix = np.array([[scale, 0.0, -self.left * scale * width], [0.0, scale, -self.top * scale * height]])
        return np.asarray(cv2.warpAffine(picture, matrix, (width, height), flags=cv2.INTER_LINEAR), dtype=np.uint8)

    def frame_labels(self, labels: Values) -> Values:
        """Labels of frames [..., len(FRAME_LABELS)] as they are in the part."""
        moved = labels.copy()
        moved[..., _X] = (labels[..., _X] - self.left) / self.size
        moved[..., _Y] = (labels[..., _Y] - self.top) / self.size
        moved[..., FRAME_LABEL["reach"]] = labels[..., FRAME_LABEL["reach"]] / self.size
        for seen, places in _SEEN.items():
            for place in places:
                value = moved[..., FRAME_LABEL[place]]
                moved[..., FRAME_LABEL[seen]] *= (value > 0.0) & (value < 1.0)
        x, y, present = moved[..., FRAME_LABEL["x"]], moved[..., FRAME_LABEL["y"]], moved[..., FRAME_LABEL["present"]]
        outside = (x < 0.0) | (x > 1.0) | (y < -0.05) | (y > 1.05)
        moved[..., FRAME_LABEL["present"]] = np.where((present > 0.0) & outside, 0.0, present)
        return moved


def augmented(pictures: Pictures, rng: np.random.Generator) -> Pictures:
    """Change focus, saturation, contrast, light, cast and grain of uint8 RGB [T, H, W, 3], alike in all frames."""
    frames, height, width = pictures.shape[:3]
    if rng.random() < 0.3:
        sigma = float(rng.uniform(0.4, 1.0))
        pictures = np.stack([cv2.GaussianBlur(frame, (0, 0), sigma) for frame in pictures]).astype(np.uint8)
    saturation = 0.0 if rng.random() < 0.08 else rng.uniform(0.3, 1.4)
    mixing = saturation * np.eye(3) + (1.0 - saturation) / 3.0
    gains = rng.uniform(0.65, 1.35) * rng.uniform(0.75, 1.25, 3)
    middle = float(pictures[::8, ::4, ::4].mean())
    offsets = middle * (rng.uniform(0.8, 1.2) - gains) + rng.uniform(-25.0, 25.0)
    matrix = np.hstack([gains[:, None] * mixing, offsets[:, None]])
    sheet = cv2.transform(pictures.reshape(frames * height, width, 3), matrix)
    developed = np.asarray(sheet, dtype=np.uint8).reshape(frames, height, width, 3)
    if rng.random() < 0.5:
        strength = float(rng.uniform(0.5, 9.0))
        noise = rng.standard_normal((height + _GRAIN, width + _GRAIN, 3), dtype=np.float32)
        grain = np.clip(strength * noise, -127, 127).astype(np.int8)
        for frame, (top, left) in zip(developed, rng.integers(0, _GRAIN, (frames, 2)), strict=True):
            cv2.add(frame, grain[top : top + height, left : left + width], dst=frame, dtype=cv2.CV_8U)
    return developed
