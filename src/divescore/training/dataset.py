"""Rendered clips as arrays: pictures uint8 [N, T, H, W, 3] in a memory-mapped file, labels beside them."""

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from divescore.scoring.architectures import POSITIONS, ROTATIONS
from divescore.scoring.networks import FLAWS, HALF_SOMERSAULTS, HALF_TWISTS
from divescore.training.negatives import NEGATIVES, Film, build_negative
from divescore.training.rendering import Drawn
from divescore.training.sampling import draw_rendered

LABELS = (
    "is_dive",
    "execution",
    "difficulty",
    "position",
    "armstand",
    "rotation",
    "half_somersaults",
    "half_twists",
    *FLAWS,
)
NEGATIVE_SHARE = 0.2
_DRAWN_HEIGHT = 120


@dataclass(frozen=True)
class Shape:
    """Frames a clip, and their size."""

    frames: int = 24
    width: int = 56
    height: int = 40


@dataclass(frozen=True)
class Dataset:
    """Clips and labels; `labels` float32 [N, len(LABELS)]."""

    clips: NDArray[np.uint8]
    labels: NDArray[np.float32]

    def __len__(self) -> int:
        return len(self.labels)


def draw_clip(seed: int, shape: Shape) -> tuple[NDArray[np.uint8], NDArray[np.float32]]:
    """One clip of a seed with its labels; one in five is no dive."""
    rng = np.random.default_rng([seed, 3])
    film: Film
    if rng.random() < NEGATIVE_SHARE:
        film = build_negative(sorted(NEGATIVES)[rng.integers(len(NEGATIVES))], seed)
        labels = np.zeros(len(LABELS), dtype=np.float32)
    else:
        rendered = draw_rendered(seed)
        film, labels = rendered, label_of(rendered.drawn)
    # Uploads begin and end a little early or late.
    start = float(rng.uniform(0.0, 0.35))
    end = film.seconds - float(rng.uniform(0.02, 0.4))
    width = round(_DRAWN_HEIGHT * (4 / 3 if rng.random() < 0.65 else 16 / 9))
    quality = int(rng.integers(12, 80)) if rng.random() < 0.6 else None
    clip = np.empty((shape.frames, shape.height, shape.width, 3), dtype=np.uint8)
    for index, seconds in enumerate(np.linspace(start, end, shape.frames)):
        picture = film.frame(float(seconds), width, _DRAWN_HEIGHT)
        if quality is not None:
            picture = _compress(picture, quality)
        clip[index] = cv2.resize(picture, (shape.width, shape.height), interpolation=cv2.INTER_AREA)
    return clip, labels


def label_of(drawn: Drawn) -> NDArray[np.float32]:
    """Labels of a rendered dive in the order of LABELS; classes as indices."""
    dive = drawn.dive
    return np.array(
        [
            1.0,
            drawn.execution,
            drawn.difficulty,
            POSITIONS.index(dive.position),
            float(dive.armstand),
            ROTATIONS.index(dive.rotation),
            min(dive.half_somersaults, HALF_SOMERSAULTS - 1),
            min(dive.half_twists, HALF_TWISTS - 1),
            *(getattr(drawn.flaws, name) for name in FLAWS),
        ],
        dtype=np.float32,
    )


def build_dataset(
    seeds: Iterable[int], shape: Shape, folder: Path, workers: int, on_progress: Callable[[int, int], None]
) -> Dataset:
    """Draw the clips of `seeds` into a file of `folder`, by `workers` processes (0: by this one).

    The result depends on the seeds alone.
    """
    wanted = list(seeds)
    size = (len(wanted), shape.frames, shape.height, shape.width, 3)
    clips = np.lib.format.open_memmap(folder / f"clips-{wanted[0]}.npy", mode="w+", dtype=np.uint8, shape=size)
    labels = np.zeros((len(wanted), len(LABELS)), dtype=np.float32)
    for index, (clip, label) in enumerate(_draw_all(wanted, shape, workers)):
        clips[index], labels[index] = clip, label
        on_progress(index + 1, len(wanted))
    return Dataset(clips, labels)


def _draw_all(seeds: list[int], shape: Shape, workers: int) -> Iterator[tuple[NDArray[np.uint8], NDArray[np.float32]]]:
    if workers == 0:
        yield from (draw_clip(seed, shape) for seed in seeds)
        return
    # A fresh interpreter for each: torch's threads do not survive a fork.
    context = get_context("spawn")
    with ProcessPoolExecutor(workers, mp_context=context, initializer=cv2.setNumThreads, initargs=(1,)) as pool:
        yield from pool.map(draw_clip, seeds, [shape] * len(seeds), chunksize=8)


def _compress(picture: NDArray[np.uint8], quality: int) -> NDArray[np.uint8]:
    _, encoded = cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, quality])
    return np.asarray(cv2.imdecode(encoded, cv2.IMREAD_COLOR), dtype=np.uint8)
