"""What stands behind a dive: hall, crowd, deck and pool as one tall picture of the world; the platform before it."""

from collections.abc import Callable
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from divescore.lab.rendering.camera import Picture, Viewport

_LEFT, _RIGHT = -7.0, 9.0
_BOTTOM = -6.0
_PER_METRE = 22


@dataclass
class Scenery:
    """The world's picture (RGB, `_PER_METRE` pixels a metre, y down from `top`), and the platform's looks."""

    picture: Picture
    top: float
    platform: tuple[int, int, int]
    height: float
    far_edge: float
    """Height on the picture where the pool's far edge lies, metres."""
    parallax: float

    def backdrop(self, view: Viewport, width: int, height: int) -> Picture:
        """The part that the camera sees, as RGB [height, width, 3]."""
        scale = height / view.height
        ratio = scale / _PER_METRE
        left = self.parallax * view.x - 0.5 * width / scale - _LEFT
        top = self.top - (view.y + 0.5 * view.height)
        matrix = np.array([[ratio, 0.0, -left * scale], [0.0, ratio, -top * scale]])
        flags = cv2.INTER_LINEAR if ratio > 0.7 else cv2.INTER_AREA
        seen = cv2.warpAffine(self.picture, matrix, (width, height), flags=flags, borderMode=cv2.BORDER_REFLECT_101)
        blur = int(view.speed * height * 0.02)
        if blur >= 2:
            seen = cv2.blur(seen, (1, blur))
        return np.asarray(seen, dtype=np.uint8)


def _colour(rng: np.random.Generator, base: tuple[int, int, int], spread: int) -> tuple[int, int, int]:
    values = np.clip(np.array(base) + rng.integers(-spread, spread + 1, 3), 0, 255)
    return int(values[0]), int(values[1]), int(values[2])


