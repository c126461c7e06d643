"""Figures of a model on clips it has not seen: agreement with the judges by the field's measures, classes, the gate."""

import numpy as np

from divescore.lab.evaluation.predictions import Predictions, Values
from divescore.lab.rendering.flaws import REAL_EXECUTIONS
from divescore.scoring.mini.temporal import FLAWS


def rank_correlation(a: Values, b: Values) -> float:
    """Spearman's rank correlation, ties by their mean rank; 0 where one side says the same of all."""
    if np.ptp(a) == 0.0 or np.ptp(b) == 0.0:
        return 0.0
    return float(np.corrcoef(_ranks(a), _ranks(b))[0, 1])


def _ranks(values: Values) -> Values:
    _, inverse, counts = np.unique(values, return_inverse=True, return_counts=True)
    last = np.cumsum(counts)
    mean_ranks: Values = last - (counts - 1) / 2.0
    return mean_ranks[inverse]


def relative_error(guess: Values, truth: Values) -> float:
    """R-l2 x 100: mean square error as a share of the squared range of the true scores (Yu et al., ICCV 2021)."""
    span = float(truth.max() - truth.min())
    if span == 0.0:
        raise ValueError("All true scores are the same, so that there is no range to compare with.")
    return float(100.0 * np.mean(((guess - truth) / span) ** 2))


def agreement(guess: Values, truth: Values) -> dict[str, float]:
    """Spearman's rho, R-l2 x 100 and mean error in points, four decimals."""
    return {
        "rank_correlation": round(rank_correlation(guess, truth), 4),
        "relative_error": round(relative_error(guess, truth), 4),
        "mean_error": round(float(np.abs(guess - truth).mean()), 4),
    }


def as_competed(executions: Values) -> Values:
    """Weights that give executions the distribution of real competitions."""
    edges = np.array([0.0, 6.0, 10.0, 13.0, 16.0, 18.0, 20.0, 22.0, 24.0, 26.0, 30.01])
    shares = np.linspace(0.0, 1.0, len(REAL_EXECUTIONS))
    below = np.interp(edges, REAL_EXECUTIONS, shares, left=0.0, right=1.0)
    here = np.histogram(executions, edges)[0] / len(executions)
    place = np.clip(np.digitize(executions, edges) - 1, 0, len(edges) - 2)
    return np.asarray((np.diff(below) / np.maximum(here, 1e-9))[place])


def figures(predictions: Predictions, threshold: float, factor: float) -> dict[str, float]:
    """Figures of a model: errors in points, shares 0..1. `threshold` is the gate's, `factor` the interval's."""
    dives, labels = predictions.is_dive, predictions.labels
    passed = predictions.probability >= threshold
    truth, guess, difficulty = labels["execution"][dives], predictions.execution[dives], labels["difficulty"][dives]
    errors = predictions.execution_errors
    inside = errors <= factor * predictions.spread[dives]
    result = {
        "dives": float(dives.sum()),
        "negatives": float((~dives).sum()),
        "execution_mean_error": float(errors.mean()),
        "seen_mean_error": float(np.abs(predictions.seen[dives] - truth).mean()),
        "seen_rank_correlation": rank_correlation(predictions.seen[dives], truth),
        "evidence_median": float(np.median(predictions.evidence[dives])),
        "evidence_rank_correlation": rank_correlation(predictions.evidence[dives], truth),
        "evidence_of_negatives": float(predictions.evidence[~dives].mean()) if (~dives).any() else 0.0,
        "execution_relative_error": relative_error(guess, truth),
        "execution_rank_correlation": rank_correlation(guess, truth),
        "score_rank_correlation": rank_correlation(guess * difficulty, truth * difficulty),
        "interval_coverage": float(inside.mean()),
        # The prior is of real competitions, where few dives are as bad as many of the rendered ones.
        "interval_coverage_as_competed": float(np.average(inside, weights=as_competed(truth))),
        "difficulty_mean_error": float(predictions.difficulty_errors.mean()),
        "dives_passed": float(passed[dives].mean()),
        "negatives_passed": float(passed[~dives].mean()) if (~dives).any() else 0.0,
    }
    for index, name in enumerate(FLAWS):
        result[f"{name}_mean_error"] = float(abs(predictions.flaws[:, index] - labels[name])[dives].mean())
    for name, guesses in predictions.classes.items():
        result[f"{name}_accuracy"] = float((guesses == labels[name])[dives].mean())
    return {name: round(value, 4) for name, value in result.items()}
