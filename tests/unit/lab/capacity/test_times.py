"""Draws are of the distribution, and the mean is theirs."""

from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from divescore.lab.capacity.documents import Quantiles
from tests.bench.recorded_flood import Measured

DRAWS = 4000


def drawn(times: Quantiles | Measured) -> list[float]:
    chance = Random(1)
    return [times.draw(chance) for _ in range(DRAWS)]


def test_measured_values_come_as_often_as_they_were() -> None:
    times = Measured([1.0, 1.0, 1.0, 5.0])
    values = drawn(times)
    assert set(values) == {1.0, 5.0}
    assert values.count(5.0) / DRAWS == pytest.approx(0.25, abs=0.03)
    assert sum(values) / DRAWS == pytest.approx(times.mean, rel=0.03)


def test_nothing_measured_is_no_distribution() -> None:
    with pytest.raises(ValueError, match="nothing"):
        Measured([])


def test_quantiles_are_hit() -> None:
    times = Quantiles([(0, 1.0), (0.5, 2.0), (0.9, 3.0), (1, 10.0)])
    values = sorted(drawn(times))
    assert values[DRAWS // 2] == pytest.approx(2.0, rel=0.03)
    assert values[int(DRAWS * 0.85)] == pytest.approx(2.875, rel=0.03)
    assert sum(values) / DRAWS == pytest.approx(times.mean, rel=0.03)


@given(st.lists(st.floats(0, 100), min_size=2, max_size=6), st.integers(0, 1000))
def test_no_draw_leaves_the_quantiles(values: list[float], seed: int) -> None:
    values = sorted(values)
    points = [(index / (len(values) - 1), value) for index, value in enumerate(values)]
    assert values[0] - 1e-9 <= Quantiles(points).draw(Random(seed)) <= values[-1] + 1e-9
