"""Stages of a dive, out of what its client saw."""

from pathlib import Path
from typing import Any

import pytest

from divescore.client.errors import ClientError
from divescore.client.live import Event
from divescore.client.models import Job
from divescore.client.submit import Submission
from divescore.ops.load.stages import NotScored, spread, stages, summary
from divescore.views import iso

CLOCK = 1_800_000_000.0  # the steady clock's zero, in seconds since the epoch
TIMINGS = {"download": 0.01, "decode": 0.1, "infer": 0.05}


def event(status: str, version: int, written: float, arrived: float, **more: Any) -> Event:
    job = {
        "jobId": "a",
        "status": status,
        "version": version,
        "updatedAt": iso(round((CLOCK + written) * 1000)),
        **more,
    }
    return Event("", "job", Job.model_validate(job), arrived)


def scored(began: float = 0.0, claimed: float = 1.3) -> Submission:
    """Uploaded from 0 to 1, queued at 1.1, scored 0.4 s after its claim, heard of 0.02 s later."""
    run = Submission(Path("dive.webm"), upload_started=began, upload_ended=began + 1.0)
    written = {"QUEUED": began + 1.1, "PROCESSING": began + claimed, "SCORED": began + claimed + 0.4}
    for version, (status, at) in enumerate(written.items(), 2):
        more = {"result": {"score": 50.0, "timings": TIMINGS}} if status == "SCORED" else {}
        run.events.append(event(status, version, at, at + 0.02, **more))
    # Progress between, which writes PROCESSING again: the first one is the claim.
    run.events.insert(2, event("PROCESSING", 3, began + claimed + 0.2, began + claimed + 0.25))
    run.job = run.events[-1].job
    return run


def test_each_stage_ends_where_the_next_begins() -> None:
    found = stages(scored(), CLOCK)
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


@pytest.mark.parametrize("what", ["no job", "no result", "no upload", "an error"])
def test_a_dive_without_a_score_measures_nothing(what: str) -> None:
    run = scored()
    if what == "no job":
        run.job = None
    elif what == "no upload":
        run.upload_ended = None
    else:
        run.job = Job(job_id="a", status="FAILED", version=5)
    if what == "an error":
        run.error = ClientError("UNREACHABLE", "Nothing answers.")
    with pytest.raises(NotScored) as caught:
        stages(run, CLOCK)
    assert ("Nothing answers." in str(caught.value)) == (what == "an error")


def test_a_spread_is_of_values_that_occurred() -> None:
    found = spread([0.3, 0.1, 0.2])
    assert found == {"min": 0.1, "median": 0.2, "p90": 0.3, "p99": 0.3, "max": 0.3}
    assert summary([{"a": 1.0}, {"a": 3.0}])["a"]["median"] == 2.0
