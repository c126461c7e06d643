"""Degree of difficulty: the sum against every listed degree, and against what was competed."""

import csv
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from divescore.difficulty import HEIGHTS, components, difficulty_of
from divescore.dives import Position, Rotation, name_dive, parse_dive
from divescore.lab.rendering.competition_dives import COMPETITION_DIVES

LISTED = Path(__file__).with_name("degrees.txt")
LABELS = Path(__file__).parents[3] / "shared" / "data" / "mtl_aqa_labels.csv"
SPRINGBOARD_EVENTS = {"17", "18", "22"}
MIXED_EVENTS = {"26"}  # cut together from finals of both

# (number, difficulty as labelled): (dives, what explains it); docs/difficulty.md says the same in words.
EARLIER, HALF, POSITION, COUNT, SLIP = "earlier edition", "half somersault", "position", "count", "slip"
DISAGREEMENTS = {
    ("207C", 3.5): (6, EARLIER),
    ("305B", 2.9): (6, EARLIER),
    ("305C", 2.7): (8, EARLIER),
    ("307C", 3.3): (63, EARLIER),
    ("5253B", 3.3): (2, EARLIER),
    ("5337D", 3.4): (3, EARLIER),
    ("100B", 1.5): (1, HALF),
    ("200B", 1.8): (2, HALF),
    ("200D", 1.8): (5, HALF),
    ("300B", 1.9): (8, HALF),
    ("300D", 1.9): (11, HALF),
    ("107B", 2.7): (2, POSITION),
    ("305B", 2.8): (1, POSITION),
    ("405C", 2.8): (2, POSITION),
    ("5251D", 2.6): (1, POSITION),
    ("5255D", 3.6): (1, POSITION),
    ("612D", 1.9): (2, POSITION),
    ("614D", 2.4): (1, POSITION),
    ("6241C", 2.7): (1, POSITION),
    ("6241D", 2.7): (2, POSITION),
    ("626D", 3.3): (1, POSITION),
    ("102B", 1.9): (1, COUNT),
    ("201B", 2.9): (1, COUNT),
    ("5253B", 2.6): (1, COUNT),
    ("6245D", 3.2): (2, COUNT),
    ("636C", 3.3): (1, COUNT),
    ("105B", 3.4): (1, SLIP),
    ("626C", 3.2): (1, SLIP),
}


def listed() -> Iterator[tuple[str, float, float]]:
    """Number, height and degree of every listed dive."""
    for line in LISTED.read_text(encoding="utf-8").splitlines():
        if line.startswith("#"):
            continue
        number, *columns = (part.strip() for part in line.split("|"))
        assert len(columns) == len(HEIGHTS), line
        for height, column in zip(HEIGHTS, columns, strict=True):
            degrees = column.split()
            letters = "D" if len(degrees) == 1 else "ABC"
            yield from ((number + a, height, float(b)) for a, b in zip(letters, degrees, strict=False) if b != "-")


def test_the_sum_is_the_listed_degree_of_every_dive_at_every_height() -> None:
    table = list(listed())
    wrong = [(number, height, degree) for number, height, degree in table if got(number, height) != degree]
    assert len(table) == 944
    assert wrong == []


def got(number: str, height: float | None = None) -> float:
    return difficulty_of(parse_dive(number), height)


def test_the_sum_has_five_parts() -> None:
    assert components(parse_dive("207C"), 10.0) == (2.7, 0.0, 0.0, 0.2, 0.4)
    assert components(parse_dive("5253B"), 3.0) == (2.2, 0.3, 0.7, 0.2, 0.0)
    assert components(parse_dive("626C"), 10.0) == (2.5, 0.2, 0.0, 0.4, 0.2)


@pytest.mark.parametrize(
    ("number", "difficulty"),
    [("107B", 3.0), ("207C", 3.3), ("5253B", 3.2), ("626C", 3.3), ("205B", 3.0), ("101A", 1.6)],
)
def test_without_a_height_it_is_the_usual_one(number: str, difficulty: float) -> None:
    assert got(number) == difficulty


def test_a_height_between_counts_as_the_nearest() -> None:
    assert got("107C", 2.7) == got("107C", 3.0) == 2.8
    assert got("107C", 12.0) == got("107C", 10.0) == 2.7


@given(
    st.sampled_from(Position),
    st.booleans(),
    st.sampled_from(Rotation),
    st.integers(0, 9),
    st.integers(0, 9),
    st.sampled_from([None, *HEIGHTS]),
)
def test_every_dive_has_one(
    position: Position,
    armstand: bool,
    rotation: Rotation,
    half_somersaults: int,
    half_twists: int,
    height: float | None,
) -> None:
    dive = name_dive(position, armstand, rotation, half_somersaults, half_twists)
    assert 0.5 < difficulty_of(dive, height) < 7.5


def test_what_was_competed_is_the_sum_or_has_a_reason() -> None:
    odd = {
        (number, degree): times
        for number, degrees in COMPETITION_DIVES.items()
        for degree, times in degrees.items()
        if degree not in (got(number, 3.0), got(number, 10.0))
    }
    # A springboard's dive of an earlier edition, which happens to be right for the platform of today.
    assert odd.keys() == DISAGREEMENTS.keys() - {("5337D", 3.4)}
    assert all(odd[key] == DISAGREEMENTS[key][0] for key in odd)
    assert sum(sum(degrees.values()) for degrees in COMPETITION_DIVES.values()) == 1412


@pytest.mark.skipif(not LABELS.exists(), reason="the labels of real dives are not on this machine")
def test_the_labels_of_real_dives_agree_or_have_a_reason() -> None:
    odd: Counter[tuple[str, float]] = Counter()
    seen: dict[str, Counter[float]] = {}
    with LABELS.open(encoding="utf-8") as file:
        for row in csv.DictReader(file):
            number, degree, event = row["dive_number"], float(row["difficulty"]), row["event"]
            seen.setdefault(number, Counter())[degree] += 1
            heights = (3.0, 10.0) if event in MIXED_EVENTS else (3.0,) if event in SPRINGBOARD_EVENTS else (10.0,)
            if degree not in [got(number, height) for height in heights]:
                odd[number, degree] += 1
    assert {number: dict(degrees) for number, degrees in seen.items()} == COMPETITION_DIVES
    assert dict(odd) == {key: times for key, (times, _) in DISAGREEMENTS.items()}
    reasons: Counter[str] = Counter()
    for times, reason in DISAGREEMENTS.values():
        reasons[reason] += times
    assert reasons == {EARLIER: 88, HALF: 27, POSITION: 14, COUNT: 6, SLIP: 2}
