"""Settle: what of a batch is published, what it logs and counts, and that it raises when anything is left."""

import io
import json
from collections.abc import Callable
from typing import Any

import pytest
from aws_lambda_powertools import Logger

from divescore.live.settled import Topic
from divescore.views import Status
from functions.observability import logger, metrics
from functions.settle import app
from tests.fakes.jobs import job_in
from tests.fakes.lambdas import context, counted
from tests.fakes.sns import FakeTopics
from tests.unit.live.fakes import record

QUEUED = job_in(Status.QUEUED, version=2)
SCORED = job_in(Status.SCORED, version=5, reference="order 7")
FAILED = job_in(Status.FAILED, job_id="f" * 32, version=7)


@pytest.fixture
def sns(monkeypatch: pytest.MonkeyPatch) -> FakeTopics:
    monkeypatch.setattr(metrics, "namespace", "Divescore")
    topics: Any = FakeTopics()
    monkeypatch.setattr(app, "topic", lambda: Topic("arn:topic", topics))
    return topics  # type: ignore[no-any-return]


def settle(*records: dict[str, Any]) -> Any:
    return app.handler({"Records": list(records)}, context())


def told(sns: FakeTopics) -> list[tuple[str, int]]:
    bodies = [json.loads(message["Message"]) for message in sns.published]
    return [(body["jobId"], body["version"]) for body in bodies]


def test_a_settled_job_is_published_with_its_reference(sns: FakeTopics) -> None:
    assert settle(record(SCORED, QUEUED)) == {"published": 1}
    assert told(sns) == [(SCORED.job_id, 5)]
    assert sns.published[0]["MessageAttributes"]["reference"]["StringValue"] == "order 7"


def test_what_is_not_settled_or_removed_is_passed_over(sns: FakeTopics) -> None:
    """The mapping's filter keeps such records away; a replay, or a wrong filter, does not."""
    assert settle(record(QUEUED), record(None, SCORED)) == {"published": 0}


def test_a_message_that_is_not_taken_fails_the_batch(sns: FakeTopics) -> None:
    sns.fails = 1
    with pytest.raises(app.BatchFailed, match="2 of 2"):
        settle(record(SCORED), record(FAILED))
    assert settle(record(SCORED), record(FAILED)) == {"published": 2}
    assert told(sns) == [(SCORED.job_id, 5), (FAILED.job_id, 7)]


def test_an_unreadable_record_fails_the_batch_after_all_others_were_told(sns: FakeTopics) -> None:
    poison = record(FAILED, sequence="p1")
    poison["dynamodb"]["NewImage"]["version"] = {"N": "no number"}
    with pytest.raises(app.BatchFailed, match="1 of 2"):
        settle(poison, record(SCORED))
    assert told(sns) == [(SCORED.job_id, 5)]


def test_failures_are_logged_with_their_job_and_counted(
    sns: FakeTopics, capture: Callable[[Logger], io.StringIO], capsys: pytest.CaptureFixture[str]
) -> None:
    log = capture(logger)
    sns.fails = 1
    with pytest.raises(app.BatchFailed):
        settle(record(SCORED))
    figures = counted(capsys.readouterr().out)
    assert (figures["Settled_published"], figures["Settled_failed"]) == ([0.0], [1.0])
    lines = [json.loads(line) for line in log.getvalue().splitlines()]
    [error] = [line for line in lines if line.get("correlation_id") == SCORED.job_id]
    assert (error["level"], error["message"]) == ("ERROR", "publishing failed")
    assert "InternalErrorException" in error["error"]
    settle(record(SCORED))
    assert counted(capsys.readouterr().out)["Settled_published"] == [1.0]
