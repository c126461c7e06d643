"""Figures of a model."""

import numpy as np
import pytest

from divescore.training.dataset import LABELS
from divescore.training.evaluate import (
    Readings,
    difficulty_margin,
    figures,
    gate_threshold,
    interval_factor,
    rank_correlation,
)


def readings(error: float) -> Readings:
    rng = np.random.default_rng(0)
    count = 400
    labels = {name: np.zeros(count) for name in LABELS}
    labels["is_dive"][:300] = 1.0
    labels["execution"] = rng.uniform(5, 29, count)
    labels["difficulty"] = rng.uniform(2, 4, count)
    noise = rng.normal(0, 1, count)
    return Readings(
        gate=np.where(labels["is_dive"] > 0, 4.0, -4.0) + noise,
        execution=labels["execution"] + error * noise,
        spread=np.full(count, error),
        difficulty=labels["difficulty"] + 0.1,
        classes={"position": np.zeros(count, dtype=np.int64)},
        labels=labels,
    )


def test_ranks_with_ties() -> None:
    a = np.array([1.0, 2.0, 2.0, 3.0])

    assert rank_correlation(a, a) == pytest.approx(1.0)
    assert rank_correlation(a, -a) == pytest.approx(-1.0)
    assert rank_correlation(np.array([1.0, 2.0, 3.0, 4.0]), np.array([1.0, 3.0, 2.0, 4.0])) == pytest.approx(0.8)


def test_figures_of_a_good_model() -> None:
    measured = figures(readings(0.5), threshold=0.5, factor=1.645)

    assert measured["execution_mean_error"] == pytest.approx(0.4, abs=0.05)
    assert measured["execution_rank_correlation"] > 0.99
    assert measured["interval_coverage"] == pytest.approx(0.9, abs=0.04)
    assert measured["difficulty_mean_error"] == pytest.approx(0.1, abs=0.001)
    assert measured["dives_passed"] > 0.99
    assert measured["negatives_passed"] < 0.01
    assert measured["position_accuracy"] == 1.0


def test_the_interval_is_calibrated() -> None:
    assert interval_factor(readings(2.0), 0.9) == pytest.approx(1.645, abs=0.15)
    assert difficulty_margin(readings(2.0), 0.9) == pytest.approx(0.1, abs=0.001)


def test_the_gate_stays_open_rather_than_shut() -> None:
    assert 0.05 <= gate_threshold(readings(1.0)) <= 0.5
