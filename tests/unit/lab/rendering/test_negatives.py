"""Films that are no dives."""

import numpy as np
import pytest

from divescore.lab.rendering.negatives import NEGATIVES, build_negative


@pytest.mark.parametrize("kind", sorted(NEGATIVES))
def test_each_draws_the_same_from_the_same_seed(kind: str) -> None:
    film, again = build_negative(kind, 5), build_negative(kind, 5)

    assert film.seconds >= (0.3 if kind == "cut-off" else 2.0)
    for seconds in (0.0, 1.0):
        picture = film.frame(seconds, 120, 90)
        assert picture.shape == (90, 120, 3)
        assert picture.dtype == np.uint8
        assert np.array_equal(picture, again.frame(seconds, 120, 90))


def test_a_still_does_not_move() -> None:
    film = build_negative("still", 2)

    assert np.abs(film.frame(0.0, 80, 60).astype(int) - film.frame(1.5, 80, 60)).mean() < 8
