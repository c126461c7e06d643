"""Every handler does with its own sample event what it should, and takes none of SAM's samples by mistake."""

import json
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from aws_lambda_powertools import Logger

import functions.enqueue.app
import functions.notify.app
import functions.presign.app
import functions.settle.app
import functions.sweep.app
import functions.worker.app
import functions.ws_connect.app
from divescore.jobs.items import to_item
from divescore.jobs.table import JobTable
from divescore.live.fanout import FanOut
from divescore.live.push import Pusher
from divescore.live.settled import Topic
from divescore.live.subscriptions import Subscriptions
from divescore.result import ModelInfo
from divescore.tokens.tokens import KeyRing, Scope, Tokens
from divescore.views import Status
from functions.observability import logger, metrics
from tests.fakes.aws import KEY, Aws
from tests.fakes.jobs import job_in
from tests.fakes.lambdas import context, s3_body, sqs_event
from tests.fakes.scored import scored
from tests.fakes.sns import FakeTopics
from tests.fakes.world import VIDEO
from tests.unit.live.fakes import Management

ROOT = Path(__file__).resolve().parents[3]
OURS, SAMS = ROOT / "events", ROOT / "tests" / "contract" / "sam"
APPS: dict[str, Any] = {
    "presign": functions.presign.app,
    "enqueue": functions.enqueue.app,
    "worker": functions.worker.app,
    "notify": functions.notify.app,
    "ws_connect": functions.ws_connect.app,
    "settle": functions.settle.app,
    "sweep": functions.sweep.app,
}
CACHED = ("settings", "admission", "operations", "scorer", "worker", "session", "sweeper")
PAGE = "https://d111111abcdef8.cloudfront.net"
JOB = "0123456789abcdef0123456789abcdef"
VERSION = "3sL4kqtJlcpXroDTDmJ.rmSpXd3dIbrHY"
INFO = {"id": "m", "version": "1", "sha256": "0" * 64, "architecture": "a", "trainedOn": "synthetic"}


class Scorer:
    """Scores everything alike."""

    info = ModelInfo.model_validate(INFO)

    def score(self, path: Path, *_: Any, **__: Any) -> Any:
        assert path.read_bytes() == VIDEO
        return scored({"score": 84.15, "timings": {"decode": 0.1, "infer": 0.1}})


@dataclass
class System:
    """The stack's resources with all seven handlers on them, and what was pushed and published."""

    aws: Aws
    management: Management
    topics: FakeTopics

    def call(self, name: str, event: dict[str, Any]) -> Any:
        return APPS[name].handler(event, context())

    def ours(self, name: str) -> dict[str, Any]:
        """The sample of a function, about an upload that is really there: moto chooses versions by itself."""
        text = (OURS / f"{name}.json").read_text()
        uploaded = self.aws.s3.put_object(Bucket=self.aws.bucket, Key=f"uploads/{JOB}/video", Body=VIDEO)
        event: dict[str, Any] = json.loads(text.replace(VERSION, uploaded["VersionId"]))
        return event

    def put(self, status: Status, **changes: Any) -> None:
        self.aws.dynamodb.put_item(TableName=self.aws.table, Item=to_item(job_in(status, job_id=JOB, **changes)))

    def status(self) -> Status:
        return JobTable(self.aws.table, self.aws.dynamodb).get(JOB).status

    def traces(self) -> tuple[Any, ...]:
        """All that a handler could have changed."""
        items = self.aws.dynamodb.scan(TableName=self.aws.table)["Items"]
        held = self.aws.s3.list_object_versions(Bucket=self.aws.bucket)
        waiting = [
            self.aws.sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["ApproximateNumberOfMessages"])[
                "Attributes"
            ]
            for url in (self.aws.uploads, self.aws.scoring, self.aws.scoring_dlq)
        ]
        return (
            items,
            held.get("Versions"),
            held.get("DeleteMarkers"),
            waiting,
            dict(self.management.received),
            list(self.topics.published),
        )


