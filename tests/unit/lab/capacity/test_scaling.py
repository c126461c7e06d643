"""AWS's published ramps."""

from itertools import count
from math import inf

import pytest
from hypothesis import given
from hypothesis import strategies as st

from divescore.lab.capacity.simulation import STANDARD, Ramp, provisioned


def permitted(ramp: Ramp, elapsed: float) -> int:
    """The most invocations at once that are reached by then."""
    return next(more for more in count() if ramp.reaches(more + 1) > elapsed)


@pytest.mark.parametrize(("elapsed", "allowed"), [(0, 5), (60, 305), (120, 605), (249, 1250), (9999, 1250)])
def test_a_standard_event_source_starts_with_5_and_adds_300_a_minute_up_to_1250(elapsed: float, allowed: float) -> None:
    assert permitted(STANDARD, elapsed) == allowed


def test_provisioned_mode_starts_with_its_least_pollers_and_adds_1000_a_minute() -> None:
    ramp = provisioned(20, 200)
    assert [permitted(ramp, elapsed) for elapsed in (0, 60, 3600)] == [200, 1200, 2000]


def test_a_pool_is_there_or_never() -> None:
    assert Ramp(3).reaches(3) == 0
    assert Ramp(3).reaches(4) == inf


def test_a_cap_holds_from_the_start() -> None:
    assert STANDARD.capped(2) == Ramp(2, 300, 2)


@given(st.floats(1, 100), st.floats(1, 5000), st.floats(0, 5000), st.floats(0, 5000))
def test_what_is_reached_at_a_moment_is_allowed_then(
    start: float, rate: float, extra: float, concurrency: float
) -> None:
    ramp = Ramp(start, rate, start + extra)
    moment = ramp.reaches(concurrency)
    if moment == inf:
        assert concurrency > ramp.most
    else:
        assert min(ramp.most, ramp.start + ramp.per_minute * moment / 60) >= concurrency - 1e-6
