"""The sport's arithmetic."""

import csv
from collections import Counter
from pathlib import Path

import pytest

from divescore.judging import execution_of, score_of

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


def why_not(marks: list[float], difficulty: float, score: float) -> str:
    """What explains a score that is not the rule's."""
    points = execution_of(marks)
    ours = score_of(points, difficulty)
    if abs(ours - score) < 0.011:
        return "agrees"
    if abs(ours - score) <= 0.051:
        return "agrees to a tenth"
    if abs(score_of(execution_of([max(mark - 2, 0) for mark in marks]), difficulty) - score) < 0.011:
        return "two points deducted from every mark"
    if any(abs(score_of(points, tenths / 10) - score) < 0.011 for tenths in range(10, 50)):
        return "another difficulty"
    halves = 2 * score / difficulty
    if abs(halves - round(halves)) > 0.02:
        return "a digit"
    wanted = round(halves) / 2
    lower = [[*marks[:i], mark - drop, *marks[i + 1 :]] for i, mark in enumerate(marks) for drop in (0.5, 1.0)]
    return "one mark lower" if wanted in map(execution_of, lower) else "marks lower"


@pytest.mark.skipif(not LABELS.exists(), reason="the labels of real dives are not on this machine")
def test_gives_the_scores_of_real_dives_or_there_is_a_reason() -> None:
    found: Counter[str] = Counter()
    with LABELS.open(encoding="utf-8") as file:
        for row in csv.DictReader(file):
            marks = [float(mark) for mark in row["judge_scores"].split("/")]
            found[why_not(marks, float(row["difficulty"]), float(row["final_score"]))] += 1
    assert found == {
        "agrees": 1382,
        "agrees to a tenth": 3,
        "one mark lower": 17,
        "marks lower": 1,
        "a digit": 6,
        "another difficulty": 2,
        "two points deducted from every mark": 1,
    }
