"""What real cameras do to a clip, done to rendered ones while training: light, colour, framing, focus, grain, time.

On 8-bit pictures by OpenCV, which is ten times cheaper here than the same on tensors.
"""

import cv2
import numpy as np
from numpy.typing import NDArray

Clip = NDArray[np.uint8]


def augment(clips: Clip, rng: np.random.Generator) -> Clip:
    """uint8 RGB [B, T, H, W, 3] to the same shape and type, each clip changed in its own way."""
    return np.stack([_augment_one(clip, rng) for clip in clips])


def _augment_one(clip: Clip, rng: np.random.Generator) -> Clip:
    if rng.random() < 0.5:
        clip = _retime(clip, rng)
    if rng.random() < 0.5:
        clip = np.ascontiguousarray(clip[:, :, ::-1])
    if rng.random() < 0.7:
        clip = _crop(clip, rng)
    if rng.random() < 0.35:
        clip = np.stack([cv2.blur(frame, (3, 3)) for frame in clip]).astype(np.uint8)
    return _develop(clip, rng)


def _retime(clip: Clip, rng: np.random.Generator) -> Clip:
    """Drop some of the start and the end, and stutter as dropped frames do."""
    frames = len(clip)
    places = np.linspace(rng.uniform(0.0, 0.06), rng.uniform(0.9, 1.0), frames) * (frames - 1)
    if rng.random() < 0.3:
        places += rng.normal(0.0, 0.35, frames)
    chosen: Clip = clip[np.clip(np.round(places), 0, frames - 1).astype(int)]
    return chosen


def _crop(clip: Clip, rng: np.random.Generator) -> Clip:
    height, width = clip.shape[1:3]
    share = rng.uniform(0.8, 1.0)
    rows, columns = int(height * share), int(width * min(share * rng.uniform(0.94, 1.06), 1.0))
    top, left = int(rng.integers(0, height - rows + 1)), int(rng.integers(0, width - columns + 1))
    cut = clip[:, top : top + rows, left : left + columns]
    return np.stack([cv2.resize(frame, (width, height)) for frame in cut]).astype(np.uint8)


def _develop(clip: Clip, rng: np.random.Generator) -> Clip:
    """Saturation, contrast, light and a cast of colour in one matrix; then grain."""
    frames, height, width = clip.shape[:3]
    saturation = 0.0 if rng.random() < 0.08 else rng.uniform(0.3, 1.4)
    mixing = saturation * np.eye(3) + (1.0 - saturation) / 3.0
    gains = rng.uniform(0.65, 1.35) * rng.uniform(0.75, 1.25, 3)
    middle = float(clip[::8, ::4, ::4].mean())
    offsets = middle * (rng.uniform(0.8, 1.2) - gains) + rng.uniform(-25.0, 25.0)
    matrix = np.hstack([gains[:, None] * mixing, offsets[:, None]])
    sheet = cv2.transform(clip.reshape(frames * height, width, 3), matrix)
    if rng.random() < 0.5:
        grain = rng.integers(-1, 2, (height, width, 3)) * rng.integers(1, 16, (height, width, 3))
        strength = rng.uniform(0.1, 1.0)
        rolls = rng.integers(0, height * width, frames)
        flat = (grain * strength).astype(np.int16).reshape(-1, 3)
        noise = np.concatenate([np.roll(flat, int(roll), axis=0) for roll in rolls]).reshape(sheet.shape)
        sheet = cv2.add(sheet, noise, dtype=cv2.CV_8U)
    return np.asarray(sheet, dtype=np.uint8).reshape(frames, height, width, 3)
