"""How far predicted scores agree with the judges', by the measures of the field."""

import numpy as np
from numpy.typing import NDArray

Values = NDArray[np.float64]


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
