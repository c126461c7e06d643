"""The shipped network trained further on real dives: the same loop, the same losses, no rendered frame.

Real dives tell their score, their difficulty and what they were, but neither joints nor flaws, and none of them is no
dive: what sees, the flaws and the gate are moved by the dive's own losses only.
"""

import hashlib
from dataclasses import asdict, dataclass, replace
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from divescore.dives import Position, Rotation
from divescore.lab.datasets.frame_labels import MARK, MARKS, UNKNOWN
from divescore.lab.datasets.mtlaqa import LabelledDive, RealDives, read_frame
from divescore.lab.datasets.rendered import LABELS, Dataset, Shape
from divescore.lab.evaluation.agreement import agreement
from divescore.lab.evaluation.figures import Readings, difficulty_margin, figures, interval_factor, read
from divescore.lab.training.batches import ClipBatches, ClipTraining
from divescore.lab.training.loop import LoopSettings, OnProgress, Running, fit
from divescore.lab.training.losses import loss_of
from divescore.scoring.judging import MAX_EXECUTION
from divescore.scoring.mini.network import MiniNetwork
from divescore.scoring.mini.preprocessing import Preprocessing
from divescore.scoring.mini.temporal import FLAWS, HALF_SOMERSAULTS, HALF_TWISTS, POSITIONS, ROTATIONS, Outputs

LENGTH = 103
"""Frames of a dive, counted back from its end."""
FRAMES_A_SECOND = 25.0
"""Of the published videos, nearly."""
_POSITIONS = (Position.FREE, Position.PIKE, Position.TUCK)
_ROTATIONS = (Rotation.BACK, Rotation.FORWARD, Rotation.INWARD, Rotation.REVERSE)
_FLAWS = slice(LABELS.index(FLAWS[0]), LABELS.index(FLAWS[-1]) + 1)
_QUALITY = 92


@dataclass(frozen=True)
class TuningSettings:
    """What determines the result, together with data, initial weights and code."""

    seed: int = 0
    epochs: int = 30
    batch: int = 8
    rate: float = 2e-4
    decay: float = 0.03
    bfloat16: bool = True

    def loop(self, dives: int) -> LoopSettings:
        """The loop's settings for so many dives."""
        steps = max(self.epochs * dives // self.batch, 1)
        return LoopSettings(steps, self.seed, self.rate, self.decay, bfloat16=self.bfloat16, average=0.998)


@dataclass(frozen=True)
class Tuned:
    """What training gave, beside the weights: the interval's scaling and figures on the test dives."""

    factor: float
    difficulty_margin: float
    figures: dict[str, Any]


def tune(
    network: MiniNetwork,
    preprocessing: Preprocessing,
    data: RealDives,
    settings: TuningSettings,
    running: Running,
    on_progress: OnProgress,
    origin: str,
    level: float = 0.9,
) -> Tuned:
    """Train `network` in place; `origin` names its initial weights, `level` is the interval's. Raises TrainingError."""
    data.check(LENGTH)
    shape = Shape(preprocessing.frames, preprocessing.width, preprocessing.height)
    rest, held = data.held_out()
    drawn = real_dataset(rest.train, data, shape, on_progress)
    fit(
        ClipTraining(network, preprocessing),
        ClipBatches(drawn, settings.batch, settings.seed),
        _loss,
        settings.loop(len(drawn)),
        running,
        on_progress,
        identity={"data": drawn.identity, "origin": origin, **asdict(settings)},
    )
    readings = read(network, real_dataset(held, data, shape, on_progress), preprocessing, MAX_EXECUTION)
    factor = interval_factor(readings, level)
    found = measure(network, preprocessing, data, factor, on_progress)
    return Tuned(factor, difficulty_margin(readings, level), found)


def measure(
    network: MiniNetwork, preprocessing: Preprocessing, data: RealDives, factor: float, on_progress: OnProgress
) -> dict[str, Any]:
    """Figures on the test dives; the scores' agreement with the true difficulty given, as it is when declared."""
    shape = Shape(preprocessing.frames, preprocessing.width, preprocessing.height)
    readings = read(network, real_dataset(data.test, data, shape, on_progress), preprocessing, MAX_EXECUTION)
    return {**agreement(*_scores(readings)), **_known(figures(readings, 0.5, factor))}


def real_dataset(dives: tuple[LabelledDive, ...], data: RealDives, shape: Shape, on_progress: OnProgress) -> Dataset:
    """Real dives as the shipped network trains on them: frames spread over the last `LENGTH`, nothing marked."""
    encoded: list[NDArray[np.uint8]] = []
    aspects = []
    for index, dive in enumerate(dives):
        paths = data.paths(dive, LENGTH)
        for place in np.linspace(0, LENGTH - 1, shape.frames).round().astype(int):
            picture = read_frame(paths[place])
            small = cv2.resize(picture, (shape.width, shape.height), interpolation=cv2.INTER_AREA)
            encoded.append(cv2.imencode(".jpg", small, [cv2.IMWRITE_JPEG_QUALITY, _QUALITY])[1])
        aspects.append(picture.shape[1] / picture.shape[0])
        on_progress("reading", (index + 1) / len(dives), f"{index + 1} of {len(dives)} dives")
    labels = np.stack([labels_of(dive) for dive in dives])
    marks = np.zeros((len(dives), shape.frames, len(MARKS)), dtype=np.float32)
    marks[:, :, MARK["present"]] = UNKNOWN
    identity = hashlib.sha256(repr([(d.name, d.end_frame, shape) for d in dives]).encode() + labels.tobytes())
    return Dataset(
        shape,
        identity.hexdigest()[:16],
        frames=np.concatenate(encoded),
        offsets=np.cumsum([0, *map(len, encoded)], dtype=np.int64),
        labels=labels,
        marks=marks,
        aspects=np.array(aspects, dtype=np.float32),
        seconds=np.full(len(dives), LENGTH / FRAMES_A_SECOND, dtype=np.float32),
    )


def labels_of(dive: LabelledDive) -> NDArray[np.float32]:
    """Labels in the order of LABELS; the flaws are not known and stand at none."""
    classes = dive.classes
    return np.array(
        [
            1.0,
            min(dive.score / dive.difficulty, MAX_EXECUTION),
            dive.difficulty,
            POSITIONS.index(_POSITIONS[classes["position"]]),
            float(classes["armstand"]),
            ROTATIONS.index(_ROTATIONS[classes["rotation_type"]]),
            min(classes["ss_no"], HALF_SOMERSAULTS - 1),
            min(classes["tw_no"], HALF_TWISTS - 1),
            *(0.0 for _ in FLAWS),
        ],
        dtype=np.float32,
    )


def _loss(outputs: Outputs, labels: Tensor) -> Tensor:
    outputs, labels = outputs.float(), labels.clone()
    # What the network says of flaws counts as true, and nothing flows into the gate: neither is known.
    labels[:, _FLAWS] = outputs.flaws.detach()
    return loss_of(replace(outputs, gate=outputs.gate.detach()), labels, MAX_EXECUTION)


def _scores(readings: Readings) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    difficulty = readings.labels["difficulty"]
    return readings.execution * difficulty, readings.labels["execution"] * difficulty


def _known(found: dict[str, float]) -> dict[str, float]:
    unknown = {f"{name}_mean_error" for name in FLAWS} | {"negatives", "negatives_passed"}
    return {name: value for name, value in found.items() if name not in unknown}
