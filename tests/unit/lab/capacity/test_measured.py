"""Documents of measurements, and what a flood tells of its workers."""

import json
from pathlib import Path
from typing import Any

import pytest

from divescore.lab.capacity.measured import (
    SHIPPED,
    Flood,
    MeasurementInvalid,
    read_flood,
    read_measurement,
    slots,
)
from divescore.lab.capacity.times import Always
from tests.bench.engine_emulation import LocalDesign, simulate_local

STAGES = {name: {"median": 0.01} for name in ("download", "decode", "infer", "write")}
WORKER = {"min": 0.1, "median": 0.2, "p90": 0.3, "p99": 0.4, "max": 0.5}
FLOOD = {
    "drain": 3.0,
    "workers": 2,
    "samples": {"sent": [0.0, 0.1], "claimed": [0.2, 0.3], "scored": [0.5, 0.7]},
}


def written(folder: Path, document: Any) -> Path:
    path = folder / "document.json"
    path.write_text(json.dumps(document))
    return path


def test_the_shipped_measurement_can_be_read() -> None:
    found = read_measurement(SHIPPED)
    assert 0 < found.work.total < 5
    assert 0 < found.worker.mean < 5
    assert found.source


def test_a_bench_gives_work_and_its_spread(tmp_path: Path) -> None:
    found = read_measurement(written(tmp_path, {"machine": "this", "stages": STAGES | {"worker": WORKER}}))
    assert found.source == "this"
    assert found.work.total == pytest.approx(0.04)
    assert found.worker.mean == pytest.approx(0.5 * 0.15 + 0.4 * 0.25 + 0.09 * 0.35 + 0.01 * 0.45)
    plain = read_measurement(written(tmp_path, {"stages": STAGES}))
    assert plain.worker.mean == pytest.approx(0.04)


def test_a_flood_gives_whole_attempts(tmp_path: Path) -> None:
    samples = {"sent": [0.0] * 4, "claimed": [0.0, 1.0, 2.0, 3.0], "scored": [0.2, 1.3, 2.4, 3.9]}
    found = read_measurement(written(tmp_path, FLOOD | {"samples": samples}))
    assert found.work.total == pytest.approx(0.4)
    assert 0.2 < found.worker.mean < 0.9


@pytest.mark.parametrize("document", [[], {}, {"stages": {}}, {"stages": {**STAGES, "infer": {"median": "fast"}}}])
def test_what_is_no_bench_is_refused(tmp_path: Path, document: Any) -> None:
    with pytest.raises(MeasurementInvalid):
        read_measurement(written(tmp_path, document))


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
    with pytest.raises(MeasurementInvalid):
        read_flood(written(tmp_path, FLOOD | change))


def test_a_file_that_is_not_there_is_said(tmp_path: Path) -> None:
    with pytest.raises(MeasurementInvalid, match="cannot be read"):
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
    design = LocalDesign(2, Always(0.2), gap=Always(0.06), direct=True, starts=(0.0, 5.0))
    run = simulate_local(design, [0.0] * 100)
    found = Flood(run.arrived, run.claimed, run.scored, run.drain, 2, True)
    assert len(found.gap.values) == 98
    assert 0.06 <= found.gap.mean < 0.08
    assert found.starts == pytest.approx([0.0, 5.0], abs=0.3)
