"""How well a network reads rendered dives it has not seen: errors, rank correlation, classes, the gate."""

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from divescore.scoring.networks import CLASS_HEADS, Outputs
from divescore.scoring.preprocessing import Preprocessing, normalise
from divescore.training.dataset import LABELS, Dataset

Values = NDArray[np.float64]


@dataclass(frozen=True)
class Readings:
    """A network's outputs over a dataset, beside the labels; one row a clip."""

    gate: Values
    """Logits."""
    execution: Values
    spread: Values
    difficulty: Values
    classes: dict[str, NDArray[np.int64]]
    labels: dict[str, Values]


def read(network: nn.Module, dataset: Dataset, preprocessing: Preprocessing, scale: float, batch: int = 8) -> Readings:
    """Run `network` over `dataset`; execution and spread in points."""
    network.eval()
    gate, execution, spread, difficulty = [], [], [], []
    classes: dict[str, list[NDArray[np.int64]]] = {name: [] for name in CLASS_HEADS}
    with torch.inference_mode():
        for start in range(0, len(dataset), batch):
            clips = torch.from_numpy(np.ascontiguousarray(dataset.clips[start : start + batch]))
            outputs: Outputs = network(normalise(clips, preprocessing))
            gate.append(outputs.gate.numpy())
            execution.append(scale * outputs.execution.numpy())
            spread.append(scale * outputs.log_spread.exp().numpy())
            difficulty.append(outputs.difficulty.numpy())
            for name, logits in outputs.classes.items():
                classes[name].append(logits.argmax(dim=1).numpy())
    labels = {name: dataset.labels[:, index].astype(np.float64) for index, name in enumerate(LABELS)}
    return Readings(
        np.concatenate(gate).astype(np.float64),
        np.concatenate(execution).astype(np.float64),
        np.concatenate(spread).astype(np.float64),
        np.concatenate(difficulty).astype(np.float64),
        {name: np.concatenate(parts) for name, parts in classes.items()},
        labels,
    )


def rank_correlation(a: Values, b: Values) -> float:
    """Spearman's rank correlation, ties by their mean rank."""
    return float(np.corrcoef(_ranks(a), _ranks(b))[0, 1])


def _ranks(values: Values) -> Values:
    _, inverse, counts = np.unique(values, return_inverse=True, return_counts=True)
    last = np.cumsum(counts)
    mean_ranks: Values = last - (counts - 1) / 2.0
    return mean_ranks[inverse]


def figures(readings: Readings, threshold: float, factor: float) -> dict[str, float]:
    """Figures of a model: errors in points, shares 0..1. `threshold` is the gate's, `factor` the interval's."""
    dives = readings.labels["is_dive"] > 0.5
    passed = 1.0 / (1.0 + np.exp(-readings.gate)) >= threshold
    truth, guess = readings.labels["execution"][dives], readings.execution[dives]
    error = np.abs(guess - truth)
    score = guess * readings.labels["difficulty"][dives]
    result = {
        "dives": float(dives.sum()),
        "negatives": float((~dives).sum()),
        "execution_mean_error": float(error.mean()),
        "execution_rank_correlation": rank_correlation(guess, truth),
        "score_rank_correlation": rank_correlation(score, truth * readings.labels["difficulty"][dives]),
        "interval_coverage": float((error <= factor * readings.spread[dives]).mean()),
        "difficulty_mean_error": float(np.abs(readings.difficulty - readings.labels["difficulty"])[dives].mean()),
        "dives_passed": float(passed[dives].mean()),
        "negatives_passed": float(passed[~dives].mean()) if (~dives).any() else 0.0,
    }
    for name, guesses in readings.classes.items():
        result[f"{name}_accuracy"] = float((guesses == readings.labels[name])[dives].mean())
    return {name: round(value, 4) for name, value in result.items()}


def interval_factor(readings: Readings, level: float) -> float:
    """Factor on the spread that covers a share `level` of the dives (split conformal prediction)."""
    dives = readings.labels["is_dive"] > 0.5
    ratios = np.abs(readings.execution - readings.labels["execution"])[dives] / readings.spread[dives]
    return round(float(np.quantile(ratios, min(level * (1 + 1 / len(ratios)), 1.0))), 4)


def difficulty_margin(readings: Readings, level: float) -> float:
    """Error of the predicted difficulty that a share `level` of the dives stays under."""
    dives = readings.labels["is_dive"] > 0.5
    return round(float(np.quantile(np.abs(readings.difficulty - readings.labels["difficulty"])[dives], level)), 4)


def gate_threshold(readings: Readings) -> float:
    """Probability half way, in logits, between the highest negatives and the lowest dives; never above one half.

    Real videos differ from rendered ones, so the gate is kept open rather than shut.
    """
    dives = readings.labels["is_dive"] > 0.5
    high = float(np.quantile(readings.gate[~dives], 0.99))
    low = float(np.quantile(readings.gate[dives], 0.005))
    return round(float(np.clip(1.0 / (1.0 + np.exp(-(high + low) / 2.0)), 0.05, 0.5)), 4)
