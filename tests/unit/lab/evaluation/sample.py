"""Predictions of a model that errs by so many points."""

import numpy as np

from divescore.lab.datasets.labels import LABELS
from divescore.lab.evaluation.predictions import Predictions
from divescore.scoring.mini.temporal import FLAWS


def predictions(error: float) -> Predictions:
    """Of 300 dives and 100 other films; `error` is the deviation of the execution, and the spread."""
    rng = np.random.default_rng(0)
    count = 400
    labels = {name: np.zeros(count) for name in LABELS}
    labels["is_dive"][:300] = 1.0
    labels["execution"] = rng.uniform(5, 29, count)
    labels["difficulty"] = rng.uniform(2, 4, count)
    noise = rng.normal(0, 1, count)
    return Predictions(
        gate=np.where(labels["is_dive"] > 0, 4.0, -4.0) + noise,
        execution=labels["execution"] + error * noise,
        spread=np.full(count, error),
        difficulty=labels["difficulty"] + 0.1,
        flaws=np.zeros((count, len(FLAWS))),
        classes={"position": np.zeros(count, dtype=np.int64)},
        labels=labels,
        seen=labels["execution"] + error * noise,
        evidence=np.ones(count),
    )
