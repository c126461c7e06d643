"""The guard in front of the engine, asked as an ASGI server asks it."""

import asyncio
from typing import Any

import pytest

from divescore.stack.local.access import (
    Entrance,
    Message,
    Receive,
    RequestRefused,
    Scope,
    Send,
    entrance,
    guarded,
    only_root,
)

PORT = 4566
HERE = f"127.0.0.1:{PORT}"
PAGE = f"http://d123.cloudfront.localhost:{PORT}"
FORM = {"content-type": "multipart/form-data; boundary=x"}


def request(method: str, path: str, query: str = "", kind: str = "http", **headers: str) -> Scope:
    given = {"host": HERE} | {name.replace("_", "-"): value for name, value in headers.items()}
    return {
        "type": kind,
        "method": method,
        "path": path,
        "query_string": query.encode(),
        "headers": [(name.encode(), value.encode()) for name, value in given.items()],
    }


class Engine:
    """Answers every request, with every origin allowed; preflights of the API and the bucket name the page's."""

    def __init__(self) -> None:
        self.served: list[tuple[str, bytes]] = []

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        origins = dict(scope["headers"]).get(b"origin", b"*")
        if (
            scope["method"] == "OPTIONS"
            and (origins == PAGE.encode())
            and scope["path"].startswith(("/_aws", "/videos"))
        ):
            allowed = origins
        else:
            allowed = b"*"
        if scope["method"] != "OPTIONS":
            self.served.append((scope["path"], (await receive()).get("body", b"")))
        headers = [(b"Access-Control-Allow-Origin", allowed), (b"access-control-allow-headers", b"*"), (b"etag", b"1")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": b"served"})


def ask(scope: Scope, body: bytes = b"", problem: str | None = "not signed") -> tuple[int, dict[bytes, bytes], Engine]:
    """Status, headers, and the engine behind the guard; `problem` is what the signature's check says."""
    engine, sent = Engine(), list[Message]()
    checked: list[tuple[Any, ...]] = []

    def check(*arguments: Any) -> str | None:
        checked.append(arguments)
        return problem

    async def receive() -> Message:
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(message: Message) -> None:
        sent.append(message)

    asyncio.run(guarded(engine, PORT, check)(scope, receive, send))
    return sent[0].get("status", 0), dict(sent[0].get("headers", [])), engine


@pytest.mark.parametrize(
    "host",
    ["evil.example:4566", "evil.example", "127.0.0.1", "127.0.0.1:80", "localhost:4567", "127.0.0.1.evil:4566", ""],
)
def test_a_host_that_is_not_ours_is_refused(host: str) -> None:
    status, _, engine = ask(request("GET", "/_ministack/health", host=host))
    assert (status, engine.served) == (403, [])


def test_what_is_served_without_a_signature_is_a_list() -> None:
    api = "/_aws/execute-api/abc123/$default/jobs"
    assert entrance(request("POST", api), PORT) is Entrance.API
    assert entrance(request("GET", "/_aws/execute-api/abc/live", kind="websocket"), PORT) is Entrance.API
    assert entrance(request("GET", "/assets/x.js", host=PAGE.removeprefix("http://")), PORT) is Entrance.PAGE
    assert entrance(request("GET", "/_ministack/health"), PORT) is Entrance.HEALTH
    assert entrance(request("OPTIONS", "/videos"), PORT) is Entrance.PREFLIGHT
    assert entrance(request("POST", "/videos", **FORM), PORT) is Entrance.FORM


@pytest.mark.parametrize(
    "scope",
    [
        request("GET", "/"),
        request("POST", "/", **FORM),
        request("POST", "/videos"),
        request("POST", "/videos", "Action=ListUsers", **FORM),
        request("POST", "/videos", **FORM, x_amz_target="secretsmanager.ListSecrets"),
        request("PUT", "/videos/key", **FORM),
        request("POST", "/videos/key", **FORM),
        request("POST", "/2015-03-31/functions/worker/invocations"),
        request("POST", "/_aws/execute-api/abc/live/@connections/123"),
    ],
)
def test_everything_else_has_to_be_signed(scope: Scope) -> None:
    assert entrance(scope, PORT) is None
    status, _, engine = ask(scope)
    assert (status, engine.served) == (403, [])


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/_ministack/reset"),
        ("POST", "/_ministack/config"),
        ("POST", "/_ministack/health"),
        ("GET", "/_localstack/health"),
        ("GET", "/_aws/sqs/messages"),
        ("GET", "/_aws/lambda-code/x"),
    ],
)
def test_the_engines_own_addresses_are_closed_even_to_a_signature(method: str, path: str) -> None:
    status, _, engine = ask(request(method, path), problem=None)
    assert (status, engine.served) == (403, [])


def test_a_socket_goes_to_an_api_or_nowhere() -> None:
    with pytest.raises(RequestRefused):
        entrance(request("GET", "/mqtt", kind="websocket"), PORT)


def test_the_page_is_only_read() -> None:
    with pytest.raises(RequestRefused):
        entrance(request("POST", "/videos", host=PAGE.removeprefix("http://"), **FORM), PORT)


def test_a_signed_request_reaches_the_engine_with_its_body() -> None:
    status, _, engine = ask(request("POST", "/", authorization="AWS4-HMAC-SHA256 Credential=x"), b"{}", None)
    assert (status, engine.served) == (200, [("/", b"{}")])


def test_no_answer_allows_every_origin() -> None:
    for scope in (
        request("GET", "/_ministack/health"),
        request("OPTIONS", "/2015-03-31/functions", origin="http://evil"),
    ):
        status, headers, _ = ask(scope)
        assert status == 200
        assert not [name for name in headers if name.lower().startswith(b"access-control-")]


@pytest.mark.parametrize("origin", ["http://evil.example", "null", f"http://127.0.0.1:{PORT + 1}", PAGE + ".evil"])
def test_pages_of_other_origins_are_refused(origin: str) -> None:
    for scope in (
        request("GET", "/_ministack/health", origin=origin),
        request("POST", "/_aws/execute-api/abc/$default/jobs", origin=origin),
        request("POST", "/videos", origin=origin, **FORM),
        request("GET", "/videos/key", "X-Amz-Signature=1", origin=origin),
    ):
        status, _, engine = ask(scope, problem=None)
        assert (status, engine.served) == (403, [])


def test_the_page_may_do_what_the_templates_cors_allows() -> None:
    for scope in (
        request("POST", "/_aws/execute-api/abc/$default/jobs", origin=PAGE),
        request("POST", "/videos", origin=PAGE, **FORM),
        request("GET", "/index.html", origin=PAGE, host=PAGE.removeprefix("http://")),
    ):
        status, _, engine = ask(scope)
        assert (status, len(engine.served)) == (200, 1)


def test_the_page_may_not_call_what_has_no_cors() -> None:
    status, _, engine = ask(request("POST", "/2015-03-31/functions", origin=PAGE), problem=None)
    assert (status, engine.served) == (403, [])


def test_one_key_is_roots() -> None:
    is_root = only_root("LOCAL0123")
    assert is_root("LOCAL0123")
    assert not any(is_root(key) for key in ("test", "000000000000", "LOCAL0124", "AKIAIOSFODNN7EXAMPLE"))
