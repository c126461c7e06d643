"""What the shipped network says of the clips of a data set, beside their labels."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from divescore.estimate import Estimate, posterior_of, prior_of
from divescore.judging import MAX_EXECUTION
from divescore.lab.datasets.dataset import Dataset
from divescore.lab.datasets.labels import LABEL, LABELS, class_labels
from divescore.scoring.manifest import IntervalScaling
from divescore.scoring.mini.calibration import Calibration
from divescore.scoring.mini.naming import name_of
from divescore.scoring.mini.network import MiniNetwork
from divescore.scoring.mini.preprocessing import Preprocessing
from divescore.scoring.mini.sight import Sight, see
from divescore.scoring.mini.temporal import CLASS_HEADS

Values = NDArray[np.float64]


@dataclass(frozen=True)
class Predictions:
    """A network's outputs and the labels of N clips, execution and spread in points."""

    gate: Values
    """Logits."""
    execution: Values
    spread: Values
    difficulty: Values
    flaws: Values
    """[N, len(FLAWS)]"""
    classes: dict[str, NDArray[np.int64]]
    labels: dict[str, Values]
    seen: Values
    """The network's own execution, before the prior was heard."""
    evidence: Values
    """0..1"""

    @property
    def is_dive(self) -> NDArray[np.bool_]:
        """Which of the clips are dives."""
        return self.labels["is_dive"] > 0.5

    @property
    def probability(self) -> Values:
        """Of being a dive, 0..1."""
        return np.asarray(1.0 / (1.0 + np.exp(-self.gate)))

    @property
    def execution_errors(self) -> Values:
        """Of the dives, in points."""
        return np.abs(self.execution - self.labels["execution"])[self.is_dive]

    @property
    def difficulty_errors(self) -> Values:
        """Of the dives."""
        return np.abs(self.difficulty - self.labels["difficulty"])[self.is_dive]


def sights_of(network: MiniNetwork, dataset: Dataset, preprocessing: Preprocessing) -> list[Sight]:
    """What `network` makes of each clip of `dataset`."""
    network.eval()
    return [
        sight_of(network, dataset.clip(clip), float(dataset.aspects[clip]), float(dataset.seconds[clip]), preprocessing)
        for clip in range(len(dataset))
    ]


def sight_of(
    network: MiniNetwork, frames: NDArray[np.uint8], aspect: float, seconds: float, preprocessing: Preprocessing
) -> Sight:
    """What `network` makes of one clip, uint8 RGB [T, H, W, 3]."""
    with torch.inference_mode():
        shown, aspects = torch.from_numpy(frames)[None], torch.tensor([aspect])
        pose = network.pose(shown, aspects, preprocessing)
        skeletons = network.pose.skeletons(shown, aspects, pose.localisation, preprocessing)
    return see(pose, skeletons, network.temporal, aspect, seconds, np.linspace(0.0, seconds, len(frames)))


def estimate_of(sight: Sight, scale: float, calibration: Calibration | None, interval: IntervalScaling) -> Estimate:
    """The execution of a clip of which nothing was declared, as the scorer estimates it, in points."""
    seen = scale * sight.execution
    if calibration is None:
        half = interval.factor * scale * float(sight.outputs.log_spread[0].exp())
        return Estimate(seen - half, seen, seen + half)
    half = interval.factor * scale * calibration.spread(sight)
    named = name_of(sight, calibration)
    own = Estimate(max(seen - half, 0.0), seen, min(seen + half, MAX_EXECUTION))
    return posterior_of(own, calibration.weight(sight), prior_of(named.dive, named.sureness))


def predict_clips(
    network: MiniNetwork,
    dataset: Dataset,
    preprocessing: Preprocessing,
    scale: float,
    calibration: Calibration | None = None,
    interval: IntervalScaling | None = None,
) -> Predictions:
    """Run `network` over `dataset`; `scale` is the points of a whole execution.

    With a `calibration` and the `interval` that belongs to it the executions are posteriors, and the spread is what
    makes the posterior's interval by the interval's factor, on the side where the truth lies.
    """
    sights = sights_of(network, dataset, preprocessing)
    return predictions_of(sights, dataset.labels, scale, calibration, interval)


def predictions_of(
    sights: Sequence[Sight],
    labels: NDArray[np.float32],
    scale: float,
    calibration: Calibration | None = None,
    interval: IntervalScaling | None = None,
) -> Predictions:
    """The same of clips that were run already, with their `labels` [N, len(LABELS)]."""
    classes = {head: np.array([int(sight.classes[head].argmax()) for sight in sights]) for head in CLASS_HEADS}
    executions = np.array([scale * sight.execution for sight in sights])
    spread = np.array([scale * float(sight.outputs.log_spread[0].exp()) for sight in sights])
    seen, evidence = executions, np.ones(len(sights))
    if calibration is not None and interval is not None:
        estimates = [estimate_of(sight, scale, calibration, interval) for sight in sights]
        executions = np.array([estimate.middle for estimate in estimates])
        evidence = np.array([calibration.weight(sight) for sight in sights])
        below = np.array([estimate.middle - estimate.low for estimate in estimates])
        above = np.array([estimate.high - estimate.middle for estimate in estimates])
        spread = np.where(labels[:, LABEL["execution"]] < executions, below, above) / interval.factor
        for place, sight in enumerate(sights):
            dive = name_of(sight, calibration).dive
            for head, value in class_labels(dive).items():
                classes[head][place] = value
    return Predictions(
        gate=np.array([float(sight.outputs.gate[0]) for sight in sights]),
        execution=executions,
        spread=spread,
        difficulty=np.array([float(sight.outputs.difficulty[0]) for sight in sights]),
        flaws=np.stack([sight.flaws for sight in sights]),
        classes={head: values.astype(np.int64) for head, values in classes.items()},
        labels={label: labels[:, index].astype(np.float64) for index, label in enumerate(LABELS)},
        seen=seen,
        evidence=evidence,
    )
