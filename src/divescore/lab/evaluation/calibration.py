"""What a manifest scales a network's outputs by, fitted on clips that its training has not seen."""

import numpy as np
from numpy.typing import NDArray

from divescore.lab.evaluation.predictions import Predictions
from divescore.scoring.manifest import IntervalScaling

INTERVAL_LEVEL = 0.9
"""Share of the dives that an interval is to hold."""


_THRESHOLDS = (0.2, 0.5)


def conformal_factor(ratios: NDArray[np.float64]) -> float:
    """What covers `INTERVAL_LEVEL` of dives with these ratios of error to spread (split conformal prediction)."""
    return round(float(np.quantile(ratios, min(INTERVAL_LEVEL * (1 + 1 / len(ratios)), 1.0))), 4)


def interval_scaling(predictions: Predictions) -> IntervalScaling:
    """The factor on the predicted spread, and how far the predicted difficulty errs."""
    return IntervalScaling(
        level=INTERVAL_LEVEL,
        factor=conformal_factor(predictions.execution_errors / predictions.spread[predictions.is_dive]),
        difficulty_margin=round(float(np.quantile(predictions.difficulty_errors, INTERVAL_LEVEL)), 4),
    )


def gate_threshold(predictions: Predictions) -> float:
    """Probability half way, in logits, between the highest negatives and the lowest dives, within bounds.

    Real videos differ from rendered ones: their dives are less clearly dives, so the gate is kept open rather than
    shut, and so are their other films less clearly none, so it is not left open either.
    """
    dives = predictions.is_dive
    high = float(np.quantile(predictions.gate[~dives], 0.99))
    low = float(np.quantile(predictions.gate[dives], 0.005))
    return round(float(np.clip(1.0 / (1.0 + np.exp(-(high + low) / 2.0)), *_THRESHOLDS)), 4)
