"""Which dives are drawn."""

import numpy as np

from divescore.dives import parse_dive
from divescore.lab.rendering.random_dives import random_dive, random_height


def test_draws_many_valid_dives() -> None:
    rng = np.random.default_rng(0)
    dives = [random_dive(rng) for _ in range(400)]

    numbers = {dive.number for dive in dives}
    assert len(numbers) > 50
    assert all(number is not None and parse_dive(number).number == number for number in numbers)
    assert {dive.number[0] for dive in dives if dive.number} == set("123456")
    assert all(dive.half_somersaults > 0 for dive in dives)


def test_armstands_are_on_the_platform() -> None:
    rng = np.random.default_rng(0)

    assert {random_height(rng, parse_dive("626C")) for _ in range(20)} == {10.0}
    assert {random_height(rng, parse_dive("105B")) for _ in range(80)} == {3.0, 5.0, 7.5, 10.0}
