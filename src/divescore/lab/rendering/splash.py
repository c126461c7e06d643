"""The water's answer to an entry: drops thrown up, a boil of foam, bubbles below. Its size follows the entry."""

import cv2
import numpy as np

from divescore.lab.rendering.camera import Picture, Viewport


class Splash:
    """A splash at `x` metres from the edge that begins at `start` seconds; `size` 0 (a rip) to 1 (a flop)."""

    def __init__(self, x: float, start: float, size: float, rng: np.random.Generator) -> None:
        self._x, self._start, self._size = x, start, size
        count = int(24 + 190 * size)
        self._delays = rng.uniform(0.0, 0.18, count)
        self._speeds = (1.2 + 5.4 * size) * rng.uniform(0.35, 1.0, count) + 0.6
        self._angles = rng.normal(0.0, 0.10 + 0.42 * size, count)
        self._roots = rng.normal(0.0, 0.08 + 0.28 * size, count)
        self._radii = rng.uniform(0.015, 0.045 + 0.05 * size, count)
        self._whites = rng.integers(205, 256, count)
        self._blobs = rng.normal(0.0, 1.0, (int(6 + 14 * size), 3))

    def draw(self, picture: Picture, view: Viewport, seconds: float) -> None:
        """Draw it in place as the camera sees it at `seconds`."""
        age = seconds - self._start
        if age <= 0:
            return
        height, width = picture.shape[:2]
        scale = height / view.height
        x0, y0 = 0.5 * width + (self._x - view.x) * scale, 0.5 * height + view.y * scale
        self._draw_foam(picture, x0, y0, scale, age)
        ages = age - self._delays
        rise = self._speeds * np.cos(self._angles) * ages - 0.5 * 9.81 * ages**2
        across = self._roots + self._speeds * np.sin(self._angles) * ages
        for i in np.flatnonzero((ages > 0) & (rise > -0.05)):
            centre = (int(x0 + across[i] * scale), int(y0 - rise[i] * scale))
            white = int(self._whites[i])
            cv2.circle(picture, centre, max(int(self._radii[i] * scale), 1), (white - 12, white - 4, white), -1)

    def _draw_foam(self, picture: Picture, x0: float, y0: float, scale: float, age: float) -> None:
        reach = (0.18 + 0.75 * self._size) * (0.4 + min(age, 1.2) ** 0.5) * scale
        left, right = int(x0 - 2 * reach), int(x0 + 2 * reach) + 1
        upper, lower = int(y0 - 0.7 * reach), int(y0 + 1.6 * reach) + 1
        left, upper = max(left, 0), max(upper, 0)
        right, lower = min(right, picture.shape[1]), min(lower, picture.shape[0])
        if right - left < 2 or lower - upper < 2:
            return
        patch = picture[upper:lower, left:right]
        mask = np.zeros(patch.shape[:2], dtype=np.uint8)
        cx, cy = int(x0 - left), int(y0 - upper)
        cv2.ellipse(mask, (cx, cy), (max(int(reach), 1), max(int(0.28 * reach), 1)), 0, 0, 360, 190, -1)
        for blob in self._blobs:
            place = (int(cx + 0.55 * reach * blob[0]), int(cy + 0.16 * reach * blob[1] + 0.12 * reach))
            cv2.circle(mask, place, max(int(0.13 * reach * (1.2 + 0.4 * blob[2])), 1), 235, -1)
        if age < 1.2:
            plume = (max(int(0.3 * reach), 1), max(int(1.1 * reach), 1))
            cv2.ellipse(mask, (cx, cy + plume[1] // 2), plume, 0, 0, 360, 90, -1)
        soft = cv2.blur(mask, (3, 3))
        weight = (soft.astype(np.float32) / 255.0 * max(1.0 - 0.45 * age, 0.25))[:, :, None]
        patch[:] = (patch + (np.array([228, 240, 250], dtype=np.float32) - patch) * weight).astype(np.uint8)
