"""Difficulty by dive number."""

import csv
from collections import Counter, defaultdict
from pathlib import Path

import pytest

from divescore.dives import parse_dive
from divescore.scoring.difficulty import competed_dives, component_sum, difficulty_of

LABELS = Path(__file__).parents[4] / "shared" / "data" / "mtl_aqa_labels.csv"


@pytest.mark.parametrize(("number", "difficulty"), [("107B", 3.0), ("207C", 3.3), ("5253B", 3.2), ("626C", 3.3)])
def test_competed_dives_have_the_difficulty_they_were_given(number: str, difficulty: float) -> None:
    assert difficulty_of(parse_dive(number)) == difficulty


@pytest.mark.parametrize(("number", "difficulty"), [("101A", 1.6), ("401B", 1.4), ("103C", 1.5), ("303C", 2.0)])
def test_other_dives_get_the_sum_of_the_components(number: str, difficulty: float) -> None:
    assert number not in competed_dives()
    assert difficulty_of(parse_dive(number)) == pytest.approx(difficulty, abs=0.11)


def test_the_sum_comes_near_what_was_competed() -> None:
    errors = {}
    for number, difficulty in competed_dives().items():
        dive = parse_dive(number)
        # Failed dives keep the difficulty of the dive that was announced.
        if dive.half_somersaults > 1:
            errors[number] = abs(component_sum(dive) - difficulty)
    assert max(errors.values()) <= 0.4 + 1e-9, errors
    assert sum(errors.values()) / len(errors) < 0.15


def test_every_number_of_the_grammar_has_one() -> None:
    for rotation in "1234":
        for half in range(10):
            for letter in "ABCD":
                assert 0.5 < difficulty_of(parse_dive(f"{rotation}0{half}{letter}")) < 5.5
    assert difficulty_of(parse_dive("5499D")) < 6.5


@pytest.mark.skipif(not LABELS.exists(), reason="the labels of real dives are not on this machine")
def test_the_table_is_what_the_labels_say() -> None:
    seen: dict[str, Counter[float]] = defaultdict(Counter)
    with LABELS.open(encoding="utf-8") as file:
        for row in csv.DictReader(file):
            seen[row["dive_number"]][float(row["difficulty"])] += 1
    assert set(seen) == set(competed_dives())
    for number, counts in seen.items():
        assert counts[competed_dives()[number]] == max(counts.values())
