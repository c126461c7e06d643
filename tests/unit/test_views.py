"""What a client sees of a job, and what it does not."""

import pytest

from divescore.jobs.model import Cause, Status
from divescore.views import iso, job_view, to_json
from tests.fakes.clock import START
from tests.fakes.jobs import job_in

ALWAYS = {"jobId", "status", "version", "createdAt", "updatedAt", "expiresAt"}


@pytest.mark.parametrize(
    ("status", "more"),
    [
        (Status.AWAITING_UPLOAD, set()),
        (Status.QUEUED, {"ahead"}),
        (Status.PROCESSING, {"progress"}),
        (Status.SCORED, {"result"}),
        (Status.REJECTED, {"error"}),
        (Status.FAILED, {"error"}),
        (Status.CANCELLED, set()),
        (Status.EXPIRED, set()),
    ],
)
def test_each_state_shows_what_belongs_to_it(status: Status, more: set[str]) -> None:
    assert set(to_json(job_view(job_in(status)))) == ALWAYS | more


def test_times_are_utc_with_milliseconds() -> None:
    assert iso(START + 123) == "2026-11-23T07:00:00.123Z"


def test_progress_is_the_share_of_the_whole_attempt() -> None:
    view = to_json(job_view(job_in(Status.PROCESSING, stage="scoring", fraction=0.123456)))
    assert view["progress"] == {"stage": "scoring", "fraction": 0.123}
    assert "progress" not in to_json(job_view(job_in(Status.PROCESSING, stage=None)))


def test_the_cause_of_an_earlier_attempt_is_not_the_clients_news() -> None:
    job = job_in(Status.QUEUED, error=Cause("UNAVAILABLE", "Later.", True))
    assert "error" not in to_json(job_view(job))


def test_an_error_says_whether_a_retry_can_help() -> None:
    view = to_json(job_view(job_in(Status.FAILED)))
    assert view["error"] == {"code": "INTERNAL", "message": "A fault of ours.", "retryable": True}
