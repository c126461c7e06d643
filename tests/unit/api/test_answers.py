"""How answers and problems look on the wire."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from aws_lambda_powertools import Logger
from aws_lambda_powertools.event_handler import APIGatewayHttpResolver, Response
from botocore.exceptions import (
    ClientError,
    ConnectTimeoutError,
    EndpointConnectionError,
    NoCredentialsError,
    ReadTimeoutError,
)

from divescore.api.answers import answer, bearer, problem, problems, register_problems, reply
from divescore.api.bodies import CreateJob, Health
from divescore.api.errors import FileTooLarge, VideoNotThere
from divescore.jobs.errors import Contended, IdempotencyClash, JobNotFound, QuotaExceeded
from divescore.tokens.tokens import TokenExpired, TokenForbidden, TokenInvalid
from tests.fakes.lambdas import context, http_event


def ask(route: Callable[..., Any], event: dict[str, Any] | None = None) -> dict[str, Any]:
    app = APIGatewayHttpResolver(enable_validation=True)
    register_problems(app)
    app.context.update(logger=Logger(service="test"))
    app.post("/jobs")(route)
    return app.resolve(event or http_event("POST", "/jobs"), context())


def refusal(code: str, status: int) -> ClientError:
    """AWS's own answer."""
    error = {"Error": {"Code": code, "Message": "secret"}, "ResponseMetadata": {"HTTPStatusCode": status}}
    return ClientError(error, "PutItem")  # type: ignore[arg-type]  # what else it has does not matter


@pytest.mark.parametrize(
    ("error", "status", "code"),
    [
        (FileTooLarge("Too large."), 413, "TOO_LARGE"),
        (VideoNotThere("Not there."), 409, "CONFLICT"),
        (TokenInvalid("No."), 401, "UNAUTHORIZED"),
        (TokenExpired("Over."), 401, "TOKEN_EXPIRED"),
        (TokenForbidden("Not this."), 403, "FORBIDDEN"),
        (JobNotFound("j"), 404, "JOB_NOT_FOUND"),
        (IdempotencyClash(), 409, "CONFLICT"),
        (QuotaExceeded("Enough.", 77), 429, "RATE_LIMITED"),
        (Contended("j"), 503, "UNAVAILABLE"),
        (ReadTimeoutError(endpoint_url="https://secret"), 503, "UNAVAILABLE"),
        (ConnectTimeoutError(endpoint_url="https://secret"), 503, "UNAVAILABLE"),
        (EndpointConnectionError(endpoint_url="https://secret"), 503, "UNAVAILABLE"),
        (refusal("ThrottlingException", 400), 503, "UNAVAILABLE"),
        (refusal("SlowDown", 503), 503, "UNAVAILABLE"),
        (refusal("InternalServerError", 500), 503, "UNAVAILABLE"),
        (refusal("AccessDeniedException", 400), 500, "INTERNAL"),
        (NoCredentialsError(), 500, "INTERNAL"),
        (RuntimeError("secret detail"), 500, "INTERNAL"),
    ],
)
def test_every_error_has_its_answer(error: Exception, status: int, code: str) -> None:
    def route() -> None:
        raise error

    told = ask(route)
    assert told["statusCode"] == status
    body = json.loads(told["body"])
    assert set(body) == {"error"}
    assert body["error"]["code"] == code
    assert body["error"]["message"].endswith(".")
    assert "secret" not in told["body"]
    headers = {name.lower(): value for name, value in told["headers"].items()}
    assert headers["content-type"] == "application/json"
    assert headers["cache-control"] == "no-store"
    assert headers.get("retry-after") == {429: "77", 503: "1"}.get(status)
    assert ("www-authenticate" in headers) == (status == 401)


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ("{", "not JSON"),
        ({"filename": "a", "contentType": "video/mp4"}, "sizeBytes: "),
        ({"filename": "a", "contentType": "video/mp4", "sizeBytes": 1, "dive": "x"}, "dive: "),
        ({"filename": "a", "contentType": "video/mp4", "sizeBytes": 1, "more": 1}, "more: "),
        ("[]", "The body: "),
    ],
)
def test_a_bad_body_is_told_by_its_first_fault(body: Any, words: str) -> None:
    def route(body: CreateJob) -> None:
        raise AssertionError("not to be called")

    told = ask(route, http_event("POST", "/jobs", body))
    assert told["statusCode"] == 400
    error = json.loads(told["body"])["error"]
    assert error["code"] == "INVALID_REQUEST"
    assert words in error["message"]


def test_a_body_of_another_type_is_told() -> None:
    def route(body: CreateJob) -> None:
        raise AssertionError("not to be called")

    told = ask(route, http_event("POST", "/jobs", "filename=a", headers={"content-type": "text/csv"}))
    assert told["statusCode"] == 400
    assert json.loads(told["body"])["error"]["code"] == "INVALID_REQUEST"


def test_an_unknown_address_is_told() -> None:
    told = ask(lambda: None, http_event("GET", "/nowhere"))
    assert told["statusCode"] == 404
    assert json.loads(told["body"])["error"]["code"] == "NOT_FOUND"


def test_absent_fields_are_left_out_and_headers_added() -> None:
    told: Response[Any] = reply(200, Health(version="1"), {"X-More": "1"})
    assert told.body == {"version": "1"}
    assert told.headers == {"Cache-Control": "no-store", "Content-Type": "application/json", "X-More": "1"}
    assert problem(404, "C", "M.").body == {"error": {"code": "C", "message": "M."}}


@pytest.mark.parametrize(
    ("header", "token"),
    [
        ("Bearer abc", "abc"),
        ("bearer abc", "abc"),
        ("Bearer  abc ", "abc"),
        ("Bearer ", None),
        ("Basic abc", None),
        ("abc", None),
        ("", None),
        (None, None),
    ],
)
def test_a_bearer_token_is_taken_from_its_header(header: str | None, token: str | None) -> None:
    assert bearer({} if header is None else {"authorization": header}) == token


def test_answers_are_documented() -> None:
    documented = answer(201, Health) | problems(404, 429)
    assert list(documented) == [201, 404, 429]
    assert documented[201]["content"] == {"application/json": {"model": Health}}
    assert documented[404] == documented[429]