def _noise(rng: np.random.Generator, height: int, width: int, cell: int) -> NDArray[np.float32]:
    small = rng.normal(0.0, 1.0, (max(height // cell, 2), max(width // cell, 2))).astype(np.float32)
    return np.asarray(cv2.resize(small, (width, height), interpolation=cv2.INTER_CUBIC), dtype=np.float32)


def build_scenery(rng: np.random.Generator, height: float) -> Scenery:
    """A hall at random for a platform of `height` metres."""
    top = height + 6.0
    rows, columns = round((top - _BOTTOM) * _PER_METRE), round((_RIGHT - _LEFT) * _PER_METRE)
    picture = np.empty((rows, columns, 3), dtype=np.uint8)
    picture[:] = _colour(rng, [(60, 90, 130), (150, 155, 160), (70, 70, 75), (190, 200, 215)][rng.integers(4)], 40)
    far_edge = float(rng.uniform(0.6, 3.2))

    def row(metres: float) -> int:
        return int(np.clip(round((top - metres) * _PER_METRE), 0, rows))

    _draw_hall(rng, picture, row(far_edge + 0.5))
    _draw_stands(rng, picture, row, far_edge, top)
    deck = row(far_edge + float(rng.uniform(0.2, 0.7)))
    picture[deck : row(far_edge)] = _colour(rng, (195, 190, 175), 40)
    _draw_pool(rng, picture, row(far_edge))
    platform = _colour(rng, [(190, 185, 170), (225, 225, 220), (90, 130, 170), (120, 120, 125)][rng.integers(4)], 25)
    return Scenery(picture, top, platform, height, far_edge, float(rng.uniform(0.75, 1.0)))


def _draw_hall(rng: np.random.Generator, picture: Picture, until: int) -> None:
    columns = picture.shape[1]
    for _ in range(int(rng.integers(3, 12))):
        x, width = int(rng.integers(0, columns)), int(rng.integers(6, 160))
        y, height = int(rng.integers(-20, max(until, 1))), int(rng.integers(4, 140))
        grey = int(rng.integers(20, 235))
        colour = _colour(rng, (grey, grey, grey), 35)
        cv2.rectangle(picture[:until], (x, y), (x + width, y + height), colour, -1)
    for _ in range(int(rng.integers(0, 6))):
        ends = rng.integers(0, max(columns, until), 4)
        colour = _colour(rng, (150, 150, 155), 90)
        cv2.line(picture[:until], (int(ends[0]), int(ends[1])), (int(ends[2]), int(ends[3])), colour, 3, cv2.LINE_AA)
    shade = 1.0 + 0.08 * _noise(rng, max(until, 2), columns, 24)[: max(until, 1), :, None]
    picture[:until] = np.clip(picture[:until] * shade[:until], 0, 255).astype(np.uint8)


def _draw_stands(
    rng: np.random.Generator, picture: Picture, row: Callable[[float], int], far_edge: float, top: float
) -> None:
    for _ in range(int(rng.integers(0, 3))):
        low = float(rng.uniform(far_edge + 0.4, max(top - 3.0, far_edge + 0.6)))
        y0, y1 = row(low + float(rng.uniform(1.0, 4.0))), row(low)
        if y1 - y0 < 6:
            continue
        columns = picture.shape[1]
        shape = ((y1 - y0) // 4 + 1, columns // 4 + 1)
        # People wear all colours, but few of them pure.
        heads = 0.6 * rng.integers(0, 256, (*shape, 1)) + 0.4 * rng.integers(0, 256, (*shape, 3))
        crowd = cv2.resize(heads.astype(np.uint8), (columns, y1 - y0), interpolation=cv2.INTER_LINEAR)
        weight = float(rng.uniform(0.4, 0.85))
        dark = np.array(_colour(rng, (60, 50, 60), 30), dtype=np.float32)
        picture[y0:y1] = (weight * crowd + (1.0 - weight) * dark).astype(np.uint8)
    if rng.random() < 0.6:
        low = float(rng.uniform(far_edge + 0.3, far_edge + 3.0))
        y0, y1 = row(low + float(rng.uniform(0.5, 1.4))), row(low)
        picture[y0:y1] = _colour(rng, (30, 100, 160), 60)
        for _ in range(int(rng.integers(2, 9))):
            x = int(rng.integers(0, picture.shape[1]))
            colour = _colour(rng, (220, 220, 225), 35)
            cv2.circle(picture, (x, (y0 + y1) // 2), max((y1 - y0) // 3, 2), colour, 2, cv2.LINE_AA)


def _draw_pool(rng: np.random.Generator, picture: Picture, edge: int) -> None:
    rows, columns = picture.shape[0] - edge, picture.shape[1]
    near = np.array(_colour(rng, [(25, 120, 205), (40, 150, 200), (20, 90, 170), (60, 150, 170)][rng.integers(4)], 25))
    far = np.clip(near * float(rng.uniform(0.7, 1.2)), 0, 255)
    ramp = np.linspace(0.0, 1.0, rows)[:, None, None]
    ripple = 7.0 * _noise(rng, rows, columns, 6) + 6.0 * _noise(rng, rows, columns, 2) * float(rng.uniform(0.2, 1.0))
    water = far + (near - far) * ramp + ripple[:, :, None]
    picture[edge:] = np.clip(water, 0, 255).astype(np.uint8)
    dark = tuple(int(value) for value in near * 0.55)
    for _ in range(int(rng.integers(0, 5))):
        x, slant = int(rng.integers(0, columns)), int(rng.integers(-30, 31))
        cv2.line(picture, (x, edge), (x + slant, edge + rows), dark, int(rng.integers(3, 9)), cv2.LINE_AA)
    for _ in range(int(rng.integers(0, 3))):
        y = edge + int(rng.integers(4, max(rows, 5)))
        colour = _colour(rng, (200, 210, 190), 50)
        cv2.line(picture, (0, y), (columns, y + int(rng.integers(-10, 11))), colour, 2, cv2.LINE_AA)


def draw_platform(picture: Picture, scenery: Scenery, view: Viewport) -> None:
    """Draw the platform and its tower in place, as the camera sees them; the edge is at x = 0."""
    height, width = picture.shape[:2]
    scale = height / view.height

    def pixel(x: float, y: float) -> tuple[int, int]:
        return round(0.5 * width + (x - view.x) * scale), round(0.5 * height - (y - view.y) * scale)

    thin = scenery.height < 4
    depth = 0.08 if thin else 0.35
    light = scenery.platform
    dark = (int(light[0] * 0.6), int(light[1] * 0.6), int(light[2] * 0.6))
    x0, y0 = pixel(-9.0, scenery.height)
    x1, y1 = pixel(0.0, scenery.height - depth)
    if y1 >= 0 and y0 < height:
        cv2.rectangle(picture, (x0, y0), (x1, y1), dark, -1)
        cv2.rectangle(picture, (x0, y0), (x1, y0 + max((y1 - y0) // 3, 1)), light, -1)
    left, right = pixel(-4.6, 0)[0], pixel(-3.4 if not thin else -2.6, 0)[0]
    bottom = pixel(0, scenery.far_edge)[1]
    if right > 0 and bottom > y1:
        cv2.rectangle(picture, (left, y1), (right, bottom), dark, -1)
    for rail in (0.5, 0.95):
        cv2.line(
            picture,
            pixel(-5.0, scenery.height + rail),
            pixel(-1.3, scenery.height + rail),
            (210, 210, 215),
            1,
            cv2.LINE_AA,
        )
