"""The motion of a dive."""

import numpy as np
import pytest

from divescore.dives import parse_dive
from divescore.lab.rendering.flaws import Flaws
from divescore.lab.rendering.motion import Motion


def dive(number: str, height: float = 10.0, flaws: Flaws | None = None, seed: int = 1) -> Motion:
    return Motion(parse_dive(number), flaws or Flaws(), height, np.random.default_rng(seed))


@pytest.mark.parametrize("number", ["107B", "207C", "305C", "405B", "5253B", "626C", "6243D", "102B", "201A"])
def test_turns_as_often_as_the_number_says(number: str) -> None:
    motion = dive(number)
    before, after = motion.at(motion.timing.take_off), motion.at(motion.timing.entry)

    turned = abs(after.lean - before.lean) / np.pi
    assert turned == pytest.approx(parse_dive(number).half_somersaults, abs=0.03)


def test_forward_and_reverse_turn_opposite_ways() -> None:
    def turn(number: str) -> float:
        motion = dive(number)
        return motion.at(motion.timing.entry).lean

    assert turn("105B") > 0 > turn("305B")
    assert turn("205B") > 0 > turn("405B")


@pytest.mark.parametrize(("number", "head_first"), [("107B", True), ("102B", False), ("626C", True), ("103B", True)])
def test_enters_head_or_feet_first(number: str, head_first: bool) -> None:
    motion = dive(number)
    limbs = {limb.part: limb for limb in motion.at(motion.timing.entry).limbs}

    assert motion.head_first is head_first
    assert bool(limbs["head"].a[1] < limbs["foot"].a[1]) is head_first


def test_flies_on_a_parabola_and_enters_at_the_water() -> None:
    motion = dive("107B")
    start, end = motion.timing.take_off, motion.timing.entry
    times = np.linspace(start, end, 40)
    heights = np.array([motion.at(float(seconds)).centre[1] for seconds in times])

    assert np.diff(heights, 2) / (times[1] - times[0]) ** 2 == pytest.approx(-9.81, abs=0.01)
    assert 0.8 < heights[-1] < 1.3
    assert 1.4 < end - start < 2.1


def test_stands_on_the_platform_before() -> None:
    motion = dive("207C")
    soles = min(min(limb.a[1], limb.b[1]) for limb in motion.at(0.05).limbs)

    assert soles == pytest.approx(10.0, abs=0.2)


def test_a_missed_entry_shows_in_the_angle() -> None:
    clean, missed = dive("107B"), dive("107B", flaws=Flaws(angle=1.0))
    difference = clean.at(clean.timing.entry).lean - missed.at(missed.timing.entry).lean

    assert abs(np.degrees(difference)) == pytest.approx(52, abs=1)


@pytest.mark.parametrize("number", ["107B", "201A", "5253B"])
def test_a_lean_of_the_flight_is_no_missed_entry(number: str) -> None:
    def line(flaws: Flaws) -> float:
        motion = dive(number, flaws=flaws)
        (trunk,) = (limb for limb in motion.at(motion.timing.entry).limbs if limb.part == "trunk")
        across, up = trunk.b - trunk.a
        return float(np.degrees(np.arctan(across / up)))

    assert line(Flaws(axis=1.0)) == pytest.approx(line(Flaws()), abs=0.5)
    assert abs(line(Flaws(angle=0.5)) - line(Flaws())) > 20


def test_a_stray_take_off_leaves_the_platform_far_or_hardly_at_all() -> None:
    drifts = [dive("107B", flaws=Flaws(distance=1.0), seed=seed).drift for seed in range(20)]
    sound = [dive("107B", seed=seed).drift for seed in range(20)]

    assert all(0.2 < drift < 0.4 or drift > 2.5 for drift in drifts)
    assert min(drifts) < 0.4
    assert max(drifts) > 2.5
    assert all(0.9 < drift < 1.1 for drift in sound)


def test_a_weak_take_off_flies_shorter() -> None:
    strong, weak = dive("107B"), dive("107B", flaws=Flaws(height=1.0))

    assert weak.timing.entry - weak.timing.take_off < strong.timing.entry - strong.timing.take_off - 0.1
