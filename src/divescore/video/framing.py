"""What of a film is picture: found borders that never change, and ends in which nothing moves. On grey pictures alone.

Levels are those of 8 bits. Thresholds are chosen so that a camera that moves, or a sensor's noise, is never taken for
a border or a still: a film is left as it is where there is doubt.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Greys = NDArray[np.uint8]
"""Grey pictures, uint8 [N, H, W]."""

_BLOCKS = (24, 32)
"""Rows and columns of blocks whose means are compared, so that grain and a codec's noise cancel out."""
_MOVED = 2.0
"""Levels that some block's mean changes by when anything moves."""
_STILL_NOISE = 1.5
"""How far above the changes seen within a still its end is told from movement."""
_UNIFORM, _STRAY = 12, 0.003
"""A picture of one colour differs from it by no more levels, but for this share of its pixels."""
_FLAT, _FLAT_SHARE = 10, 0.98
"""A border differs from its own level by no more, in so much of each line."""
_DARK = 44
"""Borders up to this level count on one side alone; others must lie on both sides alike."""
_EDGE = 12.0
"""Mean step, in levels, from a border to the picture."""
_THINNEST, _LEAST_LEFT = 0.03, 0.25
"""Shares of the picture: no border is thinner, and no less is left between two."""
_BLURRED, _STANDING = 0.4, 3.0
"""A blurred border is so much less sharp than the picture, and the step at its edge so much greater than any in it."""
SHORTEST = 0.5
"""Seconds: no shorter still is left out, and no less is left."""
_ROWS_IN_16_BITS = 65535 // 255
_GLANCED_AT = 16
"""Pictures, spread over the film, that tell whether to look for borders: more of them tell the same."""


@dataclass(frozen=True)
class Borders:
    """Shares of the picture that lie outside, by side."""

    top: float = 0.0
    bottom: float = 0.0
    left: float = 0.0
    right: float = 0.0

    def __bool__(self) -> bool:
        return any((self.top, self.bottom, self.left, self.right))


@dataclass(frozen=True)
class Activity:
    """Numbers of the pictures between which something moves, first and last included, and the noise of the stills."""

    first: int
    last: int
    noise: float
    """Levels that blocks' means change by where nothing moves."""


def block_means(greys: Greys) -> NDArray[np.float32]:
    """Means of blocks [N, R, C] of pictures; pictures smaller than that are taken as they are."""
    count, height, width = greys.shape
    rows, columns = min(_BLOCKS[0], height), min(_BLOCKS[1], width)
    high, wide = height // rows, width // columns
    whole = greys[:, : rows * high, : columns * wide].reshape(count, rows, high, columns * wide)
    # Whole rows first: an innermost dimension of a few pixels is too short for the processor's vectors.
    narrow = np.uint16 if high <= _ROWS_IN_16_BITS else np.uint32
    sums = whole.sum(axis=2, dtype=narrow).reshape(count, rows, columns, wide).sum(axis=3, dtype=np.uint32)
    means: NDArray[np.float32] = sums.astype(np.float32) / np.float32(high * wide)
    return means


def uniform(greys: Greys) -> NDArray[np.bool_]:
    """Which pictures [N] show one colour, black as a rule."""
    found = _perhaps_uniform(greys)
    found[found] = [_has_one_colour(picture) for picture in greys[found]]
    return found


