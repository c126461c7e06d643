"""The short form of the fuzz run; `make soak` has the long one."""

import pytest

from tests.fuzz import structure
from tests.fuzz.video import fuzz

SHORT_SECONDS, LONG_SECONDS = 8.0, 300.0


def test_spoiled_films_do_no_harm() -> None:
    counts = fuzz(SHORT_SECONDS, seed=7)

    assert counts.sound, counts
    assert counts.files > 20
    assert counts.scored > 0
    assert counts.rejected


@pytest.mark.soak
@pytest.mark.timeout(2 * LONG_SECONDS)
def test_spoiled_films_do_no_harm_for_long() -> None:
    counts = fuzz(LONG_SECONDS, seed=11)

    assert counts.sound, counts


def test_changed_structures_keep_their_bounds() -> None:
    found = structure.fuzz(SHORT_SECONDS, seed=3)

    assert found.sound, found
    assert found.files > 20
    assert found.read > 0
    assert found.refused > 0


@pytest.mark.soak
@pytest.mark.timeout(2 * LONG_SECONDS)
def test_changed_structures_keep_their_bounds_for_long() -> None:
    found = structure.fuzz(LONG_SECONDS, seed=5)

    assert found.sound, found
