"""Architectures by the name that a manifest gives them: how each samples a video and what it predicts from it."""

from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Protocol

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file

from divescore.dives import Dive, Position, Rotation
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
    """Execution points by segment of equal length; they add up to the execution, 0..30."""
    spread: float
    """Expected error of the execution, in points."""
    difficulty: float
    dive: Dive
    raw: dict[str, object]
    """The network's unscaled outputs."""


class Predictor(Protocol):
    """A loaded network with its own way of looking at a video."""

    def sample(self, path: Path, limits: Limits, on_progress: Callable[[float], None]) -> SampledVideo:
        """The frames it wants of a video."""
        ...

    def predict(self, video: SampledVideo, on_progress: Callable[[float], None]) -> Prediction:
        """Run it on them."""
        ...


# name -> module that holds its predictor, and the predictor's name there; imported only when it is used.
ARCHITECTURES = {"mini-tsm": ("divescore.scoring.mini", "MiniPredictor")}


def load_predictor(folder: Path, manifest: Manifest) -> Predictor:
    """The network that `manifest` describes, with its weights from `folder`; raises WeightsInvalid."""
    if manifest.architecture not in ARCHITECTURES:
        known = ", ".join(sorted(ARCHITECTURES))
        raise WeightsInvalid(f"The architecture {manifest.architecture!r} is unknown here; known: {known}.")
    try:
        module, name = ARCHITECTURES[manifest.architecture]
        make: Callable[[Path, Manifest], Predictor] = getattr(import_module(module), name)
        return make(folder, manifest)
    except (SafetensorError, RuntimeError) as error:
        raise WeightsInvalid(f"The weights in {folder} do not fit {manifest.architecture}: {error}") from error


def read_tensors(folder: Path, manifest: Manifest) -> dict[str, torch.Tensor]:
    """All tensors of the folder by name, views of the mapped files."""
    tensors: dict[str, torch.Tensor] = {}
    for file in manifest.files:
        tensors.update(load_file(folder / file.name))
    return tensors
