import io
import json
import time
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any, cast

import pytest
from aws_lambda_powertools.utilities.typing import LambdaContext
from pydantic import ValidationError

from divescore.jobs.items import to_item
from divescore.tokens.tokens import HOLDER_SCOPES, KeyRing, Scope, Tokens
from functions.observability import logger, metrics
from functions.ws_connect import app
from tests.fakes.aws import KEY, Aws
from tests.unit.live.fakes import fault, make_job

PAGE = "https://page.test"
JOB = "a" * 32
TOKENS = Tokens(lambda _fresh: KeyRing("k1", {"k1": KEY}))
CONTEXT = cast(
    LambdaContext,
    SimpleNamespace(
        function_name="ws_connect", memory_limit_in_mb=512, invoked_function_arn="arn:aws:lambda:x", aws_request_id="r1"
    ),
)


@pytest.fixture(autouse=True)
def system(aws: Aws, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    for name, value in {
        "TABLE_NAME": aws.table,
        "TOKEN_SECRET": aws.secret,
        "ALLOWED_ORIGINS": f"{PAGE}/, https://other.test",
    }.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(metrics, "namespace", "Divescore")
    app.session.cache_clear()
    aws.dynamodb.put_item(TableName=aws.table, Item=to_item(make_job(JOB)))
    yield
    app.session.cache_clear()


def event(route: str, connection: str = "c1", **more: Any) -> dict[str, Any]:
    kinds = {"$connect": "CONNECT", "$disconnect": "DISCONNECT"}
    context = {
        "routeKey": route,
        "eventType": "MESSAGE" if "body" in more else kinds[route],
        "connectionId": connection,
        "requestId": "r1",
        "apiId": "abc",
        "stage": "live",
        "domainName": "abc.execute-api.eu-central-1.amazonaws.com",
        "requestTimeEpoch": 1,
        "identity": {"sourceIp": "203.0.113.7"},
    }
    return {"requestContext": context, "isBase64Encoded": False} | more


def connect(ticket: str | None, connection: str = "c1", **headers: str) -> dict[str, Any]:
    query = {"queryStringParameters": {"ticket": ticket}} if ticket is not None else {}
    answer: dict[str, Any] = app.handler(event("$connect", connection, headers=headers, **query), CONTEXT)
    return answer


def say(body: str | None, route: str = "$default", connection: str = "c1") -> Any:
    answer = app.handler(event(route, connection, body=body), CONTEXT)
    assert (set(answer), answer["statusCode"]) == ({"statusCode", "body"}, 200)
    return json.loads(answer["body"])


def keys(aws: Aws) -> set[str]:
    return {item["sk"]["S"] for item in aws.dynamodb.scan(TableName=aws.table)["Items"]}


def token() -> str:
    return TOKENS.issue(JOB, HOLDER_SCOPES, int(time.time()) + 60)


def test_from_connecting_to_leaving(aws: Aws) -> None:
    assert connect(TOKENS.ticket(JOB), Origin=PAGE) == {"statusCode": 200}
    answer = say(json.dumps({"action": "subscribe", "token": token()}), "subscribe")
    assert answer["job"]["jobId"] == JOB
    assert keys(aws) == {"JOB", "CONN", "SUB#c1"}
    assert say('{"action":"ping"}', "ping") == {"type": "pong"}
    gone = say(json.dumps({"action": "unsubscribe", "jobId": JOB}), "unsubscribe")
    assert gone == {"type": "unsubscribed", "jobId": JOB}
    say(json.dumps({"action": "subscribe", "token": token()}), "subscribe")
    assert app.handler(event("$disconnect"), CONTEXT) == {"statusCode": 200}
    assert keys(aws) == {"JOB"}


def test_the_door_stays_shut(aws: Aws) -> None:
    ticket = TOKENS.ticket(JOB)
    assert connect(None)["statusCode"] == 401
    assert connect("")["statusCode"] == 401
    assert connect(ticket[:-1])["statusCode"] == 401
    assert connect(token())["statusCode"] == 401, "a job's token is no ticket"
    assert connect(TOKENS.issue(JOB, [Scope.CONNECT], int(time.time()) - 1))["statusCode"] == 401
    assert connect(ticket, Origin="https://evil.test")["statusCode"] == 403
    assert keys(aws) == {"JOB"}
    assert connect(ticket, origin="https://other.test")["statusCode"] == 200
    assert connect(ticket, "c2")["statusCode"] == 200


def test_no_ticket_and_no_token_reaches_a_log(monkeypatch: pytest.MonkeyPatch) -> None:
    log = io.StringIO()
    monkeypatch.setattr(logger.registered_handler, "stream", log)
    ticket = TOKENS.ticket(JOB)
    connect(ticket)
    connect(ticket[:-1])
    say(json.dumps({"action": "subscribe", "token": token()}))
    printed = log.getvalue()
    assert "socket" in printed
    assert ticket[:40] not in printed
    assert token()[:40] not in printed


@pytest.mark.parametrize("body", [None, "", "hello", "{}", "[1]", '{"action":"subscribe"}', "x" * 9000])
def test_what_is_no_message_is_told_so(body: str | None) -> None:
    connect(TOKENS.ticket(JOB))
    answer = say(body)
    assert answer["type"] == "error"
    assert say('{"action":"ping"}') == {"type": "pong"}


@pytest.mark.parametrize("route", ["$connect", "$disconnect"])
def test_a_message_that_calls_itself_a_life_event_is_a_message(aws: Aws, route: str) -> None:
    connect(TOKENS.ticket(JOB))
    assert say(json.dumps({"action": route}), route)["code"] == "UNKNOWN_ACTION"
    assert "CONN" in keys(aws)


@pytest.mark.parametrize("code", ["ThrottlingException", "TransactionConflictException", "InternalServerError"])
def test_a_table_that_fails_is_told_as_unavailable(monkeypatch: pytest.MonkeyPatch, code: str) -> None:
    connect(TOKENS.ticket(JOB))

    def fail(*_: Any) -> None:
        raise fault(code, "UpdateItem")

    with monkeypatch.context() as broken:
        broken.setattr(app.session().subscriptions, "subscribe", fail)
        answer = say(json.dumps({"action": "subscribe", "token": token()}))
    assert (answer["type"], answer["code"]) == ("error", "UNAVAILABLE")
    assert say(json.dumps({"action": "subscribe", "token": token()}))["type"] == "job"


def test_a_key_store_that_fails_is_told_as_unavailable(aws: Aws) -> None:
    connect(TOKENS.ticket(JOB))
    app.session.cache_clear()
    aws.secretsmanager.delete_secret(SecretId=aws.secret, ForceDeleteWithoutRecovery=True)
    answer = say(json.dumps({"action": "subscribe", "token": token()}))
    assert answer["code"] == "UNAVAILABLE"


@pytest.mark.parametrize("name", ["TABLE_NAME", "TOKEN_SECRET", "ALLOWED_ORIGINS"])
def test_a_missing_setting_is_named(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.delenv(name)
    with pytest.raises(ValidationError, match=name.lower()):
        app.session()


def test_an_empty_allow_list_is_a_mistake(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ALLOWED_ORIGINS", " ")
    with pytest.raises(ValidationError, match="origin"):
        app.session()
