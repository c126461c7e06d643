"""HTTP's side of the API: how answers and problems look on the wire."""

import base64
import json
from collections.abc import Callable, Mapping
from typing import Any

from aws_lambda_powertools.event_handler import APIGatewayHttpResolver, Response
from aws_lambda_powertools.event_handler.exceptions import NotFoundError
from aws_lambda_powertools.event_handler.openapi.exceptions import RequestUnsupportedContentType, RequestValidationError
from botocore.exceptions import BotoCoreError, ClientError
from pydantic import BaseModel

from divescore.api.bodies import Problem, ProblemEnvelope
from divescore.api.errors import RequestRefused
from divescore.aws import out_of_reach
from divescore.declaration import DeclarationError
from divescore.jobs.errors import Contended, IdempotencyClash, JobNotFound, MarkedTooOften, QuotaExceeded
from divescore.tokens.tokens import TokenError, TokenForbidden
from divescore.views import View, to_json

JSON = "application/json"
Json = dict[str, Any]


def reply(status: int, view: View, headers: Mapping[str, str] | None = None) -> Response[Json]:
    """An answer: the view as JSON, absent fields left out, never cached."""
    return Response(status, JSON, to_json(view), headers={"Cache-Control": "no-store", **(headers or {})})


def problem(status: int, code: str, message: str, headers: Mapping[str, str] | None = None) -> Response[Json]:
    """An error: `{"error": {"code", "message"}}`."""
    return reply(status, ProblemEnvelope(error=Problem(code=code, message=message)), headers)


def answer(status: int, model: type[BaseModel]) -> dict[int, Any]:
    """The OpenAPI entry of a good answer."""
    return {status: {"description": model.__doc__, "content": {JSON: {"model": model}}}}


def problems(*statuses: int) -> dict[int, Any]:
    """The OpenAPI entries of the errors that a call may answer with."""
    return {status: entry for one in statuses for status, entry in answer(one, ProblemEnvelope).items()}


def bearer(headers: Mapping[str, str]) -> str | None:
    """The token of an `Authorization: Bearer …` header; None when there is none of that form."""
    kind, _, token = (headers.get("authorization") or "").partition(" ")
    return token.strip() or None if kind.lower() == "bearer" else None


def only_objects(event: Json) -> Json:
    """The event; a body that cannot be one of this API's is declared as plain text, which every route refuses.

    The framework reads forms too, takes a list's first item for the body, and fails at what it cannot decode. A body of
    no declared type is refused with them: any page may have a browser send one here without asking first, and would
    use up its visitor's quota.
    """
    headers = event.get("headers") or {}
    declared = str(headers.get("content-type") or ("" if event.get("body") else JSON)).strip().lower()
    if declared.startswith(JSON) and (event.get("body") is None or not _hopeless(event)):
        return event
    return event | {"headers": headers | {"content-type": "text/plain"}}


def _hopeless(event: Json) -> bool:
    try:
        text = base64.b64decode(event["body"]).decode() if event.get("isBase64Encoded") else event["body"]
        return isinstance(json.loads(text), list)
    except json.JSONDecodeError:
        return False  # the framework says where it is wrong
    except (ValueError, RecursionError):  # not base64, not UTF-8, or nested without end
        return True


def register_problems(app: APIGatewayHttpResolver) -> None:
    """Turn every exception that a route may raise into its answer; the context's `logger` hears of our faults."""

    def fault(error: Exception) -> Response[Json]:
        # The caller gets no details; the log has them.
        app.context["logger"].error("request failed", exc_info=error)
        return problem(500, "INTERNAL", "Something went wrong on our side; please try again.")

    def aws_fault(error: BotoCoreError | ClientError) -> Response[Json]:
        if not out_of_reach(error):
            return fault(error)
        app.context["logger"].error("AWS is out of reach", exc_info=error)
        return problem(503, "UNAVAILABLE", "The service cannot do this now; try again.", {"Retry-After": "1"})

    answers: dict[type[Exception], Callable[[Any], Response[Json]]] = {
        RequestValidationError: lambda error: problem(400, "INVALID_REQUEST", _sentence(error)),
        RequestUnsupportedContentType: lambda _: problem(
            400, "INVALID_REQUEST", "Send the body as application/json, an object in UTF-8."
        ),
        DeclarationError: lambda error: problem(400, error.code, error.message),
        RequestRefused: lambda error: problem(error.status, error.code, error.message),
        TokenForbidden: lambda error: problem(403, error.code, error.message),
        TokenError: lambda error: problem(401, error.code, error.message, {"WWW-Authenticate": "Bearer"}),
        JobNotFound: lambda error: problem(404, error.code, error.message),
        IdempotencyClash: lambda error: problem(409, error.code, error.message),
        MarkedTooOften: lambda error: problem(409, error.code, error.message),
        QuotaExceeded: lambda error: problem(429, error.code, error.message, {"Retry-After": str(error.retry_after)}),
        Contended: lambda error: problem(503, error.code, error.message, {"Retry-After": "1"}),
        NotFoundError: lambda _: problem(404, "NOT_FOUND", "There is nothing at this address."),
        BotoCoreError: aws_fault,
        ClientError: aws_fault,
        Exception: fault,
    }
    for kind, handle in answers.items():
        app.exception_handler(kind)(handle)


def _sentence(error: RequestValidationError) -> str:
    first = error.errors()[0]
    where = [str(part) for part in first.get("loc", ()) if part not in ("body", "query", "path", "header")]
    if first.get("type") == "json_invalid":
        return "The body is not JSON."
    return f"{'.'.join(where) or 'The body'}: {first.get('msg', 'not as it should be').removeprefix('Value error, ')}."
