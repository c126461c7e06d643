"""Who may reach the engine: an application in front of the engine's own, which lets in whoever reaches its port.

The engine takes any request whose key has the form of a root key, answers every origin and every host name, and may be
reset by anybody. In front of it, therefore:

- the `Host` is one of ours, so that no foreign name is bound to our address (DNS rebinding);
- a request with an `Origin` passes only if that is the page's own or the template's own CORS grants it;
- every request is signed with a key of this run, and its signature is right, except for what `entrance` names;
- no answer allows every origin.
"""

import json
import re
from collections.abc import Awaitable, Callable, Coroutine, MutableMapping
from enum import Enum
from typing import Any
from urllib.parse import parse_qs, quote
from xml.sax.saxutils import escape

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Application = Callable[[Scope, Receive, Send], Coroutine[Any, Any, None]]

SignatureCheck = Callable[[str, str, dict[str, list[str]], dict[str, str], bytes], str | None]
"""(method, raw path, query, headers, body) → what is wrong with a request's signature, None when it is right."""

LARGEST_SIGNED_BODY = 64 * 1024 * 1024
"""Bytes of a body that is held to check its signature; S3's uploads carry a hash instead, and are not held."""
_API = re.compile(r"/_aws/execute-api/\w+/[\w$-]+(?!/@connections)(?:/|$)")
_BUCKET = re.compile(r"/[a-z0-9][a-z0-9.-]*")
_PAGE = re.compile(r"[a-z0-9]+\.cloudfront\.localhost")


class Entrance(Enum):
    """What is served without a signature."""

    HEALTH = "whether the engine answers"
    PAGE = "the page, by its distribution's host name"
    API = "the HTTP API and the WebSocket API, whose functions look at tokens and tickets"
    FORM = "a presigned form, whose policy the engine checks"
    PREFLIGHT = "a browser's question, which the template's CORS answers"


class RequestRefused(Exception):
    """A request that goes no further; the message is for whoever sent it."""


def entrance(scope: Scope, port: int) -> Entrance | None:
    """The entrance that a request takes, None where it has to be signed. Raises RequestRefused for a foreign host."""
    name, _, its_port = _header(scope, b"host").lower().partition(":")
    if its_port != str(port) or not (name in ("127.0.0.1", "localhost") or _PAGE.fullmatch(name)):
        raise RequestRefused("This host name is not one of the local system's.")
    path, method = scope["path"], scope.get("method", "GET")
    if _PAGE.fullmatch(name):
        if scope["type"] == "http" and method in ("GET", "HEAD"):
            return Entrance.PAGE
        raise RequestRefused("The page is only read.")
    if _API.match(path):
        return Entrance.API
    if scope["type"] == "http" and (method, path) == ("GET", "/_ministack/health"):
        return Entrance.HEALTH
    if scope["type"] == "websocket" or (path.startswith("/_") and not path.startswith("/_aws/execute-api/")):
        raise RequestRefused("The engine's own addresses are closed.")
    if method == "OPTIONS":
        return Entrance.PREFLIGHT
    return Entrance.FORM if method == "POST" and _is_form(scope) else None


def _is_form(scope: Scope) -> bool:
    """Whether a request is a form for a bucket; with a query or a target another service than S3 might take it."""
    plain = not scope.get("query_string") and not _header(scope, b"x-amz-target")
    multipart = _header(scope, b"content-type").startswith("multipart/form-data;")
    return plain and multipart and _BUCKET.fullmatch(scope["path"]) is not None


