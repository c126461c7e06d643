"""Pictures of what stands behind a diver in a swimming hall: walls, slabs, seats full of people, boards, water."""

from collections.abc import Callable
from itertools import pairwise

import cv2
import numpy as np
from numpy.typing import NDArray

Picture = NDArray[np.uint8]
_WALLS = (
    (0, 75, 120),
    (20, 110, 140),
    (0, 130, 150),
    (90, 95, 90),
    (60, 60, 55),
    (150, 150, 145),
    (205, 215, 220),
    (35, 45, 60),
)
_WATERS = ((35, 110, 190), (60, 140, 200), (30, 95, 150), (70, 165, 205))
_CLOTHES = (
    (235, 235, 240),
    (235, 235, 240),
    (30, 30, 35),
    (25, 40, 90),
    (180, 30, 40),
    (220, 190, 60),
    (60, 120, 70),
    (120, 120, 125),
)
_SKINS = ((225, 175, 145), (200, 145, 110), (130, 90, 65))
_SIGN = cv2.FONT_HERSHEY_SIMPLEX


def hall_picture(rng: np.random.Generator, width: int, height: int) -> Picture:
    """A hall without a diver, uint8 RGB [height, width, 3]: bands, and what hangs or stands there."""
    picture = np.empty((height, width, 3), dtype=np.uint8)
    edges = np.sort(rng.uniform(-0.2, 1.2, int(rng.integers(0, 4))))
    borders = [0, *(int(np.clip(edge, 0.0, 1.0) * height) for edge in edges), height]
    for number, (top, bottom) in enumerate(pairwise(borders)):
        if bottom <= top:
            continue
        kinds: tuple[Callable[..., None], ...] = (_wall, _crowd, _slabs, _people)
        lowest = number == len(borders) - 2
        drawn = _water if lowest and rng.random() < 0.4 else kinds[rng.choice(4, p=(0.45, 0.22, 0.18, 0.15))]
        drawn(picture[top:bottom], rng)
    for _ in range(int(rng.integers(0, 3))):
        _sign(picture, rng)
    if rng.random() < 0.4:
        _beam(picture, rng)
    return picture


def _near(colour: tuple[int, ...], rng: np.random.Generator, spread: float = 14.0) -> NDArray[np.float64]:
    return np.asarray(np.clip(np.array(colour) * rng.uniform(0.6, 1.25) + rng.normal(0.0, spread, 3), 0, 255))


def _any(colours: tuple[tuple[int, ...], ...], rng: np.random.Generator) -> tuple[int, ...]:
    return colours[int(rng.integers(len(colours)))]


def _shaded(part: Picture, colour: NDArray[np.float64], rng: np.random.Generator, amount: float) -> None:
    rows, columns = part.shape[:2]
    across, down = rng.normal(0.0, amount, 2)
    light = 1.0 + across * np.linspace(-0.5, 0.5, columns)[None, :] + down * np.linspace(-0.5, 0.5, rows)[:, None]
    part[:] = np.clip(colour * light[:, :, None], 0, 255).astype(np.uint8)


def _wall(part: Picture, rng: np.random.Generator) -> None:
    _shaded(part, _near(_any(_WALLS, rng), rng), rng, 0.25)
    rows, columns = part.shape[:2]
    if rng.random() < 0.4:
        step, colour = int(rng.integers(5, 30)), tuple(int(value) for value in _near(_any(_WALLS, rng), rng))
        for column in range(int(rng.integers(0, step)), columns, step):
            cv2.line(part, (column, 0), (column, rows), colour, 1)


