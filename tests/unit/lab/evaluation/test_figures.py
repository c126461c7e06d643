"""Figures of a model."""

import pytest

from divescore.lab.evaluation.figures import figures
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
