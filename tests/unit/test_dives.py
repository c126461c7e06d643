"""The grammar of dive numbers."""

import csv
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from divescore.dives import Position, Rotation, name_dive, parse_dive

LABELS = Path(__file__).parents[3] / "shared" / "data" / "mtl_aqa_labels.csv"
ROTATIONS = {"0": Rotation.BACK, "1": Rotation.FORWARD, "2": Rotation.INWARD, "3": Rotation.REVERSE}
POSITIONS = {"0": Position.FREE, "1": Position.PIKE, "2": Position.TUCK}


@pytest.mark.parametrize(
    ("number", "position", "armstand", "rotation", "half_somersaults", "half_twists"),
    [
        ("107B", "pike", False, "forward", 7, 0),
        ("207c", "tuck", False, "back", 7, 0),
        ("5253B", "pike", False, "back", 5, 3),
        ("626C", "tuck", True, "back", 6, 0),
        ("6243D", "free", True, "back", 4, 3),
        (" 401A ", "straight", False, "inward", 1, 0),
        ("113C", "tuck", False, "forward", 3, 0),
        ("1011B", "pike", False, "forward", 11, 0),
    ],
)
def test_reads_what_a_number_says(
    number: str, position: str, armstand: bool, rotation: str, half_somersaults: int, half_twists: int
) -> None:
    dive = parse_dive(number)

    assert dive.number == number.strip().upper()
    assert (dive.position, dive.armstand, dive.rotation) == (position, armstand, rotation)
    assert (dive.half_somersaults, dive.half_twists) == (half_somersaults, half_twists)
    assert dive.flying == (number == "113C")


@pytest.mark.parametrize(
    "text", ["", "107", "107E", "B107", "707B", "127B", "525B", "5053B", "6543D", "1077B", "107BB"]
)
def test_anything_else_is_no_number(text: str) -> None:
    with pytest.raises(ValueError, match="is not a dive number"):
        parse_dive(text)


@given(st.sampled_from(Position), st.booleans(), st.sampled_from(Rotation), st.integers(0, 9), st.integers(0, 9))
def test_a_named_dive_reads_back(
    position: Position, armstand: bool, rotation: Rotation, half_somersaults: int, half_twists: int
) -> None:
    dive = name_dive(position, armstand, rotation, half_somersaults, half_twists)

    if dive.number is not None:
        assert parse_dive(dive.number) == dive


@pytest.mark.skipif(not LABELS.exists(), reason="the labels of real dives are not on this machine")
def test_agrees_with_the_labels_of_real_dives() -> None:
    with LABELS.open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 1412
    for row in rows:
        dive = parse_dive(row["dive_number"])
        assert dive.armstand == (row["armstand"] == "1")
        assert dive.rotation is ROTATIONS[row["rotation_type"]]
        assert dive.position is POSITIONS[row["position"]]
        assert dive.half_somersaults == int(row["half_somersaults"])
        assert dive.half_twists == int(row["half_twists"])
