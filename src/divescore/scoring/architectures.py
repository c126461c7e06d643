"""Architectures by the name that a manifest gives them: how each samples a video and what it predicts from it."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file

from divescore.dives import Dive, Position, Rotation, name_dive
from divescore.scoring.errors import WeightsInvalid
from divescore.scoring.manifest import Manifest
from divescore.scoring.networks import FLAWS, MiniNetwork, Outputs
from divescore.scoring.preprocessing import to_input
from divescore.video.limits import Limits
from divescore.video.sampling import SampledVideo, sample_frames

DETAIL = 2
"""The result's strip shows more than the network needs to see."""
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


class MiniPredictor:
    """`mini-tsm`: a fixed number of frames spread over the video, in one go."""

    def __init__(self, folder: Path, manifest: Manifest) -> None:
        self._preprocessing = manifest.preprocessing
        self._scale = manifest.execution_scale
        self._network = MiniNetwork()
        # Assigned tensors stay views of the mapped file: nothing is copied until a page is touched.
        self._network.load_state_dict(_tensors(folder, manifest), assign=True)
        self._network.eval()

    def sample(self, path: Path, limits: Limits, on_progress: Callable[[float], None]) -> SampledVideo:
        """Evenly spread frames, `DETAIL` times the network's size in each direction."""
        wanted = self._preprocessing
        size = (DETAIL * wanted.width, DETAIL * wanted.height)
        return sample_frames(path, wanted.frames, size, limits, on_progress)

    def predict(self, video: SampledVideo, on_progress: Callable[[float], None]) -> Prediction:
        """One forward pass."""
        on_progress(0.0)
        with torch.inference_mode():
            outputs = self._network(to_input(video.frames, self._preprocessing, DETAIL))
        on_progress(1.0)
        return _read(outputs, self._scale)


ARCHITECTURES: dict[str, Callable[[Path, Manifest], Predictor]] = {"mini-tsm": MiniPredictor}


def load_predictor(folder: Path, manifest: Manifest) -> Predictor:
    """The network that `manifest` describes, with its weights from `folder`; raises WeightsInvalid."""
    if manifest.architecture not in ARCHITECTURES:
        known = ", ".join(sorted(ARCHITECTURES))
        raise WeightsInvalid(f"The architecture {manifest.architecture!r} is unknown here; known: {known}.")
    try:
        return ARCHITECTURES[manifest.architecture](folder, manifest)
    except (SafetensorError, RuntimeError) as error:
        raise WeightsInvalid(f"The weights in {folder} do not fit {manifest.architecture}: {error}") from error


def _tensors(folder: Path, manifest: Manifest) -> dict[str, torch.Tensor]:
    tensors: dict[str, torch.Tensor] = {}
    for file in manifest.files:
        tensors.update(load_file(folder / file.name))
    return tensors


def _read(outputs: Outputs, scale: float) -> Prediction:
    chosen = {name: int(logits[0].argmax()) for name, logits in outputs.classes.items()}
    dive = name_dive(
        POSITIONS[chosen["position"]],
        bool(chosen["armstand"]),
        ROTATIONS[chosen["rotation"]],
        chosen["half_somersaults"],
        chosen["half_twists"],
    )
    probabilities = {
        name: [round(float(p), 4) for p in torch.softmax(logits[0], dim=0)] for name, logits in outputs.classes.items()
    }
    return Prediction(
        gate=float(torch.sigmoid(outputs.gate[0])),
        shares=tuple(scale * float(share) for share in outputs.shares[0]),
        spread=scale * float(torch.exp(outputs.log_spread[0])),
        difficulty=float(outputs.difficulty[0]),
        dive=dive,
        raw={
            "gate": float(outputs.gate[0]),
            "execution": float(outputs.execution[0]),
            "shares": [float(share) for share in outputs.shares[0]],
            "logSpread": float(outputs.log_spread[0]),
            "difficulty": float(outputs.difficulty[0]),
            "flaws": {name: round(float(amount), 4) for name, amount in zip(FLAWS, outputs.flaws[0], strict=True)},
            "classes": probabilities,
        },
    )
