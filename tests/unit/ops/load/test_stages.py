"""Stages of a dive, out of what its log and its result say."""

import pytest

from divescore.ops.load.job_log import JobLog, JobRecord
from divescore.ops.load.scored import NotScored
from divescore.ops.load.stages import figures, stages, summary

START = 1_800_000_000.0
TIMINGS = {"download": 0.01, "decode": 0.1, "infer": 0.05}


def log_score(log: JobLog, number: int = 0, began: float = 0.0, claimed: float = 1.3, watchers: int = 1) -> JobRecord:
    """Uploaded for a second, queued 0.1 s later, scored 0.4 s after its claim, pushed 0.02 s later to the first
    watcher and 0.01 s later to each further one."""
    moment = START + began
    log.began(number, moment - 0.1)
    log.created(number, f"job{number}", list(range(watchers)), 1, moment)
    log.sent(number, moment + 1.0)
    written = [("AWAITING_UPLOAD", 0.0), ("QUEUED", 1.1), ("PROCESSING", claimed), ("PROCESSING", claimed + 0.2)]
    # Progress between writes PROCESSING again: the first one is the claim.
    for version, (status, at) in enumerate([*written, ("SCORED", claimed + 0.4)], 1):
        for watcher in range(watchers):
            log.heard(number, watcher, version, status, moment + at, moment + at + 0.02 + 0.01 * watcher)
    return log.jobs[number]


def test_each_stage_ends_where_the_next_begins() -> None:
    found = stages(log_score(JobLog([0.0])), TIMINGS)
    expected = {
        "upload": 1.0,
        "queue": 0.1,
        "start": 0.2,
        **TIMINGS,
        "write": 0.24,
        "push": 0.02,
        "worker": 0.4,
        "total": 0.72,
        "overhead": 0.57,
    }
    assert found == {name: pytest.approx(seconds, abs=2e-3) for name, seconds in expected.items()}
    ways = ("queue", "start", "download", "decode", "infer", "write", "push")
    assert sum(found[name] for name in ways) == pytest.approx(found["total"], abs=2e-3)


@pytest.mark.parametrize("what", ["not created", "no result", "not uploaded", "not scored", "refused"])
def test_a_dive_without_a_score_measures_nothing(what: str) -> None:
    job = log_score(JobLog([0.0]))
    if what == "not created":
        job.created = None
    elif what == "not uploaded":
        job.sent = None
    elif what != "no result":
        job.status = "FAILED"
    if what == "refused":
        job.refused, job.problem = "UNREACHABLE", "Nothing answers."
    with pytest.raises(NotScored) as caught:
        stages(job, None if what == "no result" else TIMINGS)
    assert ("Nothing answers." in caught.value.message) == (what == "refused")


def test_figures_are_values_that_occurred() -> None:
    assert figures([0.3, 0.1, 0.2]) == {"min": 0.1, "median": 0.2, "p90": 0.3, "p99": 0.3, "max": 0.3}
    assert summary([{"a": 1.0}, {"a": 3.0}, {"a": 2.0}])["a"]["median"] == 2.0
