"""Flaws and what they cost."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from divescore.judging import execution_of
from divescore.lab.rendering.flaws import COSTS, Flaws, random_execution, random_flaws, random_marks


def test_no_flaws_are_worth_thirty_and_all_of_them_nothing() -> None:
    assert Flaws().execution == 30.0
    assert Flaws(**dict.fromkeys(COSTS, 1.0)).execution == 0.0


@settings(deadline=None)
@given(st.integers(0, 10_000), st.floats(0, 30))
def test_drawn_flaws_leave_the_execution_wanted(seed: int, execution: float) -> None:
    flaws = random_flaws(np.random.default_rng(seed), execution)

    assert flaws.execution == pytest.approx(execution, abs=0.01)
    assert all(0 <= getattr(flaws, name) <= 1 for name in COSTS)


def test_drawn_executions_follow_real_finals() -> None:
    rng = np.random.default_rng(0)
    drawn = [random_execution(rng, flat=0.0) for _ in range(4000)]

    assert np.mean(drawn) == pytest.approx(21.35, abs=0.5)
    assert np.std(drawn) == pytest.approx(4.2, abs=0.8)
    assert 0 <= min(drawn) < max(drawn) <= 30


def test_judges_mark_around_the_execution() -> None:
    rng = np.random.default_rng(0)
    panels = [random_marks(rng, 24.0) for _ in range(200)]

    assert all(execution_of(marks) == execution for marks, execution in panels)
    assert np.mean([execution for _, execution in panels]) == pytest.approx(24.0, abs=0.2)
