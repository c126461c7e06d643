"""The HTTP half of the client: create, read, share, amend, mark, cancel a job, play its video."""

import asyncio
import random
import uuid
from collections.abc import Mapping, Sequence
from types import TracebackType
from typing import Any, Self, TypeVar

import httpx
from pydantic import ValidationError

from divescore import __version__
from divescore.client.errors import ApiError, Unreachable
from divescore.client.loopback import on_this_machine
from divescore.client.models import Created, Health, Job, JobAnswer, PartsAnswer, Shared, VideoLink, Wire

Shape = TypeVar("Shape", bound=Wire)

ATTEMPTS = 3
LONGEST_RETRY_AFTER = 5.0
# The gateway in front of the API answers these itself, without the API's envelope.
CODES = {401: "UNAUTHORIZED", 403: "FORBIDDEN", 404: "NOT_FOUND", 413: "TOO_LARGE", 429: "RATE_LIMITED"}


class Http:
    """The HTTP API at `api` (no trailing slash). `reads` counts GETs of jobs, the only call that could be polled.

    Every call may raise ApiError, or Unreachable when nothing answers. Calls are safe to repeat (creating carries an
    idempotency key), so connection failures, 502 to 504 and short Retry-Afters are tried again up to three times.
    """

    def __init__(self, api: str, transport: httpx.AsyncBaseTransport | None = None) -> None:
        self.api = api.rstrip("/")
        self.reads = 0
        self.client = httpx.AsyncClient(
            transport=transport,
            trust_env=not on_this_machine(api),
            timeout=httpx.Timeout(20.0, connect=5.0),
            headers={"user-agent": f"divescore/{__version__}"},
        )

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.client.aclose()

    async def create(
        self,
        filename: str,
        content_type: str | None,
        size: int,
        dive: str | None = None,
        difficulty: float | None = None,
        key: str | None = None,
        height: float | None = None,
        reference: str | None = None,
    ) -> Created:
        """Create a job for a video of `size` bytes. The same `key` (default: a new one) gives the same job.

        `reference` comes with the message that tells the service's owner of the job's end (`DiveSettled`).
        """
        body: dict[str, Any] = {"filename": filename, "sizeBytes": size}
        told = {"contentType": content_type, "dive": dive, "height": height, "difficulty": difficulty}
        told["reference"] = reference
        body |= {name: value for name, value in told.items() if value is not None}
        headers = {"idempotency-key": key or uuid.uuid4().hex}
        return await self._call(Created, "POST", "/jobs", headers=headers, json=body)

    async def ask_for_parts(self, job_id: str, token: str, parts: Sequence[tuple[int, str]]) -> PartsAnswer:
        """Which parts of a large video are there, and addresses for others: each a number and a SHA-256 in base64.

        Tried once: whoever sends parts has a patience of its own.
        """
        body = {"parts": [{"number": number, "sha256": sha256} for number, sha256 in parts]}
        return await self._call(PartsAnswer, "POST", f"/jobs/{job_id}/parts", token=token, json=body, attempts=1)

    async def complete(self, job_id: str, token: str) -> Job:
        """All parts are there: have the video made of them. Tried once, like `ask_for_parts`; may be repeated."""
        return (await self._call(JobAnswer, "POST", f"/jobs/{job_id}/complete", token=token, attempts=1)).job

    async def get(self, job_id: str, token: str) -> JobAnswer:
        """Read a job, with a fresh connect ticket."""
        self.reads += 1
        return await self._call(JobAnswer, "GET", f"/jobs/{job_id}", token=token)

    async def video(self, job_id: str, token: str) -> VideoLink:
        """An address that plays the video for a while."""
        return await self._call(VideoLink, "GET", f"/jobs/{job_id}/video", token=token)

    async def share(self, job_id: str, token: str, expires_in: int | None = None, **more: Any) -> Shared:
        """A token that can only read, living `expires_in` seconds; `more` are further members of the request."""
        body = dict(more) if expires_in is None else {"expiresIn": expires_in, **more}
        return await self._call(Shared, "POST", f"/jobs/{job_id}/share", token=token, json=body)

    async def amend(self, job_id: str, token: str, **changes: str | float | None) -> Job:
        """Correct what was declared: `dive`, `height`, `difficulty`. None takes it back, what is not named stays."""
        return (await self._call(JobAnswer, "PATCH", f"/jobs/{job_id}", token=token, json=changes)).job

    async def mark(
        self,
        job_id: str,
        token: str,
        *,
        marks: Sequence[float] | None = None,
        execution: float | None = None,
        score: float | None = None,
        consent: bool = False,
    ) -> Job:
        """Tell what the judges gave, in one of three ways; refused without `consent` (docs/security.md)."""
        given = {"marks": None if marks is None else list(marks), "execution": execution, "score": score}
        body = {name: value for name, value in given.items() if value is not None} | {"consent": consent}
        return (await self._call(JobAnswer, "PUT", f"/jobs/{job_id}/marks", token=token, json=body)).job

    async def cancel(self, job_id: str, token: str) -> Job:
        """Cancel the job if it is still open, and erase its video in any case."""
        return (await self._call(JobAnswer, "DELETE", f"/jobs/{job_id}", token=token)).job

    async def health(self) -> Health:
        """What is running."""
        return await self._call(Health, "GET", "/health")

    async def _call(
        self,
        shape: type[Shape],
        method: str,
        path: str,
        token: str | None = None,
        headers: Mapping[str, str] | None = None,
        json: Any = None,
        attempts: int = ATTEMPTS,
    ) -> Shape:
        sent = dict(headers or {})
        if token is not None:
            sent["authorization"] = f"Bearer {token}"
        for attempt in range(1, attempts + 1):
            wait = random.uniform(0.1, 0.3) * 3 ** (attempt - 1)  # noqa: S311  # spreads retries, hides nothing
            try:
                answer = await self.client.request(method, self.api + path, headers=sent, json=json)
            except httpx.InvalidURL as error:
                raise Unreachable(f"{self.api} is not an address: {error}") from error
            except httpx.TransportError as error:
                if attempt == attempts or isinstance(error, httpx.UnsupportedProtocol):
                    raise Unreachable(f"Nothing answers at {self.api} ({error or type(error).__name__}).") from error
                await asyncio.sleep(wait)
                continue
            if answer.is_success:
                return parsed(shape, answer)
            refusal = api_error(answer)
            if attempt == attempts or not passing(refusal):
                raise refusal
            await asyncio.sleep(max(wait, refusal.retry_after or 0.0))
        raise AssertionError("unreachable: the last attempt returns or raises")


