"""One dive through all six handlers with every logger at its most talkative: nothing that opens a door is written."""

import io
import json
import logging
import re
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from aws_lambda_powertools import Logger

from divescore.jobs.items import to_item
from divescore.jobs.model import Job
from divescore.jobs.table import JobTable
from divescore.live.fanout import FanOut
from divescore.live.push import Pusher
from divescore.live.settled import Topic
from divescore.live.subscriptions import Subscriptions
from divescore.views import Status
from functions.enqueue import app as enqueue
from functions.notify import app as notify
from functions.observability import logger
from functions.presign import app as presign
from functions.settle import app as settle
from functions.sweep import app as sweep
from functions.worker import app as worker
from functions.ws_connect import app as ws_connect
from tests.fakes.aws import KEY, Aws
from tests.fakes.lambdas import context, http_event, s3_body, s3_record, sqs_event
from tests.fakes.sns import FakeTopics
from tests.fakes.world import VIDEO
from tests.unit.functions.test_worker import Scorer
from tests.unit.functions.test_ws_connect import event as socket_event
from tests.unit.live.fakes import Management, record

HANDLERS = (enqueue, notify, presign, settle, sweep, worker, ws_connect)
PAGE = "https://page.test"
# Tokens of any kind (a JWT's header begins so), signatures, and headers that carry one.
FORBIDDEN = re.compile(r"eyJ[\w-]{10,}|x-amz-signature|x-amz-security-token|bearer |authorization|SecretString", re.I)


@pytest.fixture
def everything(
    aws: Aws,
    monkeypatch: pytest.MonkeyPatch,
    capture: Callable[[Logger], io.StringIO],
    capsys: pytest.CaptureFixture[str],
) -> Iterator[Callable[[], str]]:
    """All that was written since: the handlers' logs, other libraries' and the standard streams."""
    for name, value in {
        "TABLE_NAME": aws.table,
        "UPLOADS_BUCKET": aws.bucket,
        "UPLOADS_QUEUE_URL": aws.uploads,
        "SCORING_QUEUE_URL": aws.scoring,
        "SCORING_DLQ_URL": aws.scoring_dlq,
        "TOKEN_SECRET": aws.secret,
        "MODEL_DIR": "/nowhere",
        "LIVE_URL": "wss://live.test/live",
        "LIVE_ENDPOINT": "https://live.test/live",
        "SITE_URL": PAGE,
        "ALLOWED_ORIGINS": PAGE,
    }.items():
        monkeypatch.setenv(name, value)
    scorer = Scorer()
    monkeypatch.setattr("divescore.worker.model.load_scorer", scorer.load)
    monkeypatch.setattr(worker, "load_scorer", scorer.load, raising=False)
    management = Management()
    caches: tuple[Any, ...] = (presign.operations, enqueue.admission, sweep.sweeper, ws_connect.session)
    caches += (worker.settings, worker.scorer, worker.worker)
    for cached in caches:
        cached.cache_clear()
    log = capture(logger)
    others = logging.StreamHandler(io.StringIO())
    root = logging.getLogger()
    levels = {one: one.level for one in (root, logging.getLogger(logger.name))}
    for one in levels:
        one.setLevel(logging.DEBUG)
    root.addHandler(others)
    with ThreadPoolExecutor(2) as pool:
        fan_out = FanOut(Subscriptions(aws.table, aws.dynamodb), Pusher(management), pool, lambda _pause: None)
        monkeypatch.setattr(notify, "fan_out", lambda: fan_out)
        topics: Any = FakeTopics()
        monkeypatch.setattr(settle, "topic", lambda: Topic("arn:topic", topics))
        yield lambda: "".join([log.getvalue(), others.stream.getvalue(), *capsys.readouterr()])
    root.removeHandler(others)
    for one, level in levels.items():
        one.setLevel(level)
    for cached in caches:
        cached.cache_clear()


def call(method: str, path: str, body: Any = None, token: str | None = None) -> Any:
    headers = {} if token is None else {"authorization": f"Bearer {token}"}
    return json.loads(presign.handler(http_event(method, path, body, headers), context())["body"])


