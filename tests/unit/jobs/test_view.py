"""What a client sees of a job, and what it does not."""

import json
from typing import Any

import pytest

from divescore.jobs.model import Cause
from divescore.jobs.view import job_view
from divescore.result import Result
from divescore.views import JobView, Status, to_json
from tests.contract.recorded import recorded
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


WHOLE = recorded("live")["scored"]["received"]["job"]["result"]


@pytest.mark.parametrize(
    "stored",
    [
        WHOLE,
        {name: part for name, part in WHOLE.items() if name not in ("strip", "runtime", "warnings")},
        WHOLE | {"aspects": {"flaws": [{"name": "splash", "at": None}]}, "dive": {"number": None, "height": 10}},
        WHOLE | {"score": "54.3", "interval": None, "runtime": {"threads": 2, "cpu": None}},
        {"score": 84.15},
        {},
    ],
    ids=["today's", "from before some members", "from after", "of another shape", "one member", "empty"],
)
def test_a_result_of_any_age_is_served_as_it_was_stored(stored: dict[str, Any]) -> None:
    served = to_json(job_view(job_in(Status.SCORED, result=stored)))["result"]
    assert json.dumps(served) == json.dumps(stored)


def test_schemas_describe_the_result_as_what_the_scorer_makes() -> None:
    described = JobView.model_json_schema(mode="serialization")
    assert described["properties"]["result"]["anyOf"][0] == {"$ref": "#/$defs/Result"}
    assert described["$defs"]["Result"] == {
        name: part for name, part in Result.model_json_schema(mode="serialization").items() if name != "$defs"
    }
