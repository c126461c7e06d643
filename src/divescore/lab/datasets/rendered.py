"""Rendered clips: what a seed draws, and many of them kept in a folder."""

import hashlib
import inspect
import json
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from divescore.lab import rendering
from divescore.lab.datasets.dataset import ClipShape, Dataset, encode_frame
from divescore.lab.datasets.frame_labels import FRAME_LABELS, frame_labels_of
from divescore.lab.datasets.labels import LABELS, dive_labels
from divescore.lab.progress import OnProgress
from divescore.lab.rendering.dive import RenderedDive
from divescore.lab.rendering.negatives import NEGATIVES, Film, build_negative
from divescore.lab.rendering.random_dives import random_rendered_dive

NEGATIVE_SHARE = 0.25
_SEEDS_EACH = 1_000_000
_UNSEEN = 1_000_000_000
_ENLARGED = 1.5
"""Frames are drawn larger than they are kept, as a camera's are."""
_ARRAYS = ("labels", "frame_labels", "offsets", "aspects", "seconds")
_FRAMES, _DONE = "frames.jpegs", "done.json"
Draw = Callable[[int, ClipShape], "Clip"]
"""A function of a module that draws the clip of a seed."""
_KEPT_BY = ("dataset", "frame_labels", "labels", "rendered")
"""Modules here that decide what is kept of a clip."""


@dataclass(frozen=True)
class Clip:
    """One clip: JPEG of each frame, `labels` float32 [len(LABELS)], `frame_labels` float32 [T, len(FRAME_LABELS)]."""

    frames: list[NDArray[np.uint8]]
    labels: NDArray[np.float32]
    frame_labels: NDArray[np.float32]
    aspect: float
    """Width of the film's picture by its height; the frames kept are squeezed."""
    seconds: float


def clip_seeds(seed: int, count: int, unseen: bool = False) -> range:
    """Seeds of the clips of a training, or of those that no training has seen."""
    first = seed * _SEEDS_EACH + (_UNSEEN if unseen else 0)
    return range(first, first + count)


def render_clip(seed: int, shape: ClipShape) -> Clip:
    """The clip of a seed; one in four is no dive."""
    rng = np.random.default_rng([seed, 3])
    if rng.random() < NEGATIVE_SHARE:
        return clip_of(build_negative(sorted(NEGATIVES)[rng.integers(len(NEGATIVES))], seed), rng, shape)
    return clip_of(random_rendered_dive(seed), rng, shape)


def clip_of(film: Film, rng: np.random.Generator, shape: ClipShape) -> Clip:
    """A film as it might be uploaded: cut a little early or late, compressed more or less."""
    start = float(rng.uniform(0.0, 0.35))
    end = film.seconds - float(rng.uniform(0.02, 0.4))
    if not isinstance(film, RenderedDive):
        start, end = min(start, 0.1 * film.seconds), max(end, 0.8 * film.seconds)
    aspect = 4 / 3 if rng.random() < 0.65 else 16 / 9
    height = round(_ENLARGED * shape.height)
    width = round(height * aspect)
    quality = int(rng.integers(30, 95))
    moments = [float(moment) for moment in np.linspace(start, end, shape.frames)]
    frames = [encode_frame(film.frame(moment, width, height), shape, quality) for moment in moments]
    frame_labels = np.stack([frame_labels_of(film, moment, aspect) for moment in moments])
    labels = np.zeros(len(LABELS), dtype=np.float32)
    if isinstance(film, RenderedDive):
        truth = film.truth
        labels = dive_labels(truth.dive, truth.execution, truth.difficulty, asdict(truth.flaws))
    return Clip(frames, labels, frame_labels, aspect, end - start)


def rendered_dataset(
    seeds: range,
    shape: ClipShape,
    cache: Path,
    workers: int,
    on_progress: OnProgress,
    stage: str = "drawing",
    draw: Draw = render_clip,
) -> Dataset:
    """The clips of `seeds`, drawn by `workers` processes (0: by this one) unless `cache` holds them already.

    What is drawn depends on the seeds and on the code that draws, and the cache is kept by both.
    """
    identity = _identity(seeds, shape, draw)
    folder = cache / identity
    if not (folder / _DONE).exists():
        folder.mkdir(parents=True, exist_ok=True)
        _render(_clips(seeds, shape, workers, draw), len(seeds), shape, folder, on_progress, stage)
    arrays = {name: np.load(folder / f"{name}.npy") for name in _ARRAYS}
    return Dataset(shape, identity, np.memmap(folder / _FRAMES, dtype=np.uint8, mode="r"), **arrays)


def _render(
    clips: Iterator[Clip], count: int, shape: ClipShape, folder: Path, on_progress: OnProgress, stage: str
) -> None:
    lengths = [0]
    labels, frame_labels, aspects, seconds = [], [], [], []
    with (folder / _FRAMES).open("wb") as file:
        for done, clip in enumerate(clips, start=1):
            for frame in clip.frames:
                file.write(frame.tobytes())
                lengths.append(len(frame))
            labels.append(clip.labels)
            frame_labels.append(clip.frame_labels)
            aspects.append(clip.aspect)
            seconds.append(clip.seconds)
            on_progress(stage, done / count, f"{done} of {count} clips")
    arrays: dict[str, NDArray[Any]] = {
        "labels": np.stack(labels),
        "frame_labels": np.stack(frame_labels),
        "offsets": np.cumsum(lengths, dtype=np.int64),
        "aspects": np.array(aspects, dtype=np.float32),
        "seconds": np.array(seconds, dtype=np.float32),
    }
    for name in _ARRAYS:
        np.save(folder / f"{name}.npy", arrays[name])
    (folder / _DONE).write_text(json.dumps({"clips": count, **asdict(shape)}))


def _clips(seeds: range, shape: ClipShape, workers: int, draw: Draw) -> Iterator[Clip]:
    if workers == 0:
        yield from (draw(seed, shape) for seed in seeds)
        return
    # A fresh interpreter for each: torch's threads do not survive a fork.
    context = get_context("spawn")
    with ProcessPoolExecutor(workers, mp_context=context, initializer=cv2.setNumThreads, initargs=(1,)) as pool:
        yield from pool.map(draw, seeds, [shape] * len(seeds), chunksize=8)


def _identity(seeds: range, shape: ClipShape, draw: Draw) -> str:
    digest = hashlib.sha256(json.dumps([list(seeds), asdict(shape), LABELS, FRAME_LABELS]).encode())
    drawing = sorted(path for path in Path(rendering.__file__).parent.glob("*.py") if path.stem != "commands")
    for path in (*drawing, *(Path(__file__).with_stem(name) for name in _KEPT_BY)):
        digest.update(path.read_bytes())
    if draw is not render_clip:
        module = Path(inspect.getfile(draw))
        digest.update(draw.__name__.encode() + module.read_bytes())
        # What draws in a style of its own lies beside it.
        for path in sorted(module.parent.glob("*_style.py")):
            digest.update(path.read_bytes())
    return digest.hexdigest()[:16]
