"""How well the shipped network does on clips it has not seen: errors, rank correlation, classes, the gate."""

from divescore.lab.evaluation.agreement import rank_correlation, relative_error
from divescore.lab.evaluation.predictions import Predictions
from divescore.scoring.mini.temporal import FLAWS


def figures(predictions: Predictions, threshold: float, factor: float) -> dict[str, float]:
    """Figures of a model: errors in points, shares 0..1. `threshold` is the gate's, `factor` the interval's."""
    dives, labels = predictions.is_dive, predictions.labels
    passed = predictions.probability >= threshold
    truth, guess, difficulty = labels["execution"][dives], predictions.execution[dives], labels["difficulty"][dives]
    errors = predictions.execution_errors
    result = {
        "dives": float(dives.sum()),
        "negatives": float((~dives).sum()),
        "execution_mean_error": float(errors.mean()),
        "execution_relative_error": relative_error(guess, truth),
        "execution_rank_correlation": rank_correlation(guess, truth),
        "score_rank_correlation": rank_correlation(guess * difficulty, truth * difficulty),
        "interval_coverage": float((errors <= factor * predictions.spread[dives]).mean()),
        "difficulty_mean_error": float(predictions.difficulty_errors.mean()),
        "dives_passed": float(passed[dives].mean()),
        "negatives_passed": float(passed[~dives].mean()) if (~dives).any() else 0.0,
    }
    for index, name in enumerate(FLAWS):
        result[f"{name}_mean_error"] = float(abs(predictions.flaws[:, index] - labels[name])[dives].mean())
    for name, guesses in predictions.classes.items():
        result[f"{name}_accuracy"] = float((guesses == labels[name])[dives].mean())
    return {name: round(value, 4) for name, value in result.items()}
