"""The figures of a flood, which the simulation reads."""

import json
from pathlib import Path

import pytest

from divescore.ops.load.flood import flood_report
from divescore.ops.load.job_log import JobLog
from divescore.ops.load.report import most_at_once
from tests.bench.recorded_flood import read_flood
from tests.unit.ops.load.test_stages import START, log_score


def test_a_flood_counts_from_its_first_upload_on(tmp_path: Path) -> None:
    log = JobLog([0.0] * 3)
    for number, (began, claimed) in enumerate([(0.5, 1.9), (0.0, 1.3), (1.0, 1.5)]):
        log_score(log, number, began, claimed)
    found = flood_report(log, 4, 2)
    assert (found["jobs"], found["workers"], found["at_once"]) == (3, 2, 4)
    assert found["samples"]["sent"] == pytest.approx([0.0, 0.5, 1.0])
    assert found["samples"]["claimed"] == pytest.approx([0.3, 1.4, 1.5])
    assert found["drain"] == pytest.approx(1.9)
    assert found["throughput"] == pytest.approx(3 / 1.9, abs=1e-3)
    assert found["service"]["median"] == pytest.approx(0.4)
    path = tmp_path / "bench.json"
    path.write_text(json.dumps({"flood": found}))
    read = read_flood(path)
    assert (read.drain, read.workers, read.direct, len(read.arrived)) == (found["drain"], 2, False, 3)


def test_workers_that_are_not_known_are_the_most_that_were_busy() -> None:
    log = JobLog([0.0] * 2)
    log_score(log, 0)
    log_score(log, 1, 0.1)
    assert flood_report(log, 1, None)["workers"] == 2


@pytest.mark.parametrize(
    ("begins", "ends", "most"), [([], [], 0), ([0, 1], [1, 2], 1), ([0, 0, 0], [1, 2, 3], 3), ([0, 2], [3, 4], 2)]
)
def test_the_most_at_once(begins: list[float], ends: list[float], most: int) -> None:
    log = JobLog([0.0] * len(begins))
    for job, begin, end in zip(log.jobs, begins, ends, strict=True):
        job.reached = {"PROCESSING": START + begin, "SCORED": START + end}
    assert most_at_once(log.jobs) == most
