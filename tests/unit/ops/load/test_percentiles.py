"""Percentiles are samples, and the right ones."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from divescore.ops.load.percentiles import QUANTILES, percentile, spread

SAMPLES = st.lists(st.floats(0, 1e6, allow_nan=False), min_size=1, max_size=300)


@given(SAMPLES, st.floats(0, 1))
def test_a_percentile_is_the_smallest_sample_that_enough_do_not_exceed(samples: list[float], quantile: float) -> None:
    ordered = sorted(samples)
    found = percentile(ordered, quantile)
    margin = 1e-6
    assert found in ordered
    assert sum(value <= found for value in ordered) >= quantile * len(ordered) - margin
    smaller = sum(value < found for value in ordered)
    assert smaller == 0 or smaller < quantile * len(ordered) + margin


def test_known_percentiles() -> None:
    hundred = [float(number) for number in range(1, 101)]
    assert [percentile(hundred, q) for q in (0.5, 0.9, 0.95, 0.99, 0.999)] == [50, 90, 95, 99, 100]
    twenty = [float(number) for number in range(1, 21)]
    assert percentile(twenty, 0.95) == 19
    with pytest.raises(ValueError, match="nothing"):
        percentile([], 0.5)


@given(SAMPLES)
def test_a_spread_grows_from_its_least_to_its_largest(samples: list[float]) -> None:
    found = spread(samples)
    figures = [found["min"], *(found[name] for name in QUANTILES), found["max"]]
    assert figures == sorted(figures)
    assert found["n"] == len(samples)
    assert found["mean"] == pytest.approx(math.fsum(samples) / len(samples), abs=1e-5)


def test_nothing_has_no_spread() -> None:
    assert spread([]) == {"n": 0}
