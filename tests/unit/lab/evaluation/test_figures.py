"""Figures of a model."""

import numpy as np
import pytest

from divescore.lab.evaluation.figures import agreement, figures, rank_correlation, relative_error
from tests.unit.lab.evaluation.sample import predictions


def test_figures_of_a_good_model() -> None:
    measured = figures(predictions(0.5), threshold=0.5, factor=1.645)

    assert measured["execution_mean_error"] == pytest.approx(0.4, abs=0.05)
    assert measured["execution_rank_correlation"] > 0.99
    assert measured["interval_coverage"] == pytest.approx(0.9, abs=0.04)
    assert measured["difficulty_mean_error"] == pytest.approx(0.1, abs=0.001)
    assert measured["dives_passed"] > 0.99
    assert measured["negatives_passed"] < 0.01
    assert measured["position_accuracy"] == 1.0


def test_relative_error_is_a_share_of_the_range() -> None:
    truth = np.array([20.0, 60.0, 120.0])
    assert relative_error(truth, truth) == 0.0
    # Ten points off everywhere, a range of 100: a hundredth, in percent 1.
    assert relative_error(truth + 10.0, truth) == pytest.approx(1.0)
    with pytest.raises(ValueError, match="no range"):
        relative_error(truth, np.array([7.0, 7.0, 7.0]))


def test_all_three() -> None:
    found = agreement(np.array([50.0, 60.0, 95.0]), np.array([50.0, 70.0, 90.0]))
    assert found == {"rank_correlation": 1.0, "relative_error": 2.6042, "mean_error": 5.0}


def test_ranks_count_not_values() -> None:
    a = np.array([1.0, 2.0, 3.0, 4.0])
    assert rank_correlation(a, np.exp(a)) == pytest.approx(1.0)
    assert rank_correlation(a, -a) == pytest.approx(-1.0)
    # Ties share their mean rank: 1.5, 1.5, 3, 4.
    assert rank_correlation(a, np.array([5.0, 5.0, 6.0, 7.0])) == pytest.approx(0.9487, abs=1e-4)
    assert rank_correlation(a, np.ones(4)) == 0.0
