"""Architectures by the name that a manifest gives them: each is a model that samples a video and predicts its score."""

from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Literal, Protocol

from safetensors import SafetensorError

from divescore.dives import Dive
from divescore.result import Aspects, Runtime
from divescore.scoring.errors import WeightsInvalid
from divescore.scoring.manifest import Manifest
from divescore.video.limits import VideoLimits
from divescore.video.progress import OnProgress
from divescore.video.sampling import SampledVideo

CheckGate = Callable[[float], None]
"""Gets the probability of a dive, 0..1, as soon as it is known; raises to stop the work."""


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
    dive: Dive | None
    """None when the network does not name the dive; `difficulty` is then the usual one."""
    raw: dict[str, object]
    """The network's unscaled outputs."""
    of: Literal["execution", "score"] = "execution"
    """What the network predicts, and `shares` are parts of."""
    ends: tuple[float, ...] | None = None
    """Where each segment ends, as a share of the video, 0..1; None for segments of equal length."""
    sureness: float | None = None
    """How surely `dive` is named, 0..1."""
    evidence: float | None = None
    """Weight of what was seen beside what real dives say, 0..1; None where the network stands alone."""
    height: float | None = None
    """Metres above the water, where the flight tells them."""
    aspects: Aspects | None = None
    """Why, with the points that `shares` leave of 30 as the flaws' points, weighted by the evidence."""


@dataclass(frozen=True)
class Inference:
    """What a model made of one video; `timings` in seconds by stage."""

    video: SampledVideo
    """Some of its frames, to show."""
    prediction: Prediction
    timings: dict[str, float]


class ScoringModel(Protocol):
    """A network in memory, with its own way of sampling a video."""

    runtime: Runtime
    warnings: tuple[str, ...]
    """What everybody who gets a result of it should know."""

    def infer(self, path: Path, limits: VideoLimits, on_progress: OnProgress, check_gate: CheckGate) -> Inference:
        """Sample the video at `path` and predict. Raises VideoRejected, and what the two functions raise."""
        ...


# name -> module and name of its model, made from a folder and its manifest; imported only when it is used.
ARCHITECTURES = {
    "mini-focus": ("divescore.scoring.mini.model", "MiniModel"),
    "c3d-avg": ("divescore.scoring.c3d.model", "C3dModel"),
}


def load_model(folder: Path, manifest: Manifest) -> ScoringModel:
    """The model that `manifest` describes, with its weights from `folder`; raises WeightsInvalid."""
    if manifest.architecture not in ARCHITECTURES:
        known = ", ".join(sorted(ARCHITECTURES))
        raise WeightsInvalid(f"The architecture {manifest.architecture!r} is unknown here; known: {known}.")
    module, name = ARCHITECTURES[manifest.architecture]
    make: Callable[[Path, Manifest], ScoringModel] = getattr(import_module(module), name)
    try:
        return make(folder, manifest)
    except (SafetensorError, RuntimeError, KeyError, OSError) as error:
        raise WeightsInvalid(f"The weights in {folder} do not fit {manifest.architecture}: {error}") from error
