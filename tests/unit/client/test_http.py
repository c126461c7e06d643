"""The HTTP calls: what is sent, what comes back, which failures are tried again."""

import asyncio
import json
from collections.abc import Awaitable, Callable

import httpx
import pytest

from divescore.client.errors import ApiError, Unreachable
from divescore.client.http import Http

API = "https://api.test/base"
JOB = {"jobId": "a1", "status": "QUEUED", "version": 2}
Handler = Callable[[httpx.Request], httpx.Response]


def run(handler: Handler, call: Callable[[Http], Awaitable[object]]) -> object:
    async def inside() -> object:
        async with Http(API + "/", httpx.MockTransport(handler)) as http:
            return await call(http)

    return asyncio.run(inside())


def failure(handler: Handler, call: Callable[[Http], Awaitable[object]]) -> ApiError:
    with pytest.raises(ApiError) as raised:
        run(handler, call)
    return raised.value


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Waits between attempts are recorded, not waited."""
    waits: list[float] = []

    async def sleep(seconds: float) -> None:
        waits.append(seconds)

    monkeypatch.setattr("divescore.client.http.asyncio.sleep", sleep)
    return waits


def test_create_sends_the_declaration_and_the_same_key_at_every_attempt() -> None:
    seen: list[httpx.Request] = []

    def handler(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        if len(seen) < 3:
            return httpx.Response(503)
        form = {
            "url": "https://s3.test",
            "fields": {"key": "uploads/a1/video"},
            "expiresAt": "2026-11-23T07:00:00.000Z",
        }
        body = {"jobId": "a1", "token": "t", "upload": form, "live": {"url": "wss://live"}, "job": JOB}
        return httpx.Response(201, json=body)

    declared = {"dive": "107B", "height": 7.5, "difficulty": 3.0, "reference": "order 7"}
    made = run(handler, lambda http: http.create("x.mp4", "video/mp4", 7, **declared))  # type: ignore[arg-type]
    assert made.token == "t"  # type: ignore[attr-defined]
    assert {request.headers["idempotency-key"] for request in seen} == {seen[0].headers["idempotency-key"]}
    assert (seen[0].method, str(seen[0].url)) == ("POST", API + "/jobs")
    assert json.loads(seen[0].content) == {
        "filename": "x.mp4",
        "contentType": "video/mp4",
        "sizeBytes": 7,
        **declared,
    }


def test_get_bears_the_token_and_is_counted() -> None:
    def handler(request: httpx.Request) -> httpx.Response:
        assert request.headers["authorization"] == "Bearer secret"
        return httpx.Response(200, json={"job": JOB, "live": {"url": "wss://live"}})

    async def call(http: Http) -> tuple[str, int]:
        answer = await http.get("a1", "secret")
        return answer.job.status, http.reads

    assert run(handler, call) == ("QUEUED", 1)


@pytest.mark.parametrize(
    ("call", "method", "path", "body"),
    [
        (lambda http: http.cancel("a1", "t"), "DELETE", "/base/jobs/a1", {"job": JOB}),
        (lambda http: http.share("a1", "t", 60), "POST", "/base/jobs/a1/share", {"token": "s", "url": "https://x"}),
        (lambda http: http.video("a1", "t"), "GET", "/base/jobs/a1/video", {"url": "https://x", "expiresAt": "z"}),
        (lambda http: http.health(), "GET", "/base/health", {"version": "0.1.0", "model": None}),
    ],
)
def test_the_other_calls(
    call: Callable[[Http], Awaitable[object]], method: str, path: str, body: dict[str, object]
) -> None:
    def handler(request: httpx.Request) -> httpx.Response:
        assert (request.method, request.url.path) == (method, path)
        return httpx.Response(200, json=body)

    assert run(handler, call) is not None


@pytest.mark.parametrize(
    ("call", "method", "path", "sent"),
    [
        (
            lambda http: http.amend("a1", "t", dive="107B", height=None),
            "PATCH",
            "/base/jobs/a1",
            {"dive": "107B", "height": None},
        ),
        (lambda http: http.amend("a1", "t"), "PATCH", "/base/jobs/a1", {}),
        (
            lambda http: http.mark("a1", "t", marks=(8.5, 8.0), consent=True),
            "PUT",
            "/base/jobs/a1/marks",
            {"marks": [8.5, 8.0], "consent": True},
        ),
        (
            lambda http: http.mark("a1", "t", execution=0.0, consent=True),
            "PUT",
            "/base/jobs/a1/marks",
            {"execution": 0.0, "consent": True},
        ),
        (
            lambda http: http.mark("a1", "t", score=84.15),
            "PUT",
            "/base/jobs/a1/marks",
            {"score": 84.15, "consent": False},
        ),
    ],
)
def test_what_is_changed_is_sent_as_it_was_named(
    call: Callable[[Http], Awaitable[object]], method: str, path: str, sent: dict[str, object]
) -> None:
    def handler(request: httpx.Request) -> httpx.Response:
        assert (request.method, request.url.path) == (method, path)
        assert request.headers["authorization"] == "Bearer t"
        assert json.loads(request.content) == sent
        return httpx.Response(200, json={"job": JOB})

    assert run(handler, call).version == 2  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("status", "code"),
    [(400, "INVALID_REQUEST"), (401, "TOKEN_EXPIRED"), (403, "FORBIDDEN"), (404, "JOB_NOT_FOUND"), (415, "X")],
)
def test_the_envelope_is_told_as_it_is_and_not_tried_again(status: int, code: str, impatient: list[float]) -> None:
    error = failure(
        lambda request: httpx.Response(status, json={"error": {"code": code, "message": "A sentence."}}),
        lambda http: http.get("a1", "t"),
    )
    assert (error.code, error.message, error.status, impatient) == (code, "A sentence.", status, [])


@pytest.mark.parametrize(
    ("status", "code"), [(401, "UNAUTHORIZED"), (404, "NOT_FOUND"), (429, "RATE_LIMITED"), (500, "INTERNAL")]
)
def test_an_error_of_the_gateway_itself_gets_a_code(status: int, code: str) -> None:
    error = failure(lambda request: httpx.Response(status, json={"message": "No"}), lambda http: http.health())
    assert (error.code, error.message) == (code, "No")


def test_a_page_where_the_api_should_be_is_an_error() -> None:
    error = failure(lambda request: httpx.Response(200, html="<p>Log in</p>"), lambda http: http.health())
    assert error.code == "UNEXPECTED_ANSWER"


@pytest.mark.parametrize(("after", "attempts"), [("2", 3), ("60", 1), ("soon", 1)])
def test_a_short_retry_after_is_waited_for_and_a_long_one_told(
    after: str, attempts: int, impatient: list[float]
) -> None:
    seen: list[httpx.Request] = []

    def handler(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        return httpx.Response(429, headers={"retry-after": after}, json={"error": {"code": "RATE_LIMITED"}})

    error = failure(handler, lambda http: http.health())
    assert error.retry_after == (float(after) if after.isdecimal() else None)
    assert len(seen) == attempts
    assert all(wait >= 2 for wait in impatient)


def test_nothing_listening_is_unreachable_after_three_attempts(impatient: list[float]) -> None:
    def handler(request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("refused")

    with pytest.raises(Unreachable, match=r"api\.test"):
        run(handler, lambda http: http.health())
    assert len(impatient) == 2


def test_an_address_that_is_none_is_unreachable() -> None:
    async def inside() -> None:
        async with Http("127.0.0.1:4566") as http:
            await http.health()

    with pytest.raises(Unreachable):
        asyncio.run(inside())