@pytest.fixture
def system(aws: Aws, monkeypatch: pytest.MonkeyPatch, capture: Callable[[Logger], Any]) -> Iterator[System]:
    for name, value in {
        "TABLE_NAME": aws.table,
        "UPLOADS_BUCKET": aws.bucket,
        "UPLOADS_QUEUE_URL": aws.uploads,
        "SCORING_QUEUE_URL": aws.scoring,
        "SCORING_DLQ_URL": aws.scoring_dlq,
        "TOKEN_SECRET": aws.secret,
        "LIVE_URL": "wss://live.test/live",
        "LIVE_ENDPOINT": "https://live.test/live",
        "SITE_URL": PAGE,
        "ALLOWED_ORIGINS": PAGE,
        "MODEL_DIR": "/nowhere",
    }.items():
        monkeypatch.setenv(name, value)
    management = Management()
    for app in APPS.values():
        monkeypatch.setattr(metrics, "namespace", "Divescore")
        capture(logger)
        for name in CACHED:
            if hasattr(app, name):
                getattr(app, name).cache_clear()
    monkeypatch.setattr(functions.worker.app, "load_scorer", lambda *_: Scorer())
    with ThreadPoolExecutor(2) as pool:
        subscriptions = Subscriptions(aws.table, aws.dynamodb)
        fan_out = FanOut(subscriptions, Pusher(management), pool, lambda _pause: None)
        monkeypatch.setattr(functions.notify.app, "fan_out", lambda: fan_out)
        topics: Any = FakeTopics()
        monkeypatch.setattr(functions.settle.app, "topic", lambda: Topic("arn:topic", topics))
        yield System(aws, management, topics)
    for app in APPS.values():
        for name in CACHED:
            if hasattr(app, name):
                getattr(app, name).cache_clear()


# --- our own samples, for `sam local invoke` ------------------------------------------------------------------------


def test_presign_makes_the_job_of_its_sample(system: System) -> None:
    answer = system.call("presign", system.ours("presign"))
    assert answer["statusCode"] == 201
    made = json.loads(answer["body"])
    assert made["job"]["status"] == "AWAITING_UPLOAD"
    assert made["upload"]["fields"]["Content-Type"] == "video/webm"


def test_enqueue_queues_the_upload_of_its_sample(system: System) -> None:
    system.put(Status.AWAITING_UPLOAD)
    assert system.call("enqueue", system.ours("enqueue")) == {"batchItemFailures": []}
    assert system.status() is Status.QUEUED
    [sent] = system.aws.bodies(system.aws.scoring)
    assert json.loads(sent)["jobId"] == JOB


def test_worker_scores_the_dive_of_its_sample(system: System) -> None:
    event = system.ours("worker")
    version = json.loads(event["Records"][0]["body"])["objectVersion"]
    system.put(Status.QUEUED, object_version=version)
    assert system.call("worker", event) == {"batchItemFailures": []}
    assert system.status() is Status.SCORED


def test_notify_pushes_the_change_of_its_sample(system: System) -> None:
    subscriptions = Subscriptions(system.aws.table, system.aws.dynamodb)
    subscriptions.connect("c1")
    subscriptions.subscribe("c1", JOB)
    assert system.call("notify", system.ours("notify")) == {"batchItemFailures": []}
    [message] = [json.loads(body) for body in system.management.received["c1"]]
    assert (message["job"]["jobId"], message["job"]["status"]) == (JOB, "PROCESSING")


def test_settle_publishes_the_score_of_its_sample(system: System) -> None:
    assert system.call("settle", system.ours("settle")) == {"published": 1}
    [message] = system.topics.published
    assert {name: value["StringValue"] for name, value in message["MessageAttributes"].items()} == {
        "status": "SCORED",
        "model": "divescore-mini",
        "reference": "order 7",
    }


def test_ws_connect_lets_in_the_ticket_of_its_sample_when_it_is_one(system: System) -> None:
    event = system.ours("ws_connect")
    assert system.call("ws_connect", event) == {"statusCode": 401}
    tokens = Tokens(lambda _fresh: KeyRing("k1", {"k1": KEY}))
    event["queryStringParameters"]["ticket"] = tokens.ticket(JOB)
    assert system.call("ws_connect", event) == {"statusCode": 200}


def test_sweep_takes_the_tick_of_its_sample(system: System) -> None:
    assert system.call("sweep", system.ours("sweep")) == {}


# --- SAM's samples --------------------------------------------------------------------------------------------------


def sams(name: str) -> dict[str, Any]:
    event: dict[str, Any] = json.loads((SAMS / f"{name}.json").read_text())
    return event