def _water(part: Picture, rng: np.random.Generator) -> None:
    _shaded(part, _near(_any(_WATERS, rng), rng), rng, 0.3)
    rows, columns = part.shape[:2]
    ripples = cv2.resize(rng.normal(0.0, 6.0, (max(rows // 3, 2), max(columns // 6, 2))), (columns, rows))
    part[:] = np.clip(part + ripples[:, :, None], 0, 255).astype(np.uint8)
    for _ in range(int(rng.integers(0, 3))):
        ends = [int(value) for value in rng.uniform(-0.2, 1.2, 2) * columns]
        cv2.line(
            part,
            (ends[0], 0),
            (ends[1], rows),
            tuple(int(v) for v in _near((30, 60, 110), rng)),
            int(rng.integers(1, 5)),
        )


def _slabs(part: Picture, rng: np.random.Generator) -> None:
    _shaded(part, _near(_any(_WALLS, rng), rng), rng, 0.2)
    rows, columns = part.shape[:2]
    for _ in range(int(rng.integers(1, 4))):
        corners = np.column_stack((rng.uniform(-0.3, 1.3, 4) * columns, rng.uniform(-0.3, 1.3, 4) * rows))
        colour = tuple(int(value) for value in _near(_any(_WALLS, rng), rng))
        cv2.fillConvexPoly(part, cv2.convexHull(corners.astype(np.int32)), colour)


def _crowd(part: Picture, rng: np.random.Generator) -> None:
    """Rows of people in seats, each a few pixels large."""
    _shaded(part, _near((45, 40, 50), rng), rng, 0.2)
    size = float(rng.uniform(2.2, 7.0))
    rows, columns = part.shape[:2]
    for y in np.arange(0.0, rows + size, 1.25 * size):
        for x in np.arange(0.0, columns, 0.95 * size):
            if rng.random() < 0.88:
                _person(
                    part,
                    rng,
                    float(x + rng.normal(0.0, 0.15 * size)),
                    float(y + rng.normal(0.0, 0.2 * size)),
                    size,
                    1.0,
                )


def _people(part: Picture, rng: np.random.Generator) -> None:
    """A few people who stand or sit nearer by, such as judges."""
    _wall(part, rng)
    rows, columns = part.shape[:2]
    clothes = _any(_CLOTHES, rng)
    for _ in range(int(rng.integers(1, 6))):
        size = float(rng.uniform(7.0, 18.0))
        worn = clothes if rng.random() < 0.7 else None
        _person(part, rng, float(rng.uniform(0, columns)), float(rng.uniform(0.2, 1.0) * rows), size, 2.2, worn)


def _person(
    part: Picture,
    rng: np.random.Generator,
    x: float,
    y: float,
    size: float,
    tall: float,
    worn: tuple[int, ...] | None = None,
) -> None:
    def filled(colour: NDArray[np.float64], centre: tuple[float, float], axes: tuple[float, float]) -> None:
        # In sixteenths of a pixel, as OpenCV draws between pixels.
        place = (round(16 * centre[0]), round(16 * centre[1]))
        reach = (max(round(16 * axes[0]), 8), max(round(16 * axes[1]), 8))
        cv2.ellipse(part, place, reach, 0, 0, 360, colour.tolist(), -1, cv2.LINE_AA, 4)

    filled(_near(worn or _any(_CLOTHES, rng), rng), (x, y + 0.45 * size * tall), (0.42 * size, 0.5 * size * tall))
    if tall > 1.0 and rng.random() < 0.6:
        filled(_near((40, 40, 60), rng), (x, y + 1.2 * size * tall), (0.34 * size, 0.45 * size * tall))
    filled(_near(_any(_SKINS, rng), rng), (x, y - 0.12 * size), (0.22 * size, 0.27 * size))


def _sign(picture: Picture, rng: np.random.Generator) -> None:
    """Rings, letters or a flag's stripes."""
    height, width = picture.shape[:2]
    x, y = int(rng.uniform(-0.1, 1.0) * width), int(rng.uniform(0.0, 1.0) * height)
    colour = _near(
        _any(((235, 240, 245), (235, 240, 245), (200, 40, 50), (240, 210, 60), (20, 20, 30)), rng), rng
    ).tolist()
    kind = rng.random()
    if kind < 0.4:
        radius, thick = int(rng.integers(3, 14)), int(rng.integers(1, 3))
        for number in range(int(rng.integers(1, 6))):
            cv2.circle(
                picture, (x + number * 2 * radius, y + (number % 2) * radius), radius, colour, thick, cv2.LINE_AA
            )
    elif kind < 0.75:
        text = "".join(chr(int(letter)) for letter in rng.integers(65, 91, int(rng.integers(2, 9))))
        cv2.putText(
            picture, text, (x, y), _SIGN, float(rng.uniform(0.25, 0.9)), colour, int(rng.integers(1, 3)), cv2.LINE_AA
        )
    else:
        wide, tall, stripes = int(rng.integers(8, 40)), int(rng.integers(2, 6)), int(rng.integers(2, 7))
        for number in range(stripes):
            shown = _near(_any(_CLOTHES, rng), rng).tolist()
            cv2.rectangle(picture, (x, y + number * tall), (x + wide, y + (number + 1) * tall), shown, -1)


def _beam(picture: Picture, rng: np.random.Generator) -> None:
    """A rail, a pillar or the platform's slab that crosses the picture."""
    height, width = picture.shape[:2]
    colour = _near(_any(_WALLS, rng), rng).tolist()
    ends = rng.uniform(-0.1, 1.1, (2, 2)) * (width, height)
    if rng.random() < 0.5:
        ends[1, int(rng.integers(2))] = ends[0, int(rng.integers(2))]
    first, second = ((round(float(x)), round(float(y))) for x, y in ends)
    cv2.line(picture, first, second, colour, int(rng.integers(1, 9)), cv2.LINE_AA)