def passing(error: ApiError) -> bool:
    """Whether the same call, made again a moment later, may well succeed."""
    if error.status == 429:
        return error.retry_after is not None and error.retry_after <= LONGEST_RETRY_AFTER
    return error.status in (502, 503, 504)


def parsed(shape: type[Shape], answer: httpx.Response) -> Shape:
    """The answer's body as `shape`; raises ApiError when it is something else, say a captive portal's page."""
    try:
        return shape.model_validate_json(answer.content)
    except ValidationError as error:
        where = answer.request.url
        raise ApiError("UNEXPECTED_ANSWER", f"{where} did not answer like this API.", answer.status_code) from error


def api_error(answer: httpx.Response) -> ApiError:
    """The error that a failed answer tells, with or without the API's envelope."""
    status = answer.status_code
    code = CODES.get(status, "INTERNAL" if status == 500 else "UNAVAILABLE" if status > 500 else "INVALID_REQUEST")
    message = f"The service answered {status} {answer.reason_phrase}."
    try:
        body = answer.json()
    except ValueError:
        body = None
    if isinstance(body, dict):
        envelope = body.get("error")
        if isinstance(envelope, dict):
            code = str(envelope.get("code", code))
            message = str(envelope.get("message", message))
        elif isinstance(body.get("message"), str):
            message = body["message"]
    after = answer.headers.get("retry-after", "")
    return ApiError(code, message, status, float(after) if after.isdecimal() else None)
