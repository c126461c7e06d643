"""How well a network reads rendered dives it has not seen: errors, rank correlation, classes, the gate."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from divescore.lab.datasets.rendered import LABELS, Dataset
from divescore.lab.evaluation import plots
from divescore.lab.evaluation.agreement import rank_correlation, relative_error
from divescore.scoring.mini.network import MiniNetwork
from divescore.scoring.mini.preprocessing import Preprocessing
from divescore.scoring.mini.temporal import CLASS_HEADS, FLAWS, Outputs

Values = NDArray[np.float64]
INTERVAL_LEVEL = 0.9


@dataclass(frozen=True)
class Readings:
    """A network's outputs over a dataset, beside the labels; one row a clip."""

    gate: Values
    """Logits."""
    execution: Values
    spread: Values
    difficulty: Values
    flaws: Values
    """[N, len(FLAWS)]"""
    classes: dict[str, NDArray[np.int64]]
    labels: dict[str, Values]


def read(network: MiniNetwork, dataset: Dataset, preprocessing: Preprocessing, scale: float) -> Readings:
    """Run `network` over `dataset`; execution and spread in points."""
    network.eval()
    rows: dict[str, list[float]] = {name: [] for name in ("gate", "execution", "spread", "difficulty")}
    classes: dict[str, list[int]] = {name: [] for name in CLASS_HEADS}
    flaws = []
    with torch.inference_mode():
        for clip in range(len(dataset)):
            frames = torch.from_numpy(dataset.clip(clip))[None]
            aspects, seconds = (
                torch.from_numpy(values[clip : clip + 1]) for values in (dataset.aspects, dataset.seconds)
            )
            outputs: Outputs = network(frames, aspects, seconds, preprocessing)
            rows["gate"].append(float(outputs.gate[0]))
            rows["execution"].append(scale * float(outputs.execution[0]))
            rows["spread"].append(scale * float(outputs.log_spread[0].exp()))
            rows["difficulty"].append(float(outputs.difficulty[0]))
            flaws.append(outputs.flaws[0].numpy())
            for name, logits in outputs.classes.items():
                classes[name].append(int(logits[0].argmax()))
    labels = {name: dataset.labels[:, index].astype(np.float64) for index, name in enumerate(LABELS)}
    return Readings(
        **{name: np.array(values) for name, values in rows.items()},
        flaws=np.stack(flaws).astype(np.float64),
        classes={name: np.array(values, dtype=np.int64) for name, values in classes.items()},
        labels=labels,
    )


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
        "execution_relative_error": relative_error(guess, truth),
        "execution_rank_correlation": rank_correlation(guess, truth),
        "score_rank_correlation": rank_correlation(score, truth * readings.labels["difficulty"][dives]),
        "interval_coverage": float((error <= factor * readings.spread[dives]).mean()),
        "difficulty_mean_error": float(np.abs(readings.difficulty - readings.labels["difficulty"])[dives].mean()),
        "dives_passed": float(passed[dives].mean()),
        "negatives_passed": float(passed[~dives].mean()) if (~dives).any() else 0.0,
    }
    for index, name in enumerate(FLAWS):
        result[f"{name}_mean_error"] = float(np.abs(readings.flaws[:, index] - readings.labels[name])[dives].mean())
    for name, guesses in readings.classes.items():
        result[f"{name}_accuracy"] = float((guesses == readings.labels[name])[dives].mean())
    return {name: round(value, 4) for name, value in result.items()}


def draw_plots(
    folder: Path, readings: Readings, threshold: float, factor: float, sweeps: Mapping[str, plots.Sweep]
) -> None:
    """Write pictures of how a model did to `folder`; `sweeps` of flaws where there are any."""
    dives = readings.labels["is_dive"] > 0.5
    truth, guess = readings.labels["execution"][dives], readings.execution[dives]
    probability = 1.0 / (1.0 + np.exp(-readings.gate))
    # The interval is a factor on the predicted spread; others follow from Laplace's tails.
    nominal = np.arange(0.5, 0.96, 0.05)
    factors = factor * np.log(1.0 - nominal) / np.log(1.0 - INTERVAL_LEVEL)
    ratios = np.abs(truth - guess) / readings.spread[dives]
    covered = np.array([(ratios <= one).mean() for one in factors])
    shares, guessing = {}, {}
    for name, guesses in readings.classes.items():
        labels = readings.labels[name][dives]
        shares[name] = float((guesses[dives] == labels).mean())
        guessing[name] = float(np.unique(labels, return_counts=True)[1].max() / len(labels))
    pictures = {
        "executions": plots.executions(truth, guess),
        "intervals": plots.reliability(nominal, covered),
        "gate": plots.gate(probability[dives], probability[~dives], threshold),
        "classes": plots.accuracies(shares, guessing),
    }
    if sweeps:
        pictures["flaws"] = plots.sweeps(sweeps)
    folder.mkdir(parents=True, exist_ok=True)
    for name, picture in pictures.items():
        (folder / f"{name}.svg").write_text(picture, encoding="utf-8")


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
