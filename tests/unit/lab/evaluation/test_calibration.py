"""What a manifest scales outputs by."""

import pytest

from divescore.lab.evaluation.calibration import gate_threshold, interval_scaling
from tests.unit.lab.evaluation.sample import predictions


def test_the_interval_is_calibrated() -> None:
    interval = interval_scaling(predictions(2.0))

    assert interval.level == 0.9
    assert interval.factor == pytest.approx(1.645, abs=0.15)
    assert interval.difficulty_margin == pytest.approx(0.1, abs=0.001)


def test_the_gate_stays_open_rather_than_shut() -> None:
    assert 0.05 <= gate_threshold(predictions(1.0)) <= 0.5
