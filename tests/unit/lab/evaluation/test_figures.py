"""Figures of a model."""

from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest

from divescore.lab.datasets.rendered import LABELS
from divescore.lab.evaluation.figures import (
    Readings,
    difficulty_margin,
    draw_plots,
    figures,
    gate_threshold,
    interval_factor,
)
from divescore.lab.evaluation.plots import Sweep
from divescore.scoring.mini.temporal import FLAWS


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
        flaws=np.zeros((count, len(FLAWS))),
        classes={"position": np.zeros(count, dtype=np.int64)},
        labels=labels,
    )


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


def test_draws_every_picture(tmp_path: Path) -> None:
    amounts = np.linspace(0.0, 1.0, 5)
    sweep = Sweep(amounts, 28.0 - 9.0 * amounts, 26.0 - 9.0 * amounts, 29.0 - 9.0 * amounts)

    draw_plots(tmp_path, readings(1.0), 0.5, 1.645, {"angle": sweep})

    assert sorted(path.stem for path in tmp_path.iterdir()) == ["classes", "executions", "flaws", "gate", "intervals"]
    for path in tmp_path.iterdir():
        ElementTree.parse(path)