SAMPLES = sorted(path.stem for path in SAMS.glob("*.json"))


def test_they_are_all_there() -> None:
    assert SAMPLES == [
        "apigateway-authorizer",
        "apigateway-aws-proxy",
        "apigateway-http-api-proxy",
        "apigateway-request-authorizer",
        "dynamodb-update",
        "s3-put",
        "sqs-receive-message",
    ]


def failed(answer: Any) -> list[str]:
    assert set(answer) == {"batchItemFailures"}
    return [item["itemIdentifier"] for item in answer["batchItemFailures"]]


def test_s3s_sample_about_another_object_is_taken_off_the_queue(system: System) -> None:
    """As it comes here: inside a message. Its key is none of ours, so there is nothing to do for it."""
    assert failed(system.call("enqueue", sqs_event(json.dumps(sams("s3-put"))))) == []


def test_s3s_sample_about_an_upload_is_admitted(system: System) -> None:
    system.put(Status.AWAITING_UPLOAD)
    version = system.aws.s3.put_object(Bucket=system.aws.bucket, Key=f"uploads/{JOB}/video", Body=VIDEO)["VersionId"]
    [record] = sams("s3-put")["Records"]
    record["s3"]["object"] |= {"key": f"uploads/{JOB}/video"}
    unversioned = s3_body(record)
    assert failed(system.call("enqueue", sqs_event(unversioned))) == ["m0"], "the bucket has to be versioned"
    record["s3"]["object"]["versionId"] = version
    assert failed(system.call("enqueue", sqs_event(s3_body(record)))) == []
    assert system.status() is Status.QUEUED


@pytest.mark.parametrize("function", ["enqueue", "worker"])
def test_sqs_sample_is_named_as_failed_so_that_it_ends_among_the_dead_letters(system: System, function: str) -> None:
    event = sams("sqs-receive-message")
    assert failed(system.call(function, event)) == [event["Records"][0]["messageId"]]


def test_dynamodbs_sample_of_another_table_is_named_as_failed(system: System) -> None:
    """The mapping's filter keeps such records away; without it each is told apart, by its sequence number."""
    event = sams("dynamodb-update")
    expected = [record["dynamodb"]["SequenceNumber"] for record in event["Records"]]
    assert failed(system.call("notify", event)) == expected


def test_http_apis_sample_finds_no_such_address(system: System) -> None:
    answer = system.call("presign", sams("apigateway-http-api-proxy"))
    assert answer["statusCode"] == 404
    assert json.loads(answer["body"])["error"]["code"] == "NOT_FOUND"


def test_http_apis_sample_with_our_route_and_body_makes_a_job(system: System) -> None:
    event = sams("apigateway-http-api-proxy")
    event |= {"routeKey": "POST /jobs", "rawPath": "/jobs", "isBase64Encoded": False}
    event["headers"]["content-type"] = "application/json"
    event["body"] = json.dumps({"filename": "dive.mp4", "contentType": "video/mp4", "sizeBytes": 1000})
    event["requestContext"]["http"] |= {"method": "POST", "path": "/jobs"}
    assert system.call("presign", event)["statusCode"] == 201


def refused(system: System, function: str, sample: str) -> bool:
    """Whether a handler says no: by an answer, or by raising, after which Lambda tells and tries again."""
    try:
        answer = system.call(function, sams(sample))
    except Exception:  # of whatever kind: the frameworks raise what they like about shapes that are not theirs
        return True
    return bool(answer.get("statusCode", 200) >= 400 or answer.get("batchItemFailures"))


@pytest.mark.parametrize("sample", SAMPLES)
@pytest.mark.parametrize("function", sorted(APPS))
def test_no_sample_changes_anything(system: System, function: str, sample: str) -> None:
    system.put(Status.QUEUED, deadline=2**52)
    before = system.traces()
    assert refused(system, function, sample) is (function != "sweep"), "to sweep, whatever comes is a tick"
    assert system.traces() == before


def test_a_ticket_of_another_scope_is_not_let_in(system: System) -> None:
    event = system.ours("ws_connect")
    tokens = Tokens(lambda _fresh: KeyRing("k1", {"k1": KEY}))
    event["queryStringParameters"]["ticket"] = tokens.issue(JOB, frozenset({Scope.READ}), 2**33)
    assert system.call("ws_connect", event) == {"statusCode": 401}