def _perhaps_uniform(greys: Greys) -> NDArray[np.bool_]:
    """Which pictures [N] may show one colour, told by some of their pixels, since hardly any does."""
    pixels = greys.reshape(len(greys), -1)
    stray = int(_STRAY * pixels.shape[1])
    some = pixels[:, :: max(pixels.shape[1] // (10 * stray + 64), 1)]
    last = some.shape[1] - 1 - stray
    # Without as many at either end as may stray, those of one colour lie within its levels.
    ordered = np.partition(some, (stray, last), axis=1)
    return np.asarray(ordered[:, last] - ordered[:, stray] <= 2 * _UNIFORM)


def _has_one_colour(picture: NDArray[np.uint8]) -> bool:
    # How often each level occurs says all, for a tenth of what a median of the pixels costs.
    upto = np.bincount(picture.ravel(), minlength=256).cumsum()
    below, above = (int(np.searchsorted(upto, rank)) for rank in ((picture.size + 1) // 2, picture.size // 2 + 1))
    least, most = -(-(below + above) // 2) - _UNIFORM, (below + above) // 2 + _UNIFORM
    near = upto[min(most, 255)] - (upto[least - 1] if least > 0 else 0)
    return bool((picture.size - near) / picture.size < _STRAY)


def activity(greys: Greys) -> Activity | None:
    """Where something moves in pictures that follow one another; None where nothing does."""
    means, blank = block_means(greys), uniform(greys)
    front, back = _still_until(means, blank), _still_until(means[::-1], blank[::-1])
    if front is None or back is None:
        return None
    return Activity(front[0], len(greys) - 1 - back[0], max(front[1], back[1]))


def _still_until(means: NDArray[np.float32], blank: NDArray[np.bool_]) -> tuple[int, float] | None:
    """Number of the last picture that is like the first of more than one colour, and how far such ones differ."""
    if blank.all():
        return None
    first = int(np.argmin(blank))
    # Compared with the first and not with the one before, so that what moves slowly is seen to move.
    off = np.abs(means[first:] - means[first]).max(axis=(1, 2))
    moved = (off > _MOVED) | blank[first:]
    if not moved.any():
        return None
    run = int(np.argmax(moved))
    return first + run - 1, float(off[:run].max())


def begins(means: NDArray[np.float32], blank: NDArray[np.bool_], noise: float) -> int:
    """Number of the picture at which a film begins, of pictures in a row that begin in a still or in black.

    `means` [N, R, C] are those of their blocks, `blank` [N] says which show one colour; `noise` is the stills'.
    """
    if blank[0]:
        return int(np.argmin(blank))
    changed = np.abs(means - means[0]).max(axis=(1, 2)) > max(1.0, _STILL_NOISE * noise)
    return int(np.argmax(changed)) - 1 if changed.any() else 0


def ends(means: NDArray[np.float32], blank: NDArray[np.bool_], noise: float) -> int:
    """The same for the picture at which it ends, of pictures that end in a still or in black."""
    return len(means) - 1 - begins(means[::-1], blank[::-1], noise)


def span(first: float, last: float, start: float, end: float) -> tuple[float, float] | None:
    """What to sample of a film from `first` to `last` that may begin at `start` and end at `end`; None for all."""
    start, end = (start if start - first >= SHORTEST else first), (end if last - end >= SHORTEST else last)
    return (start, end) if (start, end) != (first, last) and end - start >= SHORTEST else None


def borders(greys: Greys) -> Borders:
    """Borders that are the same in all pictures: of one colour each, or a blurred picture about a sharp one."""
    shown = greys[~uniform(greys)]
    if len(shown) < 2 or not len(block_means(shown)):
        return Borders()
    found = []
    for pictures in (shown, _turned(shown)):
        flat = _flat_borders(pictures)
        found.append(flat if any(flat) else _blurred_borders(pictures))
    (top, bottom), (left, right) = found
    height, width = greys.shape[1:]
    return Borders(top / height, bottom / height, left / width, right / width)


def perhaps_bordered(greys: Greys) -> bool:
    """Whether a closer look may find borders, of small pictures that may be squeezed, so that edges are not plain."""
    few = greys[:: max(len(greys) // _GLANCED_AT, 1)]
    shown = few[~uniform(few)]
    if len(shown) < 2:
        return False
    return any(any(_flat_borders(g)) or _soft_rows(g) for g in (shown, _turned(shown)))


def _turned(greys: Greys) -> Greys:
    """Columns as rows."""
    return np.ascontiguousarray(greys.transpose(0, 2, 1))


def _soft_rows(greys: Greys) -> bool:
    """Whether there are rows above, and below, that are far less sharp than the middle."""
    height = greys.shape[1]
    least, quarter = max(round(_THINNEST * height), 2), height // 4
    limit = _BLURRED * _median(_sharpness(greys[:, quarter : height - quarter]))
    outside = greys[:, :least], greys[:, height - least :]
    return all(bool((_sharpness(rows) <= limit).all()) for rows in outside)


def _sharpness(greys: Greys) -> NDArray[np.float64]:
    """Of each row [H]: how much neighbours along it bend, in levels."""
    bends = np.abs(np.diff(greys.astype(np.int16), n=2, axis=2))
    return np.asarray(bends.sum(axis=2, dtype=np.int32).sum(axis=0) / (bends.shape[0] * bends.shape[2]))


def _median(values: NDArray[Any]) -> float:
    """Of all values. numpy's own imports its masked arrays first, which costs a fresh process 30 ms."""
    upper = values.size // 2
    lower = upper - 1 + values.size % 2
    middle = np.partition(values, (lower, upper), axis=None)
    return (float(middle[lower]) + float(middle[upper])) / 2


def _most_of(values: NDArray[np.float64]) -> float:
    """What nine of ten values do not exceed, between two values by the share between them, as numpy's quantile."""
    place = 0.9 * (values.size - 1)
    lower, upper = np.sort(values)[[int(place), min(int(place) + 1, values.size - 1)]]
    return float(lower + (upper - lower) * (place - int(place)))


def _flat_borders(greys: Greys) -> tuple[int, int]:
    """Rows of one colour above and below, that never change and end abruptly."""
    height = greys.shape[1]
    above, below = _flat_rows(greys), _flat_rows(greys[:, ::-1])
    least, most = _THINNEST * height, (1.0 - _LEAST_LEFT) * height
    levels = [_median(greys[:, 0]), _median(greys[:, -1])]
    alike = abs(above - below) <= 0.02 * height + 1 and abs(levels[0] - levels[1]) <= _FLAT
    kept = [
        rows if rows >= least and (level <= _DARK or alike) else 0
        for rows, level in zip((above, below), levels, strict=True)
    ]
    return (kept[0], kept[1]) if sum(kept) <= most else (0, 0)


def _flat_rows(greys: Greys) -> int:
    """Rows from the top on that have one level in all pictures, up to an abrupt edge; 0 where it is none."""
    height, level = greys.shape[1], round(_median(greys[:, 0]))

    def off(rows: slice) -> NDArray[np.int16]:
        distance: NDArray[np.int16] = np.abs(greys[:, rows].astype(np.int16) - np.int16(level))
        return distance

    # Row by row, since most films have no border, and their first row says so.
    flat = ((off(slice(row, row + 1)) <= _FLAT).mean() >= _FLAT_SHARE for row in range(height))
    rows = next((row for row, is_flat in enumerate(flat) if not is_flat), 0)
    if not rows:
        return 0
    edge = off(slice(rows, rows + 3)).mean(axis=2).max(axis=1)
    return rows if _median(edge) >= _EDGE else 0


def _blurred_borders(greys: Greys) -> tuple[int, int]:
    """Rows above and below, as many each, that are far less sharp than those between, with a standing edge."""
    height = greys.shape[1]
    values = greys.astype(np.int16)
    along = _sharpness(greys)
    steps = np.abs(np.diff(values, axis=1)).mean(axis=2)
    standing = steps.mean(axis=0)
    least, most = max(round(_THINNEST * height), 2), round(0.5 * (1.0 - _LEAST_LEFT) * height)
    best, rows = 0.0, 0
    for candidate in range(least, most):
        lower = standing[height - candidate - 3 : height - candidate + 2]
        both = min(float(standing[candidate - 1]), float(lower.max()))
        if both > best:
            best, rows = both, candidate
    if not rows:
        return 0, 0
    outside = np.concatenate([along[: rows - 2], along[height - rows + 2 :]])
    across = np.concatenate([standing[: rows - 2], standing[height - rows + 2 :]])
    inside = _median(along[rows + 1 : height - rows - 1])
    if not len(across) or _most_of(outside) > _BLURRED * inside:
        return 0, 0
    limit = _STANDING * max(_most_of(across), 0.3)
    # In nearly every picture, or it is an edge of the scene that happened to stay.
    seen = (steps[:, rows - 1] > limit).mean()
    if best <= limit or seen < 0.8:
        return 0, 0
    below = rows - 2 + int(np.argmax(standing[height - rows - 3 : height - rows + 2][::-1]))
    return rows, below