def say(**message: str) -> None:
    event = socket_event(message.get("action", "$default"), body=json.dumps(message))
    assert ws_connect.handler(event, context())["statusCode"] == 200


def life(aws: Aws) -> tuple[str, list[str]]:
    """The way of one dive with everything that may be done on it; the job's id, and what must stay secret."""
    secrets = [KEY]
    made = call("POST", "/jobs", {"filename": "dive.avi", "contentType": "video/avi", "sizeBytes": len(VIDEO)})
    job_id, token = made["jobId"], made["token"]
    fields = made["upload"]["fields"]
    secrets += [token, fields["policy"], fields["x-amz-signature"]]
    ticket = parse_qs(urlsplit(made["live"]["url"]).query)["ticket"][0]
    secrets.append(ticket)
    connecting = socket_event("$connect", headers={"Origin": PAGE}, queryStringParameters={"ticket": ticket})
    assert ws_connect.handler(connecting, context()) == {"statusCode": 200}
    say(action="subscribe", token=token)
    say(action="subscribe", token=token[:-2])
    say(action="nonsense", token=token)
    version = aws.s3.put_object(Bucket=aws.bucket, Key=f"uploads/{job_id}/video", Body=VIDEO)["VersionId"]
    notification = s3_body(s3_record(f"uploads/{job_id}/video", version))
    assert enqueue.handler(sqs_event(notification), context()) == {"batchItemFailures": []}
    before = JobTable(aws.table, aws.dynamodb).get(job_id)
    for message in aws.bodies(aws.scoring):
        assert worker.handler(sqs_event(message), context()) == {"batchItemFailures": []}
    scored = JobTable(aws.table, aws.dynamodb).get(job_id)
    assert scored.status is Status.SCORED
    assert notify.handler({"Records": [record(scored, before)]}, context()) == {"batchItemFailures": []}
    assert settle.handler({"Records": [record(scored, before)]}, context()) == {"published": 1}
    assert call("GET", f"/jobs/{job_id}", token=token)["job"]["status"] == "SCORED"
    address = call("GET", f"/jobs/{job_id}/video", token=token)["url"]
    secrets += [address, parse_qs(urlsplit(address).query)["X-Amz-Signature"][0]]
    shared = call("POST", f"/jobs/{job_id}/share", {}, token)
    secrets += [shared["token"], shared["url"]]
    assert "error" in call("DELETE", f"/jobs/{job_id}", token=shared["token"])
    assert "error" in call("DELETE", f"/jobs/{job_id}", token=token[:-2])
    assert call("DELETE", f"/jobs/{job_id}", token=token)["job"]["jobId"] == job_id
    assert enqueue.handler(sqs_event("no notification", notification), context())["batchItemFailures"]
    assert worker.handler(sqs_event("no message"), context())["batchItemFailures"]
    overdue(aws, scored)
    assert sweep.handler({}, context()) == {"expired": 1}
    return job_id, secrets


def overdue(aws: Aws, job: Job) -> None:
    forgotten = Job("f" * 32, job.client, "dive.avi", "video/avi", 1, job.created_at, job.expires_at, deadline=1)
    aws.dynamodb.put_item(TableName=aws.table, Item=to_item(forgotten))


def test_no_log_holds_a_token_a_signature_or_a_key(aws: Aws, everything: Callable[[], str]) -> None:
    _, secrets = life(aws)
    written = everything()
    assert len(written.splitlines()) > 20
    assert [secret for secret in secrets if secret in written] == []
    assert FORBIDDEN.findall(written) == []


def test_what_is_logged_about_a_job_carries_its_id(aws: Aws, everything: Callable[[], str]) -> None:
    job_id, _ = life(aws)
    lines = [json.loads(line) for line in everything().splitlines() if line.startswith('{"level"')]
    about = {"answered", "admitted", "delivered"}
    assert about <= {line["message"] for line in lines}
    for line in lines:
        if line["message"] in about and line.get("status") not in (401, 403):
            assert line["correlation_id"] == job_id, line
    assert any(job_id in line.get("jobs", []) for line in lines if line["message"] == "told")
    assert any(job_id in line.get("jobs", []) for line in lines if line["message"] == "published")
