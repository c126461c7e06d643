"""Architectures by the name that a manifest gives them: how each samples a video and what it predicts from it."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Literal, Protocol, runtime_checkable

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file

from divescore.dives import Dive, Position, Rotation
from divescore.result import Runtime
from divescore.scoring.errors import WeightsInvalid
from divescore.scoring.manifest import Manifest
from divescore.video.limits import Limits
from divescore.video.sampling import SampledVideo

# Order of the classes in the network's heads.
POSITIONS = (Position.TUCK, Position.PIKE, Position.STRAIGHT, Position.FREE)
ROTATIONS = (Rotation.FORWARD, Rotation.BACK, Rotation.REVERSE, Rotation.INWARD)


@dataclass(frozen=True)
class Prediction:
    """What a network says of one video."""

    gate: float
    """Probability of being a dive, 0..1."""
    shares: tuple[float, ...]
    """Points by segment; they add up to the execution, 0..30, or to the score, by `of`."""
    spread: float
    """Expected error of that sum, in points."""
    difficulty: float
    dive: Dive
    raw: dict[str, object]
    """The network's unscaled outputs."""
    of: Literal["execution", "score"] = "execution"
    """What the network predicts, and `shares` are parts of."""
    named: bool = True
    """False when the network does not name the dive: `difficulty` and `dive` then stand for "unknown"."""
    ends: tuple[float, ...] | None = None
    """Where each segment ends, as a share of the video, 0..1; None for segments of equal length."""


class Predictor(Protocol):
    """A loaded network with its own way of looking at a video."""

    precision: str
    """That it runs in, as a result says it."""
    threads: int
    """That it runs on."""

    def sample(self, path: Path, limits: Limits, on_progress: Callable[[float], None]) -> SampledVideo:
        """The frames it wants of a video."""
        ...

    def predict(self, video: SampledVideo, on_progress: Callable[[float], None]) -> Prediction:
        """Run it on them."""
        ...


@dataclass(frozen=True)
class Watched:
    """A video that was looked at and what the network says of it; seconds by stage."""

    video: SampledVideo
    """Some of its frames, for the eye."""
    prediction: Prediction
    timings: dict[str, float]


@runtime_checkable
class Watcher(Protocol):
    """A loaded network that decodes and predicts in one go, so that it need not hold the whole video."""

    runtime: Runtime
    warnings: tuple[str, ...]
    """What everybody who gets a result of it should know."""

    def watch(
        self, path: Path, limits: Limits, on_progress: Callable[[str, float], None], judge_gate: Callable[[float], None]
    ) -> Watched:
        """Look at a video; `judge_gate` gets the probability of a dive as soon as it is known, and raises to stop."""
        ...


# name -> module that holds its predictor or watcher, and its name there; imported only when it is used.
ARCHITECTURES = {
    "mini-focus": ("divescore.scoring.mini.model", "MiniPredictor"),
    "c3d-avg": ("divescore.scoring.c3d.model", "C3dWatcher"),
}


class _SampleFirst:
    """Watches with a predictor: samples the video, then predicts."""

    warnings: tuple[str, ...] = ()

    def __init__(self, predictor: Predictor) -> None:
        self._predictor = predictor
        self.runtime = Runtime(precision=predictor.precision, threads=predictor.threads, torch=torch.__version__)

    def watch(
        self, path: Path, limits: Limits, on_progress: Callable[[str, float], None], judge_gate: Callable[[float], None]
    ) -> Watched:
        started = time.perf_counter()
        video = self._predictor.sample(path, limits, lambda fraction: on_progress("decoding", fraction))
        decoded = time.perf_counter()
        prediction = self._predictor.predict(video, lambda fraction: on_progress("scoring", fraction))
        inferred = time.perf_counter()
        judge_gate(prediction.gate)
        return Watched(video, prediction, {"decode": decoded - started, "infer": inferred - decoded})


def load_watcher(folder: Path, manifest: Manifest) -> Watcher:
    """The network that `manifest` describes, with its weights from `folder`; raises WeightsInvalid."""
    made = _make(folder, manifest)
    return made if isinstance(made, Watcher) else _SampleFirst(made)


def load_predictor(folder: Path, manifest: Manifest) -> Predictor:
    """The same for a network that samples frames first; raises WeightsInvalid for one that does not."""
    made = _make(folder, manifest)
    if isinstance(made, Watcher):
        raise WeightsInvalid(f"{manifest.architecture} looks at every frame; it does not sample them.")
    return made


def _make(folder: Path, manifest: Manifest) -> Predictor | Watcher:
    if manifest.architecture not in ARCHITECTURES:
        known = ", ".join(sorted(ARCHITECTURES))
        raise WeightsInvalid(f"The architecture {manifest.architecture!r} is unknown here; known: {known}.")
    module, name = ARCHITECTURES[manifest.architecture]
    make: Callable[[Path, Manifest], Predictor | Watcher] = getattr(import_module(module), name)
    try:
        return make(folder, manifest)
    except (SafetensorError, RuntimeError, KeyError, OSError) as error:
        raise WeightsInvalid(f"The weights in {folder} do not fit {manifest.architecture}: {error}") from error


def read_tensors(folder: Path, manifest: Manifest) -> dict[str, torch.Tensor]:
    """All tensors of the folder by name, views of the mapped files."""
    tensors: dict[str, torch.Tensor] = {}
    for file in manifest.files:
        tensors.update(load_file(folder / file.name))
    return tensors
