"""Contributions add up to the score."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from divescore.scoring.contributions import contributions


@given(
    st.lists(st.floats(0, 30, allow_subnormal=False), min_size=1, max_size=16),
    st.integers(0, 15000),
    st.floats(0.5, 60),
)
def test_they_add_up_to_the_hundredth(shares: list[float], hundredths: int, seconds: float) -> None:
    parts = contributions(shares, hundredths / 100, 0.0, seconds)

    assert sum(round(100 * part.contribution) for part in parts) == hundredths
    assert all(part.contribution >= 0 for part in parts)
    assert parts[0].start == 0
    assert parts[-1].end == pytest.approx(seconds, abs=0.001)
    assert all(a.end == b.start for a, b in pairwise(parts))


def test_they_follow_the_shares() -> None:
    parts = contributions([1, 3, 0, 6], 30.0, 0.0, 4.0)

    assert [part.contribution for part in parts] == [3.0, 9.0, 0.0, 18.0]
    assert [part.start for part in parts] == [0.0, 1.0, 2.0, 3.0]
