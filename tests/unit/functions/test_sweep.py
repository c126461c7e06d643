"""Sweep, from a tick of the schedule to what it counts."""

import io
import json
from collections.abc import Callable, Iterator

import pytest
from aws_lambda_powertools import Logger

from divescore.jobs.items import to_item
from divescore.jobs.table import JobTable
from divescore.views import Status
from functions.observability import logger
from functions.sweep import app
from tests.fakes.aws import Aws
from tests.fakes.jobs import job_in
from tests.fakes.lambdas import context, counted

TICK = {"version": "0", "detail-type": "Scheduled Event", "source": "aws.events", "detail": {}}


@pytest.fixture
def stack(aws: Aws, monkeypatch: pytest.MonkeyPatch) -> Iterator[Aws]:
    for name, value in {
        "TABLE_NAME": aws.table,
        "UPLOADS_BUCKET": aws.bucket,
        "UPLOADS_QUEUE_URL": aws.uploads,
        "SCORING_QUEUE_URL": aws.scoring,
        "MAX_ATTEMPTS": "3",
        "LEASE_SECONDS": "30",
    }.items():
        monkeypatch.setenv(name, value)
    app.sweeper.cache_clear()
    yield aws
    app.sweeper.cache_clear()


def put(stack: Aws, number: int, status: Status, **changes: object) -> str:
    job = job_in(status, job_id=f"{number:032x}", **({"deadline": 1} | changes))
    stack.dynamodb.put_item(TableName=stack.table, Item=to_item(job))
    return job.job_id


def test_a_quiet_minute(stack: Aws, capsys: pytest.CaptureFixture[str]) -> None:
    assert app.handler(TICK, context()) == {}
    metrics = counted(capsys.readouterr().out)
    assert metrics["Swept"] == [0.0]


def test_every_kind_of_overdue_job_is_settled(stack: Aws, capsys: pytest.CaptureFixture[str]) -> None:
    expired = put(stack, 1, Status.AWAITING_UPLOAD)
    queued = put(stack, 2, Status.QUEUED)
    again = put(stack, 3, Status.PROCESSING)
    spent = put(stack, 4, Status.PROCESSING, attempt=3)
    there = put(stack, 5, Status.AWAITING_UPLOAD, deadline=JobTable(stack.table, stack.dynamodb).now())
    stack.s3.put_object(Bucket=stack.bucket, Key=f"uploads/{there}/video", Body=b"x")
    put(stack, 6, Status.SCORED, deadline=0)
    counts = app.handler(TICK, context())
    assert counts == {"expired": 1, "failed": 2, "sent_again": 1, "handed_on": 1}
    table = JobTable(stack.table, stack.dynamodb)
    assert [table.get(job_id).status for job_id in (expired, queued, again, spent, there)] == [
        Status.EXPIRED,
        Status.FAILED,
        Status.QUEUED,
        Status.FAILED,
        Status.AWAITING_UPLOAD,
    ]
    assert [json.loads(body)["jobId"] for body in stack.bodies(stack.scoring)] == [again]
    [notification] = stack.bodies(stack.uploads)
    assert there in notification
    metrics = counted(capsys.readouterr().out)
    assert (metrics["Swept"], metrics["Swept_failed"], metrics["Swept_expired"]) == ([5.0], [2.0], [1.0])


def test_what_cannot_be_settled_is_in_the_log(stack: Aws, capture: Callable[[Logger], io.StringIO]) -> None:
    log = capture(logger)
    broken = put(stack, 1, Status.QUEUED)
    stack.dynamodb.update_item(
        TableName=stack.table,
        Key={"pk": {"S": f"JOB#{broken}"}, "sk": {"S": "JOB"}},
        UpdateExpression="REMOVE filename",
    )
    assert app.handler(TICK, context()) == {"error": 1}
    lines = [json.loads(text) for text in log.getvalue().splitlines()]
    assert [line["message"] for line in lines] == ["job could not be settled", "swept"]
    assert lines[0]["job_id"] == broken
