"""The table of what real dives say, made from judges' marks."""

from pathlib import Path

import numpy as np
import pytest

from divescore import priors
from divescore.lab.datasets.priors import MarkedDive, left_out, module_of, priors_of, read_marks

LABELS = next(
    (
        path
        for folder in Path(__file__).resolve().parents
        if (path := folder / "shared" / "data" / "mtl_aqa_labels.csv").exists()
    ),
    None,
)


def dives(number: str, executions: list[float], event: str = "1") -> list[MarkedDive]:
    return [MarkedDive(event, number, 3.0, execution) for execution in executions]


def test_few_dives_say_little_and_many_say_all() -> None:
    others = dives("407C", [22.0] * 400)
    few, many = (priors_of([*others, *dives("107B", [10.0] * count)]).by_number["107B"] for count in (1, 300))

    assert few[1] == pytest.approx(22.0, abs=2.2)
    assert many[1] == pytest.approx(10.0, abs=0.7)


def test_a_failed_dive_is_no_sign_of_the_others() -> None:
    assert priors_of(dives("407C", [*[24.0] * 30, 0.0, 0.0])).usual[1] == 24.0


def test_a_competition_is_judged_by_the_others() -> None:
    assert left_out([*dives("407C", [10.0] * 20, "1"), *dives("407C", [20.0] * 20, "2")]) == (10.0, 0.0)


def test_reads_marks(tmp_path: Path) -> None:
    labels = tmp_path / "labels.csv"
    labels.write_text("event,dive_number,difficulty,judge_scores\n3,107B,3.0,8/8/8/8.5/8.5/9/10\n")

    assert read_marks(labels) == [MarkedDive("3", "107B", 3.0, 25.0)]


@pytest.mark.skipif(LABELS is None, reason="the labels of real dives are not on this machine")
def test_the_committed_table_is_that_of_the_labels_and_beats_one_number_for_all() -> None:
    assert LABELS is not None
    marked = read_marks(LABELS)
    made: dict[str, object] = {}
    exec(module_of(marked), made)

    assert len(marked) == 1412
    for name in ("USUAL", "DIFFICULTY", "BY_DIFFICULTY", "BY_FAMILY", "BY_NUMBER"):
        assert getattr(priors, name) == made[name]
    constant = []
    for event in {dive.event for dive in marked}:
        usual = np.median([dive.execution for dive in marked if dive.event != event])
        constant += [abs(dive.execution - usual) for dive in marked if dive.event == event]
    error, inside = left_out(marked)
    assert error < np.mean(constant) - 0.05
    assert 0.88 < inside < 0.92
