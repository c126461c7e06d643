"""A recorded flood, and what it tells of its workers."""

import json
from pathlib import Path
from typing import Any

import pytest

from divescore.lab.capacity.documents import DocumentInvalid
from tests.bench.engine_emulation import LocalSystem, simulate_local
from tests.bench.recorded_flood import Flood, read_flood, slots

FLOOD = {
    "drain": 3.0,
    "workers": 2,
    "samples": {"sent": [0.0, 0.1], "claimed": [0.2, 0.3], "scored": [0.5, 0.7]},
}


def written(folder: Path, document: Any) -> Path:
    path = folder / "document.json"
    path.write_text(json.dumps(document))
    return path


def test_a_flood_through_the_door_and_one_past_it(tmp_path: Path) -> None:
    front = read_flood(written(tmp_path, {"flood": FLOOD}))
    assert (front.direct, front.workers, front.drain) == (False, 2, 3.0)
    assert list(front.service.values) == pytest.approx([0.3, 0.4])
    assert read_flood(written(tmp_path, FLOOD | {"provenance": {"via": "queue"}})).direct


def test_the_load_tests_report_is_read_and_unscored_dives_are_left_out(tmp_path: Path) -> None:
    samples = {
        "sent": [0.2, 0.1, 0.0],
        "claimed": [0.7, None, 0.3],
        "scored": [0.9, None, 0.5],
        "arrived": [1, None, 1],
    }
    workers = {"configured": None, "most_at_once": 3}
    found = read_flood(written(tmp_path, {"drain": 0.9, "workers": workers, "samples": samples}))
    assert (found.arrived, found.claimed, found.workers) == ((0.0, 0.2), (0.3, 0.7), 3)


@pytest.mark.parametrize(
    "change",
    [
        {"samples": None},
        {"samples": {"sent": [0.0]}},
        {"samples": {"sent": [], "claimed": [], "scored": []}},
        {"samples": {"sent": [0.0], "claimed": [0.0, 1.0], "scored": [1.0]}},
        {"samples": {"sent": [0.0], "claimed": [None], "scored": [None]}},
        {"workers": {"most_at_once": 2}},
        {"drain": "long"},
    ],
)
def test_what_is_no_flood_is_refused(tmp_path: Path, change: dict[str, Any]) -> None:
    with pytest.raises(DocumentInvalid):
        read_flood(written(tmp_path, FLOOD | change))


def test_a_file_that_is_not_there_is_said(tmp_path: Path) -> None:
    with pytest.raises(DocumentInvalid, match="cannot be read"):
        read_flood(tmp_path / "nothing.json")


def test_gaps_are_counted_only_while_somebody_waits() -> None:
    arrived, claimed, scored = [0.0, 0.0, 9.0], [0.1, 1.3, 9.1], [1.0, 2.0, 10.0]
    gaps, firsts = slots(arrived, claimed, scored, 1)
    assert gaps == pytest.approx([0.3])
    assert firsts == pytest.approx([0.1])


def test_more_at_once_than_workers_is_laid_on_the_next_to_be_free() -> None:
    gaps, firsts = slots([0.0, 0.0, 0.0], [0.1, 0.2, 0.3], [1.0, 0.5, 2.0], 2)
    assert (gaps, len(firsts)) == ([0.0], 2)


def test_gap_and_start_of_a_simulated_flood_are_found_again() -> None:
    system = LocalSystem(2, 0.2, gap=0.06, direct=True, starts=(0.0, 5.0))
    trace = simulate_local(system, [0.0] * 100)
    found = Flood(trace.arrived, trace.claimed, trace.scored, trace.drain, 2, True)
    assert len(found.gap.values) == 98
    assert 0.06 <= found.gap.mean < 0.08
    assert found.starts == pytest.approx([0.0, 5.0], abs=0.3)
