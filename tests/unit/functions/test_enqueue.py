"""Enqueue, from a batch of notifications to its answer."""

import io
import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from aws_lambda_powertools import Logger

from divescore.jobs.items import to_item
from divescore.jobs.model import Job
from divescore.jobs.table import JobTable
from divescore.views import Status
from functions.enqueue import app
from functions.observability import logger
from tests.fakes.aws import Aws
from tests.fakes.jobs import job_in
from tests.fakes.lambdas import TEST_EVENT, context, s3_body, s3_record, sqs_event
from tests.fakes.world import NOT_A_VIDEO, VIDEO

GARBAGE = "this is no notification"


@pytest.fixture
def stack(aws: Aws, monkeypatch: pytest.MonkeyPatch) -> Iterator[Aws]:
    monkeypatch.setenv("TABLE_NAME", aws.table)
    monkeypatch.setenv("UPLOADS_BUCKET", aws.bucket)
    monkeypatch.setenv("UPLOADS_QUEUE_URL", aws.uploads)
    monkeypatch.setenv("SCORING_QUEUE_URL", aws.scoring)
    for cached in (app.settings, app.admission):
        cached.cache_clear()
    yield aws
    for cached in (app.settings, app.admission):
        cached.cache_clear()


def uploaded(stack: Aws, number: int, data: bytes = VIDEO) -> tuple[Job, str]:
    """A job that waits for its upload, and the notification of it."""
    job = job_in(Status.AWAITING_UPLOAD, job_id=f"{number:032x}")
    stack.dynamodb.put_item(TableName=stack.table, Item=to_item(job))
    version = stack.s3.put_object(Bucket=stack.bucket, Key=job.key, Body=data)["VersionId"]
    return job, s3_body(s3_record(job.key, version))


def enqueue(*bodies: str) -> list[str]:
    answer = app.handler(sqs_event(*bodies), context())
    assert set(answer) == {"batchItemFailures"}
    return [failure["itemIdentifier"] for failure in answer["batchItemFailures"]]


def status_of(stack: Aws, job: Job) -> Status:
    return JobTable(stack.table, stack.dynamodb).get(job.job_id).status


@pytest.mark.parametrize("version", ["2.0", "2.1", "2.2", "2.3", "2.4", "2.5", "2.6"])
def test_a_video_is_queued_whatever_the_events_version(stack: Aws, version: str) -> None:
    job, body = uploaded(stack, 1)
    record = json.loads(body)["Records"][0] | {"eventVersion": version}
    assert enqueue(s3_body(record)) == []
    assert status_of(stack, job) is Status.QUEUED
    [sent] = stack.bodies(stack.scoring)
    assert json.loads(sent)["jobId"] == job.job_id


def test_what_is_no_video_is_rejected(stack: Aws) -> None:
    job, body = uploaded(stack, 1, NOT_A_VIDEO)
    assert enqueue(body) == []
    assert status_of(stack, job) is Status.REJECTED
    assert stack.bodies(stack.scoring) == []


def test_the_test_event_and_foreign_keys_are_taken_off_the_queue(stack: Aws) -> None:
    assert enqueue(TEST_EVENT, s3_body(s3_record("uploads/readme.txt"))) == []


def test_only_what_failed_comes_back(stack: Aws) -> None:
    """One bad message holds up none of the good ones, and the answer names it by its own id."""
    (first, one), (second, two) = uploaded(stack, 1), uploaded(stack, 2)
    assert enqueue(GARBAGE, one, GARBAGE, two, TEST_EVENT) == ["m0", "m2"]
    assert status_of(stack, first) is status_of(stack, second) is Status.QUEUED


def test_when_all_fail_all_are_named_and_nothing_is_raised(stack: Aws) -> None:
    assert enqueue(GARBAGE, "{}") == ["m0", "m1"]


def test_a_batch_after_a_bad_one_starts_clean(stack: Aws) -> None:
    assert enqueue(GARBAGE) == ["m0"]
    assert enqueue(uploaded(stack, 1)[1]) == []


def test_every_name_in_an_answer_is_one_of_the_batch(stack: Aws) -> None:
    """To AWS an empty, null or unknown identifier means that the whole batch failed."""
    event = sqs_event(GARBAGE, TEST_EVENT, GARBAGE)
    ids = {record["messageId"] for record in event["Records"]}
    failures = app.handler(event, context())["batchItemFailures"]
    assert failures
    assert all(set(failure) == {"itemIdentifier"} and failure["itemIdentifier"] in ids for failure in failures)


def test_several_uploads_in_one_message_are_all_admitted(stack: Aws) -> None:
    (first, one), (second, two) = uploaded(stack, 1), uploaded(stack, 2)
    assert enqueue(s3_body(*json.loads(one)["Records"], *json.loads(two)["Records"])) == []
    assert status_of(stack, first) is status_of(stack, second) is Status.QUEUED


def test_a_table_that_does_not_answer_leaves_the_message(stack: Aws, monkeypatch: pytest.MonkeyPatch) -> None:
    job, body = uploaded(stack, 1)

    def broken(*_: object) -> Any:
        raise TimeoutError

    with monkeypatch.context() as patch:
        patch.setattr(JobTable, "get", broken)
        assert enqueue(body) == ["m0"]
    assert enqueue(body) == []
    assert status_of(stack, job) is Status.QUEUED


def test_a_message_that_failed_comes_back_after_a_growing_wait(stack: Aws, monkeypatch: pytest.MonkeyPatch) -> None:
    waits: list[tuple[float, str]] = []

    def noted(seconds: float, _sqs: object, url: str, receipt: str, _report: object) -> None:
        waits.append((seconds, receipt))
        assert url == stack.uploads

    monkeypatch.setattr(app, "come_back_in", noted)
    for receives in ("1", "4", "9"):
        event = sqs_event(GARBAGE)
        event["Records"][0]["attributes"]["ApproximateReceiveCount"] = receives
        app.handler(event, context())
    first, fourth, ninth = (seconds for seconds, _ in waits)
    assert 1 <= first <= 3
    assert 8 <= fourth <= 24
    assert 90 <= ninth <= 270
    assert {receipt for _, receipt in waits} == {sqs_event(GARBAGE)["Records"][0]["receiptHandle"]}


def test_the_log_names_the_job(stack: Aws, capture: Callable[[Logger], io.StringIO]) -> None:
    log = capture(logger)
    job, body = uploaded(stack, 1)
    enqueue(body)
    [line] = [json.loads(text) for text in log.getvalue().splitlines()]
    assert line["correlation_id"] == job.job_id
    assert line["outcome"] == "queued"


def test_outcomes_are_counted(stack: Aws, capsys: pytest.CaptureFixture[str]) -> None:
    enqueue(uploaded(stack, 1)[1], uploaded(stack, 2, NOT_A_VIDEO)[1])
    [metrics] = [json.loads(line) for line in capsys.readouterr().out.splitlines() if '"Notifications"' in line]
    assert metrics["Notifications"] == [2.0]
    assert metrics["Upload_queued"] == metrics["Upload_rejected"] == [1.0]
