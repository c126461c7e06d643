"""The sport's arithmetic."""

import csv
from pathlib import Path

import pytest

from divescore.scoring.judging import execution_of, score_of

LABELS = Path(__file__).parents[4] / "shared" / "data" / "mtl_aqa_labels.csv"


def test_drops_the_two_highest_and_the_two_lowest() -> None:
    assert execution_of([10, 9.0, 9.0, 8.5, 8.5, 0, 9.5]) == 26.5
    assert score_of(26.5, 3.8) == 100.7


@pytest.mark.parametrize("marks", [[], [8] * 6, [8] * 8])
def test_there_are_seven_judges(marks: list[float]) -> None:
    with pytest.raises(ValueError, match="seven judges"):
        execution_of(marks)


@pytest.mark.parametrize("mark", [-0.5, 10.5, 7.3])
def test_marks_are_halves_from_zero_to_ten(mark: float) -> None:
    with pytest.raises(ValueError, match="not a mark"):
        execution_of([8, 8, 8, mark, 8, 8, 8])


@pytest.mark.skipif(not LABELS.exists(), reason="the labels of real dives are not on this machine")
def test_gives_the_scores_of_real_dives() -> None:
    with LABELS.open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    agree = 0
    for row in rows:
        marks = [float(mark) for mark in row["judge_scores"].split("/")]
        agree += abs(score_of(execution_of(marks), float(row["difficulty"])) - float(row["final_score"])) < 0.011
    # Thirty rows hold a slip of the pen or a referee's deduction; they are off by any rule.
    assert len(rows) - agree == 30
