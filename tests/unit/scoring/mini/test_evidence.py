"""Evidence from signs of clear sight."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from divescore.scoring.mini.evidence import SIGNS, EvidenceScaling, distance_of, evidence_at

SCALING = EvidenceScaling(
    signs=SIGNS,
    level=tuple((1.0, 2.0, 0.0) for _ in SIGNS),
    whitening=tuple(tuple(float(row == column) * 2.0 for column in range(len(SIGNS))) for row in range(len(SIGNS))),
    middle=2.0,
    width=0.2,
    most=0.99,
)


@given(st.floats(0.0, 1.0))
def test_what_signs_owe_to_the_execution_does_not_count(execution: float) -> None:
    assert distance_of(np.full(len(SIGNS), 1.0 + 2.0 * execution), execution, SCALING) == pytest.approx(0.0, abs=1e-9)
    assert distance_of(np.full(len(SIGNS), 2.0 + 2.0 * execution), execution, SCALING) == pytest.approx(2.0)


def test_evidence_falls_with_the_distance() -> None:
    found = [evidence_at(distance, SCALING) for distance in (0.5, 1.5, 2.0, 2.5, 4.0, 1000.0)]

    assert found == sorted(found, reverse=True)
    assert found[0] > 0.98
    assert found[2] == pytest.approx(0.495)
    assert found[-1] < 1e-6


def test_one_sign_that_leaps_is_one_of_many() -> None:
    near = np.full(len(SIGNS), 2.0)
    near[3] = 1000.0

    assert distance_of(near, 0.0, SCALING) == pytest.approx(np.sqrt((4.0 * (len(SIGNS) - 1) + 2.5**2) / len(SIGNS)))
    assert distance_of(np.full(len(SIGNS), 1000.0), 0.0, SCALING) == pytest.approx(2.5)
