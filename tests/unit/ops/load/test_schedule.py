"""Arrivals: any number of jobs, in order, at the rate that was asked for, and the same every time."""

import math
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from divescore.ops.load.errors import InvalidOptions
from divescore.ops.load.schedule import burst, constant, make_schedule, most_within, poisson, ramp

JOBS = st.integers(1, 2000)
RATES = st.floats(0.01, 10_000, allow_nan=False, allow_infinity=False)


def ordered(arrivals: list[float]) -> bool:
    return arrivals[0] == 0 and all(before <= after for before, after in pairwise(arrivals))


@given(JOBS, RATES)
def test_constant_arrivals_keep_their_distance(jobs: int, rate: float) -> None:
    arrivals = constant(jobs, rate)
    assert len(arrivals) == jobs
    assert ordered(arrivals)
    assert all(math.isclose(b - a, 1 / rate, rel_tol=1e-6) for a, b in pairwise(arrivals))


@given(JOBS, RATES, st.integers())
def test_poisson_arrivals_are_the_seed_s_and_nobody_else_s(jobs: int, rate: float, seed: int) -> None:
    arrivals = poisson(jobs, rate, seed)
    assert len(arrivals) == jobs
    assert ordered(arrivals)
    assert arrivals == poisson(jobs, rate, seed)
    if jobs > 1:
        assert arrivals != poisson(jobs, rate, seed + 1)


def test_poisson_gaps_have_the_mean_and_the_spread_of_an_exponential() -> None:
    gaps = [after - before for before, after in pairwise(poisson(50_000, 4.0, 3))]
    mean = sum(gaps) / len(gaps)
    deviation = math.sqrt(sum((gap - mean) ** 2 for gap in gaps) / len(gaps))
    assert mean == pytest.approx(0.25, rel=0.02)
    assert deviation == pytest.approx(mean, rel=0.03)


@given(JOBS, st.floats(0, 1000), st.floats(0.01, 1000))
def test_a_ramp_has_let_in_what_its_rate_adds_up_to(jobs: int, first: float, last: float) -> None:
    arrivals = ramp(jobs, first, last)
    assert len(arrivals) == jobs
    assert ordered(arrivals)
    length = 2 * jobs / (first + last)
    assert arrivals[-1] <= length
    for number in (jobs // 3, jobs // 2, jobs - 1):
        at = arrivals[number]
        assert first * at + (last - first) * at**2 / (2 * length) == pytest.approx(number, rel=1e-6, abs=1e-6)


def test_a_ramp_may_fall_to_nothing() -> None:
    arrivals = ramp(100, 10, 0)
    assert arrivals[1] == pytest.approx(0.1, rel=0.01)
    assert arrivals[-1] - arrivals[-2] > 0.5


@given(st.integers(1, 500), st.integers(1, 600), st.floats(0.1, 60))
def test_bursts_are_full_but_for_the_last(jobs: int, size: int, every: float) -> None:
    arrivals = burst(jobs, size, every)
    assert len(arrivals) == jobs
    assert ordered(arrivals)
    assert arrivals.count(0.0) == min(size, jobs)
    assert len(set(arrivals)) == -(-jobs // size)


def test_a_burst_is_everything_at_once_unless_said_otherwise() -> None:
    assert burst(5) == [0.0] * 5
    assert burst(5, 9) == [0.0] * 5


@given(st.lists(st.floats(0, 100), min_size=1, max_size=60).map(sorted), st.floats(0, 30))
def test_the_most_within_is_that_of_the_fullest_window(arrivals: list[float], within: float) -> None:
    counted = max(sum(0 <= other - start <= within for other in arrivals) for start in arrivals)
    assert most_within(arrivals, within) == counted


@pytest.mark.parametrize(
    "make",
    [
        lambda: constant(0, 1),
        lambda: constant(10_000_000, 1),
        lambda: constant(1, 0),
        lambda: poisson(1, float("inf"), 1),
        lambda: poisson(1, float("nan"), 1),
        lambda: ramp(10, -1, 5),
        lambda: ramp(10, 0, 0),
        lambda: burst(10, 0),
        lambda: burst(10, 5),
    ],
)
def test_what_makes_no_sense_is_said(make: object) -> None:
    with pytest.raises(InvalidOptions):
        make()  # type: ignore[operator]


def test_the_schedule_follows_from_what_is_given() -> None:
    assert make_schedule(None, 3, None, 0, None, 0, 1).arrivals == [0, 0, 0]
    assert make_schedule(None, 3, 2.0, 0, None, 0, 1).arrivals == [0, 0.5, 1]
    assert make_schedule("burst", 3, None, 0, 2, 5.0, 1).arrivals == [0, 0, 5]
    assert make_schedule("ramp", 4, 4.0, 4.0, None, 0, 1).arrivals == [0, 0.25, 0.5, 0.75]
    assert (
        make_schedule("poisson", 9, 4.0, 0, None, 0, 1).arrivals
        != make_schedule("poisson", 9, 4.0, 0, None, 0, 2).arrivals
    )
    assert "seed 2" in make_schedule("poisson", 9, 4.0, 0, None, 0, 2).words


@pytest.mark.parametrize(
    ("kind", "rate", "size", "every"),
    [("burst", 2.0, None, 0), ("constant", None, None, 0), ("poisson", 2.0, 5, 0), (None, 2.0, None, 3.0)],
)
def test_options_that_contradict_each_other_are_refused(
    kind: str | None, rate: float | None, size: int | None, every: float
) -> None:
    with pytest.raises(InvalidOptions):
        make_schedule(kind, 10, rate, 0, size, every, 1)
