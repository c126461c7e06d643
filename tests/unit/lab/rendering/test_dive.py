"""Rendered dives."""

import time
from itertools import pairwise

import numpy as np
import pytest

from divescore.dives import parse_dive
from divescore.lab.rendering.dive import RenderedDive
from divescore.lab.rendering.flaws import Flaws
from divescore.lab.rendering.random_dives import random_rendered_dive


def test_the_same_seed_draws_the_same() -> None:
    a, b, other = random_rendered_dive(3), random_rendered_dive(3), random_rendered_dive(4)

    assert a.truth == b.truth
    assert np.array_equal(a.frame(1.0, 160, 120), b.frame(1.0, 160, 120))
    assert not np.array_equal(a.frame(1.0, 160, 120), other.frame(1.0, 160, 120))


def test_frames_are_rgb_of_the_size_asked_for() -> None:
    picture = random_rendered_dive(3).frame(0.5, 213, 160)

    assert picture.shape == (160, 213, 3)
    assert picture.dtype == np.uint8
    assert picture.std() > 5


def test_labels_follow_the_sport() -> None:
    drawn = RenderedDive(parse_dive("107B"), Flaws(angle=0.5), 10.0, 1).truth

    assert drawn.difficulty == 3.0
    assert drawn.execution == pytest.approx(25.5, abs=1.6)
    assert drawn.score == round(drawn.execution * 3.0, 2)
    assert len(drawn.marks) == 7


def test_the_whole_dive_moves() -> None:
    film = RenderedDive(parse_dive("207C"), Flaws(), 10.0, 2)
    frames = [film.frame(float(t), 80, 60).astype(int) for t in np.linspace(0, film.seconds - 0.05, 12)]
    changes = [np.abs(a - b).mean() for a, b in pairwise(frames)]

    assert 2.5 < film.seconds < 5
    assert max(changes) > 5


def test_a_bad_entry_splashes_more() -> None:
    def white(flaws: Flaws) -> int:
        film = RenderedDive(parse_dive("107B"), flaws, 10.0, 5)
        return sum(int((film.frame(float(t), 160, 120).min(axis=2) > 190).sum()) for t in np.linspace(2.3, 3.2, 12))

    assert white(Flaws(splash=1.0)) > 1.2 * white(Flaws())


def test_drawing_is_fast() -> None:
    film = random_rendered_dive(3)
    start = time.process_time()
    for index in range(60):
        film.frame(index / 25, 320, 240)

    # A wide margin for busy machines; 700 a second were measured on a free core.
    assert 60 / (time.process_time() - start) > 150
