"""C3D-AVG in memory: its trunks in the fastest precision that gives the exact answer to the built-in clip.

Weights are memory-mapped. A trunk is laid out anew for the processor's kernels, after which its file is let go; the
dense layers, which are used once per video, stay where they are in their file.
"""

import logging
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

import torch
from safetensors import safe_open
from torch import Tensor
from torch.nn import functional

from divescore.scoring.c3d.engine import ROUNDING, PackedTrunk, Precision, dense
from divescore.scoring.c3d.frames import built_in_frames, to_clip, to_gate_clip
from divescore.scoring.c3d.manifest import (
    GATE_HEAD,
    GATE_ROUNDED,
    GATE_TRUNK,
    SCORE_HEAD,
    SCORE_ROUNDED,
    SCORE_TRUNK,
    C3dCheck,
    C3dNetwork,
    C3dPreprocessing,
)
from divescore.scoring.c3d.network import CLASS_HEADS
from divescore.scoring.c3d.trial import in_order, measured

BOUND = 1e-2
"""Largest difference to the exact answer that is put up with, relative to it."""
SMALL = 1.0
"""Answers below this many units (17 points) count as this much in a relative difference: 0.17 points are fine."""

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class PrecisionChoice:
    """What it runs in, how far that is from exact on the built-in clip, and what was tried before, in words."""

    precision: Precision
    difference: float | None
    warnings: tuple[str, ...] = ()
    trial: dict[str, float] = field(default_factory=dict)
    """Milliseconds that the trial took, by precision."""


@dataclass(frozen=True)
class HeadOutputs:
    """What the dense layers make of a video's features."""

    score: float
    shares: list[float]
    """Parts of the score by clip; see `C3dAvg.shares`."""
    classes: dict[str, Tensor]


class LoadedC3d:
    """The network of one weights folder, ready to run."""

    def __init__(
        self,
        folder: Path,
        network: C3dNetwork,
        preprocessing: C3dPreprocessing,
        precision: Precision | None = None,
    ) -> None:
        """`precision` None: the fastest that answers the built-in clip as exact arithmetic does.

        Raises SafetensorError, KeyError or OSError when a file is not what the manifest says.
        """
        self._folder = folder
        self._network = network
        self._preprocessing = preprocessing
        self._head = _tensors(folder / SCORE_HEAD)
        self._gate_head = _tensors(folder / GATE_HEAD) if network.gate else {}
        self.choice = self._choose() if precision is None else self._fixed(precision)

    def features(self, clip: Tensor) -> Tensor:
        """Features [1, 128 x width] of a clip [1, 3, 16, 112, 112]."""
        return self._score_trunk(clip)

    def score_features(self, features: Tensor) -> HeadOutputs:
        """The score of a video whose clips have `features` [N, 128 x width]."""
        weight, bias = self._head["fc6.weight"], self._head["fc6.bias"]
        hidden = dense(features.mean(dim=0, keepdim=True), weight, bias)
        regressor = self._head["score.weight"].float()
        score = functional.linear(functional.relu(hidden), regressor, self._head["score.bias"].float())
        classes = {
            name: dense(functional.relu(hidden), self._head[f"heads.{name}.weight"], self._head[f"heads.{name}.bias"])[
                0
            ]
            for name in (CLASS_HEADS if self._network.classes else ())
        }
        # The units that are on make the score a linear function of the features: each clip's part is its own term.
        active = torch.where(hidden[0] > 0, regressor[0], 0.0)
        direction = _transposed(active, weight)
        constant = active @ bias.float() + self._head["score.bias"].float()[0]
        shares = (features @ direction + constant) / len(features)
        return HeadOutputs(float(score), shares.tolist(), classes)

    def sports(self, clip: Tensor) -> Tensor:
        """Logits [sports] of the gate's classifier for its clip."""
        hidden = self._gate_trunk(clip)
        for name in ("fc6", "fc7"):
            hidden = functional.relu(dense(hidden, self._gate_head[f"{name}.weight"], self._gate_head[f"{name}.bias"]))
        return dense(hidden, self._gate_head["fc8.weight"], self._gate_head["fc8.bias"])[0]

    def answer(self, sport: bool = True) -> C3dCheck:
        """What it answers to the built-in clip; without `sport` the classifier is not asked."""
        frames = built_in_frames(self._preprocessing)
        found: int | None = None
        with torch.inference_mode():
            score = self.score_features(self.features(to_clip(frames, self._preprocessing))).score
            if sport and self._network.gate:
                found = int(self.sports(to_gate_clip(list(frames), self._preprocessing)).argmax())
        return C3dCheck(score=score, sport=found)

    def _choose(self) -> PrecisionChoice:
        seconds = measured()
        trial = {precision.value: round(1000 * value, 2) for precision, value in seconds.items()}
        warnings: list[str] = []
        for precision in in_order(seconds):
            if precision in self._network.unfit or (
                precision in ROUNDING and not (self._folder / SCORE_ROUNDED).exists()
            ):
                continue
            if precision is not Precision.FP32 and self._network.check is None:
                continue  # nothing to compare with
            self._load(precision)
            off = self._difference()
            _log.info("the built-in clip in %s: off by %s", precision, off)
            if precision is Precision.FP32 or (off is not None and off <= BOUND):
                return PrecisionChoice(precision, off, tuple(warnings), trial)
            warnings.append(
                f"In {precision} the answer to the built-in clip is {off:.1%} off ({BOUND:.0%} is allowed): "
                "the network runs more exactly, and more slowly."
            )
            _log.warning(warnings[-1])
        raise AssertionError("fp32 is always among the choices")

    def _fixed(self, precision: Precision) -> PrecisionChoice:
        self._load(precision)
        return PrecisionChoice(precision, None)

    def _load(self, precision: Precision) -> None:
        with ThreadPoolExecutor(1) as pool:
            gate = pool.submit(self._trunk, GATE_TRUNK, GATE_ROUNDED, precision) if self._network.gate else None
            self._score_trunk = self._trunk(SCORE_TRUNK, SCORE_ROUNDED, precision)
            if gate is not None:
                self._gate_trunk = gate.result()

    def _trunk(self, name: str, rounded: str, precision: Precision) -> PackedTrunk:
        extra = _tensors(self._folder / rounded) if precision in ROUNDING else None
        return PackedTrunk(_tensors(self._folder / name), precision, extra)

    def _difference(self) -> float | None:
        exact = self._network.check
        if exact is None:
            return None
        # The classifier was asked when the weights were written, and runs through the same kernels as the score.
        return difference(self.answer(sport=False), exact.model_copy(update={"sport": None}))


def difference(found: C3dCheck, exact: C3dCheck) -> float:
    """Relative difference of the score to the exact one; 1 where the classifier answers otherwise."""
    if found.sport != exact.sport:
        return 1.0
    return abs(found.score - exact.score) / max(abs(exact.score), SMALL)


def _tensors(path: Path) -> dict[str, Tensor]:
    """All tensors of a file, mapped: nothing is read until it is used."""
    with safe_open(path, framework="pt") as file:
        return {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 - it is no mapping


def _transposed(active: Tensor, weight: Tensor, rows: int = 512) -> Tensor:
    """`active` [out] times weights [out, in] of any precision, a few rows at a time: [in]."""
    total = torch.zeros(weight.shape[1])
    for first in range(0, weight.shape[0], rows):
        total += active[first : first + rows] @ weight[first : first + rows].float()
    return total
