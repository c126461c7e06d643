"""Somersaults counted on trajectories whose turns are known."""

import numpy as np
import pytest

from divescore.scoring.mini.flight import Flight
from divescore.scoring.mini.turns import MOST, count_turns, inertia

FRAMES, TAKE_OFF, ENTRY = 48, 1.0, 2.6


def trajectory(
    half_somersaults: int,
    rng: np.random.Generator,
    *,
    armstand: bool = False,
    clockwise: bool = True,
    noise: float = 0.15,
    missing: float = 0.0,
    flipped: float = 0.0,
    miss: float = 0.0,
    late: float = 0.0,
) -> Flight:
    """A dive that folds after a sixth of its flight and opens after three quarters.

    `late`: by how many seconds the phases err about its ends.
    """
    times = np.linspace(0.0, 3.4, FRAMES)
    share = (times - TAKE_OFF) / (ENTRY - TAKE_OFF)
    folded = np.clip((share - 0.1) / 0.12, 0.0, 1.0) * np.clip((0.82 - share) / 0.12, 0.0, 1.0)
    hip, knee = 2.2 * folded, 2.3 * folded
    rate = np.where((share >= 0.0) & (share <= 1.0), 1.0 / inertia(hip, knee), 0.0)
    turned = np.cumsum(rate) / rate.sum()
    lean = turned * (np.pi * half_somersaults + miss) * (1.0 if clockwise else -1.0) + np.pi * armstand
    lean = lean + rng.normal(0.0, noise, FRAMES) + np.pi * (rng.random(FRAMES) < flipped)
    worth = np.full((FRAMES + 1, FRAMES + 1), -np.inf)
    first, last = (int(np.searchsorted(times, moment + late)) for moment in (TAKE_OFF, ENTRY))
    for start in range(FRAMES + 1):
        for end in range(start + 1, FRAMES + 1):
            worth[start, end] = -1.5 * (abs(start - first) + abs(end - last))
    return Flight(
        times=times,
        take_off=TAKE_OFF + late,
        entry=ENTRY + late,
        worth=worth,
        lean=np.angle(np.exp(1j * lean)),
        trust=((times > 0.8) & (times < 2.8) & (rng.random(FRAMES) >= missing)).astype(float),
        hip=hip,
        knee=knee,
        front=np.full(FRAMES, 0.7 if clockwise else -0.7) * folded,
    )


def counted(flight: Flight) -> tuple[bool, bool, int]:
    armstand, clockwise, half_somersaults = np.unravel_index(
        int(count_turns(flight).likelihood.argmax()), (2, 2, MOST + 1)
    )
    return bool(armstand), bool(clockwise), int(half_somersaults)


@pytest.mark.parametrize("half_somersaults", range(1, 10))
@pytest.mark.parametrize("clockwise", [True, False])
def test_counts_what_was_turned(half_somersaults: int, clockwise: bool) -> None:
    flight = trajectory(half_somersaults, np.random.default_rng(half_somersaults), clockwise=clockwise)

    assert counted(flight) == (False, clockwise, half_somersaults)


def test_an_armstand_begins_on_the_hands() -> None:
    assert counted(trajectory(6, np.random.default_rng(0), armstand=True)) == (True, True, 6)


@pytest.mark.parametrize(
    "spoilt",
    [
        {"noise": 0.45},
        {"missing": 0.3},
        {"flipped": 0.15},
        {"miss": -0.6},
        {"noise": 0.3, "missing": 0.2, "flipped": 0.1},
        {"late": -0.3},
    ],
    ids=str,
)
def test_counts_through_noise_gaps_flips_and_misses(spoilt: dict[str, float]) -> None:
    right = [
        counted(trajectory(half, np.random.default_rng([half, seed]), **spoilt))[2] == half  # type: ignore[arg-type]
        for half in (3, 5, 7)
        for seed in range(4)
    ]

    assert np.mean(right) >= 0.75


def test_knows_when_it_does_not_know() -> None:
    rng = np.random.default_rng(1)
    clear = count_turns(trajectory(7, rng)).likelihood.sum(axis=(0, 1)).max()
    noisy = count_turns(trajectory(7, rng, noise=2.5, flipped=0.5)).likelihood.sum(axis=(0, 1)).max()
    nothing = count_turns(trajectory(7, rng, missing=1.0))

    assert clear > 0.95 > noisy
    assert nothing.likelihood == pytest.approx(np.full((2, 2, MOST + 1), 0.025))
    assert (nothing.rate, nothing.forwards) == (0.0, 0.0)


def test_says_to_which_side_and_how_fast() -> None:
    for clockwise in (True, False):
        turns = count_turns(trajectory(7, np.random.default_rng(2), clockwise=clockwise))
        assert turns.forwards > 0.3
        assert 2.0 < turns.rate < 4.0
        assert turns.take_off == pytest.approx(TAKE_OFF, abs=0.15)
        assert turns.entry == pytest.approx(ENTRY, abs=0.15)
