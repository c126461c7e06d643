"""The shapes: tolerant of what is new, faithful to what came."""

import pytest

from divescore.client.models import Created, Job
from divescore.views import SETTLED
from tests.contract.recorded import recorded


def test_unknown_members_and_states_are_kept() -> None:
    document = {"jobId": "a", "status": "PAUSED", "version": 3, "progress": {"stage": "x", "fraction": 0.5, "eta": 2}}
    job = Job.model_validate(document)
    assert job.document() == document
    assert not job.final


def test_a_result_is_kept_as_it_came_whatever_its_shape() -> None:
    document = {"jobId": "a", "status": "SCORED", "version": 3, "result": {"score": 84.15, "evidence": 0.5}}
    job = Job.model_validate(document)
    assert job.document() == document
    assert (job.score, job.read_result()) == (84.15, None)
    assert Job(job_id="a", status="SCORED", version=3, result={"score": "high"}).score is None
    assert Job(job_id="a", status="QUEUED", version=1).score is None


def test_a_recorded_result_is_read() -> None:
    document = recorded("live")["scored"]["received"]["job"]
    job = Job.model_validate(document)
    result = job.read_result()
    assert result is not None
    assert (result.score, result.document()) == (job.score, document["result"])


@pytest.mark.parametrize("status", sorted(SETTLED))
def test_final_states_are_final(status: str) -> None:
    assert Job(job_id="a", status=status, version=1).final


def test_created_reads_the_contracts_example() -> None:
    made = Created.model_validate(
        {
            "jobId": "a",
            "token": "t",
            "upload": {
                "url": "https://s3",
                "fields": {"key": "uploads/a/video"},
                "expiresAt": "2026-11-23T07:00:00.123Z",
            },
            "live": {"url": "wss://live?ticket=x"},
            "job": {"jobId": "a", "status": "AWAITING_UPLOAD", "version": 1},
        }
    )
    assert (made.form.fields["key"], made.live.url, made.job.version) == ("uploads/a/video", "wss://live?ticket=x", 1)
