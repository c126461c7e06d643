"""What the shipped network says of the clips of a data set, beside their labels."""

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from divescore.lab.datasets.dataset import Dataset
from divescore.lab.datasets.labels import LABELS
from divescore.scoring.mini.network import MiniNetwork
from divescore.scoring.mini.preprocessing import Preprocessing
from divescore.scoring.mini.temporal import CLASS_HEADS, Outputs

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


def predict_clips(network: MiniNetwork, dataset: Dataset, preprocessing: Preprocessing, scale: float) -> Predictions:
    """Run `network` over `dataset`; `scale` is the points of a whole execution."""
    network.eval()
    columns: dict[str, list[float]] = {name: [] for name in ("gate", "execution", "spread", "difficulty")}
    classes: dict[str, list[int]] = {name: [] for name in CLASS_HEADS}
    flaws = []
    with torch.inference_mode():
        for clip in range(len(dataset)):
            frames = torch.from_numpy(dataset.clip(clip))[None]
            aspects = torch.from_numpy(dataset.aspects[clip : clip + 1])
            seconds = torch.from_numpy(dataset.seconds[clip : clip + 1])
            outputs: Outputs = network(frames, aspects, seconds, preprocessing)
            columns["gate"].append(float(outputs.gate[0]))
            columns["execution"].append(scale * float(outputs.execution[0]))
            columns["spread"].append(scale * float(outputs.log_spread[0].exp()))
            columns["difficulty"].append(float(outputs.difficulty[0]))
            flaws.append(outputs.flaws[0].numpy())
            for name, logits in outputs.classes.items():
                classes[name].append(int(logits[0].argmax()))
    return Predictions(
        **{name: np.array(values) for name, values in columns.items()},
        flaws=np.stack(flaws).astype(np.float64),
        classes={name: np.array(values, dtype=np.int64) for name, values in classes.items()},
        labels={name: dataset.labels[:, index].astype(np.float64) for index, name in enumerate(LABELS)},
    )
