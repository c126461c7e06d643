"""The grammar of dive numbers."""

import csv
from operator import itemgetter
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from divescore.dives import Position, Rotation, name_dive, parse_dive
from tests.contract.recorded import fact

LABELS = Path(__file__).parents[3] / "shared" / "data" / "mtl_aqa_labels.csv"
ROTATIONS = {"0": Rotation.BACK, "1": Rotation.FORWARD, "2": Rotation.INWARD, "3": Rotation.REVERSE}
POSITIONS = {"0": Position.FREE, "1": Position.PIKE, "2": Position.TUCK}


NUMBERS = fact("dive-numbers")


@pytest.mark.parametrize("said", NUMBERS["good"], ids=itemgetter("text"))
def test_reads_what_a_number_says(said: dict[str, Any]) -> None:
    dive = parse_dive(said["text"])

    assert dive.number == said["number"]
    assert (dive.position, dive.armstand, dive.rotation) == (said["position"], said["armstand"], said["rotation"])
    assert (dive.half_somersaults, dive.half_twists) == (said["halfSomersaults"], said["halfTwists"])
    assert dive.flying == (dive.number in ("113C", "4111C"))


@pytest.mark.parametrize("text", NUMBERS["bad"])
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
