"""What may be declared: nothing that cannot be, and everything that real dives were."""

import csv

import pytest

from divescore.declaration import FURTHEST, UNUSUAL, Declaration, DeclarationError, DifficultyImpossible, DiveImpossible
from divescore.difficulty import HEIGHTS, PLATFORMS, difficulty_of
from divescore.dives import parse_dive
from divescore.lab.rendering.competition_dives import COMPETITION_DIVES
from tests.unit.test_difficulty import DISAGREEMENTS, LABELS, MIXED_EVENTS, SPRINGBOARD_EVENTS, listed


def refusal(dive: str, height: float | None = None, difficulty: float | None = None) -> DeclarationError:
    with pytest.raises(DeclarationError) as caught:
        Declaration(dive, height, difficulty).check()
    assert caught.value.message.endswith(".")
    return caught.value


def test_every_listed_dive_may_be_declared_from_its_height_with_its_degree() -> None:
    for number, height, degree in listed():
        declared = Declaration(number, height, degree)
        assert declared.check() == parse_dive(number)
        assert declared.counted() == (degree, "given")
        assert declared.warning() is None


def test_every_competed_dive_may_be_declared_and_an_older_difficulty_is_a_warning() -> None:
    for number, degrees in COMPETITION_DIVES.items():
        for degree in degrees:
            Declaration(number, None, degree).check()
    from_ten = Declaration("307C", 10.0, 3.3)
    from_ten.check()
    assert from_ten.warning() == (
        f"{UNUSUAL}: 3.3 was declared as the difficulty of 307C; today's table has 3.4 from 10 m."
    )


@pytest.mark.skipif(not LABELS.exists(), reason="the labels of real dives are not on this machine")
def test_the_labels_of_real_dives_are_all_accepted_and_warned_of_where_they_disagree() -> None:
    furthest, warned, dives = 0.0, 0, 0
    with LABELS.open(encoding="utf-8") as file:
        for row in csv.DictReader(file):
            number, degree, event = row["dive_number"], float(row["difficulty"]), row["event"]
            heights = (3.0, 10.0) if event in MIXED_EVENTS else (3.0,) if event in SPRINGBOARD_EVENTS else (10.0,)
            away, height = min((abs(degree - difficulty_of(parse_dive(number), one)), one) for one in heights)
            declared = Declaration(number, height, degree)
            declared.check()
            furthest, warned, dives = max(furthest, away), warned + (declared.warning() is not None), dives + 1
    assert (dives, warned) == (1412, sum(times for times, _ in DISAGREEMENTS.values()))
    assert FURTHEST - 0.2 < furthest < FURTHEST


@pytest.mark.parametrize(
    ("dive", "height", "difficulty", "right"),
    [
        ("101C", None, 5.9, "1.2 to 1.4"),
        ("101C", 3.0, 5.9, "1.4 from 3 m"),
        ("101C", 10.0, 1.0 + 1.7, "1.4 from 10 m"),
        ("109C", 10.0, 1.0, "3.7 from 10 m"),
        ("626C", None, 1.5, "3.1 to 3.5"),  # an armstand dive has no difficulty from a board
    ],
)
def test_a_difficulty_that_no_table_gives_names_the_right_one(
    dive: str, height: float | None, difficulty: float, right: str
) -> None:
    error = refusal(dive, height, difficulty)
    assert isinstance(error, DifficultyImpossible)
    assert error.code == "DIFFICULTY_IMPOSSIBLE"
    assert f"{dive}: the table has {right}" in error.message


@pytest.mark.parametrize(
    ("dive", "height", "right"),
    [
        ("107A", None, "107B or 107C"),
        ("405A", None, "405B or 405C"),
        ("626A", 10.0, "626B or 626C"),
        ("5154A", None, None),
        ("113A", None, "113B or 113C"),
        ("318C", None, "not done flying"),
        ("612B", 3.0, "5, 7.5 or 10 m"),
        ("612B", 1.0, "5, 7.5 or 10 m"),
    ],
)
def test_a_dive_that_nobody_does_names_what_is_done(dive: str, height: float | None, right: str | None) -> None:
    if right is None:  # five half somersaults may be straight
        assert Declaration(dive, height).check() == parse_dive(dive)
        return
    error = refusal(dive, height)
    assert isinstance(error, DiveImpossible)
    assert error.code == "DIVE_IMPOSSIBLE"
    assert dive in error.message
    assert right in error.message


@pytest.mark.parametrize("height", [0.0, 2.0, 27.0, float("nan")])
def test_a_height_is_one_of_five(height: float) -> None:
    with pytest.raises(ValueError, match=r"1, 3, 5, 7\.5 or 10 m"):
        Declaration(height=height).check()


@pytest.mark.parametrize("difficulty", [0.9, 6.1, float("nan")])
def test_a_difficulty_lies_between_the_bounds(difficulty: float) -> None:
    with pytest.raises(ValueError, match=r"between 1 and 6\."):
        Declaration(difficulty=difficulty).check()


@pytest.mark.parametrize("height", [None, *HEIGHTS])
def test_without_a_dive_there_is_nothing_to_compare_with(height: float | None) -> None:
    declared = Declaration(None, height, 5.9)
    assert declared.check() is None
    assert declared.warning() is None
    assert declared.counted() == (5.9, "given")
    assert Declaration(None, height).counted() is None


def test_a_dive_without_a_difficulty_has_its_tables() -> None:
    assert Declaration("107B", 3.0).counted() == (3.1, "dive")
    assert Declaration("107B", 10.0).counted() == (3.0, "dive")
    assert Declaration("107B").counted() == (3.0, "dive")
    assert [Declaration("614B", height).counted() for height in PLATFORMS] == [
        (2.5, "dive"),
        (2.3, "dive"),
        (2.4, "dive"),
    ]


def test_without_a_height_the_difficulty_of_any_height_is_usual() -> None:
    for degree in (3.0, 3.1, 3.3):
        assert Declaration("107B", None, degree).warning() is None
    told = Declaration("107B", None, 2.9).warning()
    assert told is not None
    assert "3.0 to 3.3, by height" in told
