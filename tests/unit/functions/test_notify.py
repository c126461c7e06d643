import io
import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from types import SimpleNamespace
from typing import Any, cast

import pytest
from aws_lambda_powertools.utilities.typing import LambdaContext

from divescore.jobs.model import Job
from divescore.live.fanout import FanOut
from divescore.live.push import POST_TIMEOUTS, Pusher
from divescore.live.subscriptions import Subscriptions
from divescore.views import Status
from functions.notify import app
from functions.observability import logger, metrics
from tests.fakes.aws import Aws
from tests.unit.live.fakes import Management, make_job, record

JOB, OTHER = "a" * 32, "b" * 32
CONTEXT = cast(
    LambdaContext,
    SimpleNamespace(
        function_name="notify", memory_limit_in_mb=512, invoked_function_arn="arn:aws:lambda:x", aws_request_id="r1"
    ),
)
QUEUED = make_job(JOB, Status.QUEUED, 2)
STARTED = replace(QUEUED, status=Status.PROCESSING, version=3, rev=3, attempt=1, stage="downloading")
HALFWAY = replace(STARTED, version=4, rev=4, stage="scoring", fraction=0.5)
RENEWED = replace(HALFWAY, rev=5, lease_until=1)
NEARLY = replace(RENEWED, version=5, rev=6, fraction=0.9)
SCORED = replace(NEARLY, status=Status.SCORED, version=6, rev=7, stage=None, result={"score": 80.0})
LIFE = [QUEUED, STARTED, HALFWAY, RENEWED, NEARLY, SCORED]


@pytest.fixture
def management(aws: Aws, monkeypatch: pytest.MonkeyPatch) -> Iterator[Management]:
    monkeypatch.setattr(metrics, "namespace", "Divescore")
    management = Management()
    subscriptions = Subscriptions(aws.table, aws.dynamodb)
    for connection, job_id in (("c1", JOB), ("c2", JOB), ("c3", OTHER)):
        subscriptions.connect(connection)
        subscriptions.subscribe(connection, job_id)
    with ThreadPoolExecutor(4) as pool:
        fan_out = FanOut(subscriptions, Pusher(management), pool, lambda _pause: None)
        monkeypatch.setattr(app, "fan_out", lambda: fan_out)
        yield management


def records(*jobs: Job) -> list[dict[str, Any]]:
    pairs = zip([None, *jobs[:-1]], jobs, strict=True)
    return [record(new, old, f"{new.job_id[0]}{new.rev}") for old, new in pairs]


def notify(*batch: dict[str, Any]) -> list[str]:
    answer = app.handler({"Records": list(batch)}, CONTEXT)
    return [failure["itemIdentifier"] for failure in answer["batchItemFailures"]]


def told(management: Management, connection: str) -> list[tuple[str, int]]:
    jobs = [json.loads(data)["job"] for data in management.received[connection]]
    return [(job["status"], job["version"]) for job in jobs]


def test_a_batch_tells_each_status_and_the_newest_progress(management: Management) -> None:
    assert notify(*records(*LIFE)) == []
    assert told(management, "c1") == told(management, "c2") == [("QUEUED", 2), ("PROCESSING", 5), ("SCORED", 6)]
    assert told(management, "c3") == []


def test_records_that_come_again_are_told_again_and_harm_nobody(management: Management) -> None:
    for _ in range(2):
        assert notify(*records(STARTED, SCORED)) == []
    assert told(management, "c1") == [("PROCESSING", 3), ("SCORED", 6)] * 2


def test_renewals_and_removals_are_not_told(management: Management) -> None:
    assert notify(record(RENEWED, HALFWAY), record(None, SCORED)) == []
    assert management.posts == {}


def test_an_error_of_the_service_names_the_record_and_the_rest_is_told(management: Management) -> None:
    management.plan["c1"] = ["ok", "broken"]
    other = make_job(OTHER, Status.SCORED, 9)
    assert notify(*records(QUEUED, STARTED, SCORED), *records(other)) == ["a3"]
    assert told(management, "c2") == [("QUEUED", 2), ("PROCESSING", 3), ("SCORED", 6)]
    assert told(management, "c3") == [("SCORED", 9)]


def test_an_unreadable_record_is_named_and_the_rest_is_told(management: Management) -> None:
    poison = record(make_job(OTHER), sequence="p1")
    poison["dynamodb"]["NewImage"]["status"] = {"S": "NOT A STATE"}
    assert notify(poison, *records(SCORED)) == ["p1"]
    assert told(management, "c1") == [("SCORED", 6)]


def test_a_dead_connection_is_no_failure(aws: Aws, management: Management) -> None:
    management.plan["c1"] = ["gone"]
    assert notify(*records(SCORED)) == []
    left = {item["sk"]["S"] for item in aws.dynamodb.scan(TableName=aws.table)["Items"]}
    assert left == {"CONN", "SUB#c2", "SUB#c3"}
    assert told(management, "c2") == [("SCORED", 6)]


def test_what_failed_is_logged_and_counted(
    management: Management, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    log = io.StringIO()
    monkeypatch.setattr(logger.registered_handler, "stream", log)
    management.plan["c1"] = ["broken"]
    notify(*records(SCORED))
    lines = [json.loads(line) for line in log.getvalue().splitlines()]
    errors = [line for line in lines if line.get("level") == "ERROR"]
    assert [line["correlation_id"] for line in errors] == [JOB]
    assert lines[-1]["message"] == "told"
    metrics = json.loads(capsys.readouterr().out)
    assert (metrics["Push_sent"], metrics["Push_failed"]) == ([1.0], [1.0])


def test_rows_that_cannot_be_removed_are_logged_and_no_failure(
    management: Management, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = io.StringIO()
    monkeypatch.setattr(logger.registered_handler, "stream", log)
    management.plan["c1"] = ["gone"]

    def refuse(*_: str) -> None:
        raise TimeoutError

    monkeypatch.setattr(Subscriptions, "forget", refuse)
    assert notify(*records(SCORED)) == []
    warnings = [line for line in map(json.loads, log.getvalue().splitlines()) if line["level"] == "WARNING"]
    assert [line["connection_id"] for line in warnings] == ["c1"]
    assert told(management, "c2") == [("SCORED", 6)]


def test_its_posts_are_impatient_and_as_many_at_once_as_it_has_lanes(aws: Aws, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TABLE_NAME", aws.table)
    monkeypatch.setenv("LIVE_ENDPOINT", "https://live.test/live")
    made: list[tuple[Any, ...]] = []
    monkeypatch.setattr(app, "Connections", lambda *arguments: made.append(arguments))
    app.fan_out.cache_clear()
    app.fan_out()
    app.fan_out.cache_clear()
    assert made == [("https://live.test/live", POST_TIMEOUTS, app.PARALLEL_POSTS)]
