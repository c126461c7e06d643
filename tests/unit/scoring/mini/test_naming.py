"""Naming one of the dives that exist."""

import numpy as np
import pytest

from divescore.dives import Dive, Position, parse_dive
from divescore.priors import BY_NUMBER, HOW_OFTEN
from divescore.scoring.mini.naming import dives_that_exist, name
from divescore.scoring.mini.temporal import CLASS_HEADS, POSITIONS, ROTATIONS
from divescore.scoring.mini.turns import MOST, Turns


def heads(dive: Dive, sure: float) -> dict[str, np.ndarray]:
    """Class heads that give the dive's own classes the probability `sure`."""
    own = {
        "position": POSITIONS.index(dive.position),
        "armstand": int(dive.armstand),
        "rotation": ROTATIONS.index(dive.rotation),
        "half_somersaults": dive.half_somersaults,
        "half_twists": dive.half_twists,
    }
    found = {}
    for head, size in CLASS_HEADS.items():
        found[head] = np.full(size, (1.0 - sure) / (size - 1))
        found[head][own[head]] = sure
    return found


NOT_SEEN = np.full(len(POSITIONS), 1.0 / len(POSITIONS))


def turned(armstand: int, half_somersaults: int, forwards: float = 0.0) -> Turns:
    likelihood = np.full((2, 2, MOST + 1), 1e-4)
    likelihood[armstand, :, half_somersaults] = 1.0
    return Turns(likelihood / likelihood.sum(), 2.0, forwards, 1.0, 2.5)


def test_all_competed_dives_exist_and_no_number_twice() -> None:
    numbers = [dive.number for dive in dives_that_exist()]

    assert set(BY_NUMBER) <= set(numbers)
    assert len(set(numbers)) == len(numbers)


@pytest.mark.parametrize("number", ["107B", "207C", "307C", "405B", "5253B", "626C", "6243D"])
def test_names_what_the_heads_are_sure_of(number: str) -> None:
    dive = parse_dive(number)
    named = name(heads(dive, 0.95), turned(int(dive.armstand), dive.half_somersaults), NOT_SEEN, 0.5)

    assert named.dive == dive
    assert 0.5 < named.sureness <= 1.0


def test_a_dive_that_does_not_exist_is_not_named() -> None:
    classes = heads(parse_dive("107B"), 0.9)
    classes["half_twists"] = heads(parse_dive("5337D"), 0.6)["half_twists"]
    named = name(classes, turned(0, 7), NOT_SEEN, 0.0)

    assert named.dive in dives_that_exist()
    assert named.dive.half_twists in (0, 2, 4)


def test_turns_decide_where_the_heads_waver() -> None:
    classes = heads(parse_dive("207C"), 0.9)
    classes["half_somersaults"] = np.full(CLASS_HEADS["half_somersaults"], 0.1)

    assert name(classes, turned(0, 7), NOT_SEEN, 1.0).dive.number == "207C"
    assert name(classes, turned(0, 5), NOT_SEEN, 1.0).dive.number == "205C"


def test_facing_tells_back_from_forward() -> None:
    classes = heads(parse_dive("107C"), 0.9)
    classes["rotation"] = np.full(4, 0.25)

    assert name(classes, turned(0, 7, 0.9), NOT_SEEN, 1.0).dive.number in ("107C", "407C")
    assert name(classes, turned(0, 7, -0.9), NOT_SEEN, 1.0).dive.number in ("207C", "307C")


def test_folds_tell_pike_from_tuck_where_the_heads_waver() -> None:
    classes = heads(parse_dive("107C"), 0.9)
    classes["position"] = np.full(len(POSITIONS), 0.25)

    def folded(position: Position) -> np.ndarray:
        chances = np.full(len(POSITIONS), 0.02)
        chances[POSITIONS.index(position)] = 0.94
        return chances

    assert name(classes, turned(0, 7), folded(Position.PIKE), 1.0).dive.number == "107B"
    assert name(classes, turned(0, 7), folded(Position.TUCK), 1.0).dive.number == "107C"


def test_heads_that_are_not_trusted_leave_it_to_turns_and_folds() -> None:
    wrong = heads(parse_dive("5253B"), 0.97)
    tucked = np.array([0.9 if position == Position.TUCK else 0.03 for position in POSITIONS])

    assert name(wrong, turned(0, 7, -0.9), tucked, 0.1).dive.number == "5253B"
    assert name(wrong, turned(0, 7, -0.9), tucked, 0.1, trust=0.1).dive.number in ("207C", "307C")


def test_among_dives_that_look_alike_the_usual_one_is_named() -> None:
    nothing = {head: np.full(size, 1.0 / size) for head, size in CLASS_HEADS.items()}

    assert name(nothing, turned(0, 7), NOT_SEEN, 1.0).dive.number == max(
        (number for number in HOW_OFTEN if parse_dive(number).half_somersaults == 7), key=lambda n: HOW_OFTEN[n]
    )
