"""No request makes the HTTP API fail: whatever comes is done or refused in the API's own words."""

import base64
import json
import time
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from divescore.jobs.items import to_item
from divescore.tokens.tokens import HOLDER_SCOPES, Scope, Tokens
from divescore.views import Status
from functions.presign import app
from tests.fakes.aws import Aws
from tests.fakes.jobs import job_in
from tests.fakes.lambdas import context, http_event

JOB = "a" * 32
ROUTES = [("POST", "/jobs"), ("GET", "/health")]
ROUTES += [("GET", "/jobs/{}"), ("GET", "/jobs/{}/video"), ("POST", "/jobs/{}/share"), ("DELETE", "/jobs/{}")]
ROUTES += [("PATCH", "/jobs/{}"), ("PUT", "/jobs/{}/marks")]
MEMBERS = ["filename", "contentType", "sizeBytes", "dive", "height", "difficulty", "expiresIn", "scopes", "body"]
MEMBERS += ["marks", "execution", "score", "consent"]
# Half surrogate pairs are what JSON can say and UTF-8 cannot.
TEXT = st.text(st.characters(exclude_categories=[]), max_size=30) | st.sampled_from(["\ud800", "video/mp4", "107B"])
# Python's numbers have no end; those of whatever they are turned into do.
NUMBERS = [0, 1, 1000, 60, 3.2, 10**30, 10**399, -(10**399), 2**53, 2**63, 1e308]
SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | TEXT | st.sampled_from(NUMBERS)
VALUES = st.recursive(SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3))
GOOD = {"filename": "dive.mp4", "contentType": "video/mp4", "sizeBytes": 1000}
OBJECTS = st.dictionaries(st.sampled_from(MEMBERS) | TEXT, VALUES, max_size=5)
BODIES = (
    OBJECTS.map(json.dumps)
    | OBJECTS.map(lambda change: json.dumps(GOOD | change))
    | VALUES.map(json.dumps)
    | TEXT
    | st.sampled_from(["", "[" * 100_000, '{"a":' * 100_000, f"[{json.dumps(GOOD)}]"])
)
KINDS = st.sampled_from(
    [
        *("application/json", "application/json; charset=utf-16", "multipart/form-data", "text/plain", ""),
        *("application/x-www-form-urlencoded", "multipart/form-data; boundary=x"),
    ]
)


@pytest.fixture
def tokens(aws: Aws, monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str | None]]:
    """Tokens of a scored job, and what is none."""
    for name, value in {
        "TABLE_NAME": aws.table,
        "UPLOADS_BUCKET": aws.bucket,
        "TOKEN_SECRET": aws.secret,
        "LIVE_URL": "wss://live.example/live",
        "SITE_URL": "https://site.example",
        "OPEN_JOBS_PER_CLIENT": "1000000",
        "JOBS_PER_DAY_PER_CLIENT": "1000000",
        "JOBS_PER_DAY": "1000000",
    }.items():
        monkeypatch.setenv(name, value)
    app.operations.cache_clear()
    aws.dynamodb.put_item(TableName=aws.table, Item=to_item(job_in(Status.SCORED, job_id=JOB)))
    issuer: Tokens = app.operations().tokens
    soon = int(time.time()) + 3600
    yield [
        None,
        "nonsense",
        issuer.issue(JOB, HOLDER_SCOPES, soon),
        issuer.issue(JOB, [Scope.READ], soon),
        issuer.issue(JOB, HOLDER_SCOPES, soon - 7200),
        issuer.issue("no such job", HOLDER_SCOPES, soon),
        issuer.ticket(JOB),
    ]
    app.operations.cache_clear()


@settings(max_examples=300, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(data=st.data())
def test_every_request_is_answered_by_the_contract(tokens: list[str | None], data: st.DataObject) -> None:
    method, path = data.draw(st.sampled_from(ROUTES))
    token = data.draw(st.sampled_from(tokens))
    headers: dict[str, Any] = {"content-type": data.draw(KINDS)}
    headers |= {} if token is None else {"authorization": f"Bearer {token}"}
    key = data.draw(st.none() | TEXT)
    headers |= {} if key is None else {"idempotency-key": key}
    event = http_event(method, path.format(data.draw(st.just(JOB) | TEXT)), data.draw(st.none() | BODIES), headers)
    if event.get("body") is not None and data.draw(st.booleans()):
        raw = event["body"].encode("utf-8", "surrogatepass") + data.draw(st.sampled_from([b"", b"\xff"]))
        event |= {"body": base64.b64encode(raw).decode(), "isBase64Encoded": True}
    answer = app.handler(event, context())
    assert answer["statusCode"] < 500, answer
    body = json.loads(answer["body"])
    if answer["statusCode"] >= 400:
        assert set(body) == {"error"}
        assert set(body["error"]) == {"code", "message"}
        assert body["error"]["message"].endswith(".")


@pytest.mark.parametrize("kind", ["multipart/form-data", "application/x-www-form-urlencoded"])
def test_a_form_is_no_body(tokens: list[str | None], kind: str) -> None:
    event = http_event("POST", f"/jobs/{JOB}/share", "expiresIn=60", {"authorization": f"Bearer {tokens[2]}"})
    event["headers"]["content-type"] = kind
    assert app.handler(event, context())["statusCode"] == 400


@pytest.mark.parametrize("body", [[None, None], [GOOD], [{}]])
def test_a_list_is_not_taken_for_its_first_item(tokens: list[str | None], body: list[Any]) -> None:
    bearer = {"authorization": f"Bearer {tokens[2]}"}
    for path in ("/jobs", f"/jobs/{JOB}/share"):
        assert app.handler(http_event("POST", path, json.dumps(body), bearer), context())["statusCode"] == 400