def guarded(app: Application, port: int, problem_of: SignatureCheck) -> Application:
    """The engine's `app` on `port`, behind the rules above."""

    async def guard(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await app(scope, receive, send)
            return
        try:
            found = entrance(scope, port)
            await _check_origin(app, scope)
            if found is None:
                receive = await _check_signature(scope, receive, problem_of)
        except RequestRefused as refusal:
            await _refuse(scope, receive, send, str(refusal))
            return
        await app(scope, receive, _without_wildcards(send))

    return guard


def signature_problem(
    method: str, raw_path: str, query: dict[str, list[str]], headers: dict[str, str], body: bytes
) -> str | None:
    """What is wrong with a request's AWS signature (version 4, in the header or, for S3, in the query)."""
    from ministack.core import sigv4
    from ministack.core.iam_evaluator import CredentialResolutionError, find_iam_access_key_account, resolve_credential
    from ministack.core.responses import _account_from_sts_session, get_account_id

    in_header = "authorization" in headers
    found = sigv4.parse_header_signature(headers) if in_header else sigv4.parse_query_signature(query)
    if isinstance(found, tuple) or (in_header and not headers["authorization"].startswith("AWS4-HMAC-SHA256 ")):
        return "The request is not signed."
    if in_header:
        if late := sigv4.request_time_failure(found):
            return str(late[1])
        token = headers.get("x-amz-security-token", "")
    else:
        if found.service != "s3" or query.get("X-Amz-Algorithm") != ["AWS4-HMAC-SHA256"]:
            return "Only addresses of S3 are signed in the query."
        try:
            if sigv4.presigned_request_is_expired(found.amz_date, query["X-Amz-Expires"][0]):
                return "The address has expired."
        except (KeyError, ValueError):
            return "The address does not say until when it is good."
        token = query.get("X-Amz-Security-Token", [""])[0]
    key = found.access_key_id
    account = _account_from_sts_session(key) or find_iam_access_key_account(key) or get_account_id()
    credential = resolve_credential(key, account, token)
    if isinstance(credential, CredentialResolutionError) or not key:
        return "The key is not one of this system's."
    wrong = sigv4.header_signature_failure(
        found, credential.secret_access_key, method, raw_path, query, headers, body, presigned=not in_header
    )
    return str(wrong[1]) if wrong else None


def only_root(key_id: str) -> Callable[[str], bool]:
    """The engine's `is_root_access_key`, for the one root key of this run; "" is the engine's own calls."""
    return lambda candidate: candidate in ("", key_id)


async def _check_signature(scope: Scope, receive: Receive, problem_of: SignatureCheck) -> Receive:
    headers: dict[str, str] = {}
    for raw_name, value in scope["headers"]:
        name, text = raw_name.decode("latin-1").lower(), value.decode("utf-8", "replace")
        headers[name] = f"{headers[name]},{text}" if name in headers else text
    query = parse_qs(scope.get("query_string", b"").decode("utf-8", "replace"), keep_blank_values=True)
    body = b""
    # What a presigned address or a hash in the header stands for is S3's to compare, as it comes in.
    hashed = headers.get("x-amz-content-sha256", "" if "authorization" in headers else "presigned")
    if not hashed or hashed.startswith("STREAMING-AWS4"):
        body, receive = await _held(receive)
    raw_path = (scope.get("raw_path") or quote(scope["path"]).encode()).decode("latin-1")
    if problem := problem_of(scope["method"], raw_path, query, headers, body):
        raise RequestRefused(problem)
    return receive


async def _held(receive: Receive) -> tuple[bytes, Receive]:
    """A request's whole body, and a `receive` that gives it once more."""
    parts: list[bytes] = []
    size, more = 0, True
    while more:
        message = await receive()
        if message["type"] != "http.request":
            raise RequestRefused("The request was not sent to its end.")
        parts.append(message.get("body", b""))
        size += len(parts[-1])
        if size > LARGEST_SIGNED_BODY:
            raise RequestRefused("The request is too large.")
        more = message.get("more_body", False)
    body = b"".join(parts)
    waiting: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

    async def again() -> Message:
        return waiting.pop() if waiting else await receive()

    return body, again


async def _check_origin(app: Application, scope: Scope) -> None:
    """Let a page of another origin in only where the answer to a preflight of it would."""
    origin = _header(scope, b"origin")
    own = origin == f"http://{_header(scope, b'host')}"
    if not origin or own or scope["type"] == "websocket" or scope["method"] == "OPTIONS":
        return  # the function behind `$connect` looks at the origin of sockets
    headers = [
        (b"host", _header(scope, b"host").encode()),
        (b"origin", origin.encode()),
        (b"access-control-request-method", scope["method"].encode()),
    ]
    question = {**scope, "method": "OPTIONS", "headers": headers}
    granted: list[str] = []

    async def nothing() -> Message:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def look(message: Message) -> None:
        if message["type"] == "http.response.start":
            granted.extend(
                value.decode("latin-1")
                for name, value in message["headers"]
                if name.lower() == b"access-control-allow-origin"
            )

    await app(question, nothing, look)
    if granted != [origin]:
        raise RequestRefused("Pages of this origin have no business here.")


def _without_wildcards(send: Send) -> Send:
    async def sent(message: Message) -> None:
        headers = message.get("headers") or []
        if any(name.lower() == b"access-control-allow-origin" and value == b"*" for name, value in headers):
            kept = [(name, value) for name, value in headers if not name.lower().startswith(b"access-control-")]
            message = {**message, "headers": kept}
        await send(message)

    return sent


async def _refuse(scope: Scope, receive: Receive, send: Send, sentence: str) -> None:
    if scope["type"] == "websocket":
        await receive()
        await send({"type": "websocket.close", "code": 1008})
        return
    # In the way of writing that the service's clients read.
    if _header(scope, b"x-amz-target") or scope["path"].startswith(("/_", "/20")):
        kind, text = "application/json", json.dumps({"__type": "AccessDenied", "message": sentence})
    else:
        error = f"<Code>AccessDenied</Code><Message>{escape(sentence)}</Message>"
        kind, text = "application/xml", f"<ErrorResponse><Error>{error}</Error></ErrorResponse>"
    length = str(len(text.encode())).encode()
    headers = [(b"content-type", kind.encode()), (b"content-length", length), (b"connection", b"close")]
    await send({"type": "http.response.start", "status": 403, "headers": headers})
    await send({"type": "http.response.body", "body": text.encode(), "more_body": False})


def _header(scope: Scope, name: bytes) -> str:
    for found, value in scope["headers"]:
        if found.lower() == name:
            return bytes(value).decode("latin-1")
    return ""
