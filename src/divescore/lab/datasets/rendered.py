"""Rendered clips in a folder: frames as JPEG one after another in one file, labels and marks as arrays beside it."""

import hashlib
import json
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass
from multiprocessing import get_context
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from divescore.lab import rendering
from divescore.lab.datasets import frame_labels as marks_module
from divescore.lab.datasets.frame_labels import MARKS, marks_of
from divescore.lab.rendering.dive import Drawn, RenderedDive
from divescore.lab.rendering.negatives import NEGATIVES, Film, build_negative
from divescore.lab.rendering.random_dives import draw_rendered
from divescore.scoring.mini.temporal import FLAWS, HALF_SOMERSAULTS, HALF_TWISTS, POSITIONS, ROTATIONS

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
NEGATIVE_SHARE = 0.25
_DRAWN = 1.5
"""Frames are drawn larger than they are kept, as a camera's are."""
_ARRAYS = ("labels", "marks", "offsets", "aspects", "seconds")
_FRAMES, _DONE = "frames.jpegs", "done.json"


@dataclass(frozen=True)
class Shape:
    """Frames a clip, and their size."""

    frames: int = 48
    width: int = 128
    height: int = 96


@dataclass(frozen=True)
class Clip:
    """One clip: JPEG of each frame, `labels` float32 [len(LABELS)], `marks` float32 [T, len(MARKS)]."""

    frames: list[bytes]
    labels: NDArray[np.float32]
    marks: NDArray[np.float32]
    aspect: float
    """Width of the film's picture by its height; the frames kept are squeezed."""
    seconds: float


@dataclass(frozen=True)
class Dataset:
    """Clips of a folder. `labels` [N, len(LABELS)], `marks` [N, T, len(MARKS)], `aspects` and `seconds` [N]."""

    shape: Shape
    identity: str
    """Of the seeds and the code that drew them."""
    frames: NDArray[np.uint8]
    offsets: NDArray[np.int64]
    labels: NDArray[np.float32]
    marks: NDArray[np.float32]
    aspects: NDArray[np.float32]
    seconds: NDArray[np.float32]

    def __len__(self) -> int:
        return len(self.labels)

    def frame(self, clip: int, frame: int) -> NDArray[np.uint8]:
        """One frame, uint8 RGB [H, W, 3]."""
        place = clip * self.shape.frames + frame
        return read_frame(self.frames[self.offsets[place] : self.offsets[place + 1]])

    def clip(self, clip: int) -> NDArray[np.uint8]:
        """All frames of a clip, uint8 RGB [T, H, W, 3]."""
        return np.stack([self.frame(clip, frame) for frame in range(self.shape.frames)])


def read_frame(encoded: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """One kept frame, uint8 RGB [H, W, 3]."""
    return np.asarray(cv2.imdecode(encoded, cv2.IMREAD_COLOR), dtype=np.uint8)


def draw_clip(seed: int, shape: Shape) -> Clip:
    """The clip of a seed; one in four is no dive."""
    rng = np.random.default_rng([seed, 3])
    if rng.random() < NEGATIVE_SHARE:
        return film_clip(build_negative(sorted(NEGATIVES)[rng.integers(len(NEGATIVES))], seed), rng, shape)
    return film_clip(draw_rendered(seed), rng, shape)


def film_clip(film: Film, rng: np.random.Generator, shape: Shape) -> Clip:
    """A film as it might be uploaded: cut a little early or late, compressed more or less."""
    start = float(rng.uniform(0.0, 0.35))
    end = film.seconds - float(rng.uniform(0.02, 0.4))
    if not isinstance(film, RenderedDive):
        start, end = min(start, 0.1 * film.seconds), max(end, 0.8 * film.seconds)
    aspect = 4 / 3 if rng.random() < 0.65 else 16 / 9
    height = round(_DRAWN * shape.height)
    width = round(height * aspect)
    quality = [cv2.IMWRITE_JPEG_QUALITY, int(rng.integers(30, 95))]
    frames, marks = [], []
    for moment in np.linspace(start, end, shape.frames):
        picture = film.frame(float(moment), width, height)
        small = cv2.resize(picture, (shape.width, shape.height), interpolation=cv2.INTER_AREA)
        # JPEG does not care which channel is called red, as long as reading swaps them likewise.
        frames.append(cv2.imencode(".jpg", small, quality)[1].tobytes())
        marks.append(marks_of(film, float(moment), aspect))
    labels = label_of(film.drawn) if isinstance(film, RenderedDive) else np.zeros(len(LABELS), dtype=np.float32)
    return Clip(frames, labels, np.stack(marks), aspect, end - start)


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
    seeds: Iterable[int], shape: Shape, cache: Path, workers: int, on_progress: Callable[[int, int], None]
) -> Dataset:
    """The clips of `seeds`, drawn by `workers` processes (0: by this one) unless `cache` holds them already.

    What is drawn depends on the seeds and on the code that draws, and the cache is kept by both.
    """
    wanted = list(seeds)
    identity = _fingerprint(wanted, shape)
    folder = cache / identity
    if not (folder / _DONE).exists():
        folder.mkdir(parents=True, exist_ok=True)
        _draw(wanted, shape, folder, workers, on_progress)
    arrays = {name: np.load(folder / f"{name}.npy") for name in _ARRAYS}
    return Dataset(shape, identity, np.memmap(folder / _FRAMES, dtype=np.uint8, mode="r"), **arrays)


def _draw(seeds: list[int], shape: Shape, folder: Path, workers: int, on_progress: Callable[[int, int], None]) -> None:
    lengths = [0]
    labels, marks, aspects, seconds = [], [], [], []
    with (folder / _FRAMES).open("wb") as file:
        for index, clip in enumerate(_draw_all(seeds, shape, workers)):
            file.write(b"".join(clip.frames))
            lengths += [len(frame) for frame in clip.frames]
            labels.append(clip.labels)
            marks.append(clip.marks)
            aspects.append(clip.aspect)
            seconds.append(clip.seconds)
            on_progress(index + 1, len(seeds))
    np.save(folder / "labels.npy", np.stack(labels))
    np.save(folder / "marks.npy", np.stack(marks))
    np.save(folder / "offsets.npy", np.cumsum(lengths, dtype=np.int64))
    np.save(folder / "aspects.npy", np.array(aspects, dtype=np.float32))
    np.save(folder / "seconds.npy", np.array(seconds, dtype=np.float32))
    (folder / _DONE).write_text(json.dumps({"clips": len(seeds), **asdict(shape)}))


def _draw_all(seeds: list[int], shape: Shape, workers: int) -> Iterator[Clip]:
    if workers == 0:
        yield from (draw_clip(seed, shape) for seed in seeds)
        return
    # A fresh interpreter for each: torch's threads do not survive a fork.
    context = get_context("spawn")
    with ProcessPoolExecutor(workers, mp_context=context, initializer=cv2.setNumThreads, initargs=(1,)) as pool:
        yield from pool.map(draw_clip, seeds, [shape] * len(seeds), chunksize=8)


def _fingerprint(seeds: list[int], shape: Shape) -> str:
    digest = hashlib.sha256(json.dumps([seeds, asdict(shape), LABELS, MARKS]).encode())
    for path in (*_DRAWN_BY, Path(__file__)):
        digest.update(path.read_bytes())
    return digest.hexdigest()[:16]


_DRAWN_BY = (*sorted(Path(rendering.__file__).parent.glob("*.py")), Path(marks_module.__file__))
