"""The shapes of messages on the socket, in and out. Pure."""

import json
from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from divescore.jobs.model import Job
from divescore.jobs.view import job_view
from divescore.views import JobView, View, to_json

MAX_MESSAGE_BYTES = 8 * 1024  # a token has a few hundred; API Gateway itself takes 128 KB
MAX_PUSH_BYTES = 32 * 1024 - 1  # under one frame of API Gateway
MAX_SENTENCE = 1000  # characters of an error's sentence, should a message be too large even without its result


class ErrorCode(StrEnum):
    """Why the service did not do what a message asked."""

    INVALID_MESSAGE = "INVALID_MESSAGE"
    UNKNOWN_ACTION = "UNKNOWN_ACTION"
    TOO_LARGE = "TOO_LARGE"
    UNAUTHORIZED = "UNAUTHORIZED"
    TOKEN_EXPIRED = "TOKEN_EXPIRED"  # noqa: S105 - a code
    FORBIDDEN = "FORBIDDEN"
    JOB_NOT_FOUND = "JOB_NOT_FOUND"
    TOO_MANY_JOBS = "TOO_MANY_JOBS"
    UNAVAILABLE = "UNAVAILABLE"


class MessageError(Exception):
    """A client's message that cannot be acted on; told to the client, the socket stays open."""

    def __init__(self, code: ErrorCode, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


class _FromClient(BaseModel):
    model_config = ConfigDict(extra="ignore", strict=True)


class Subscribe(_FromClient):
    """Watch the job of this token; answered with the job as it is now, and again on every change."""

    action: Literal["subscribe"]
    token: str = Field(min_length=1, max_length=4096, description="a job's token, or a shared one")


class Unsubscribe(_FromClient):
    """Watch the job no longer; answered with `unsubscribed`, also when it was not watched."""

    action: Literal["unsubscribe"]
    # Narrow, because it becomes part of a key: half a surrogate pair, say, is a JSON string and no key.
    job_id: str = Field(alias="jobId", pattern="^[0-9A-Za-z_-]{1,64}$")


class Ping(_FromClient):
    """Are you there? Answered with `pong`; keeps an idle connection open."""

    action: Literal["ping"]


class JobNews(View):
    """A watched job: the snapshot that answers `subscribe`, or a push of a newer version."""

    type: Literal["job"]
    job: JobView


class Unsubscribed(View):
    """The job is watched no longer."""

    type: Literal["unsubscribed"]
    job_id: str


class Pong(View):
    """The answer to `ping`."""

    type: Literal["pong"]


class ErrorReply(View):
    """The service did not do what a message asked; the connection stays open."""

    type: Literal["error"]
    code: ErrorCode
    message: str = Field(description="a sentence for people")
    job_id: str | None = Field(None, description="the job that the refused message was about, when known")


ClientMessage = Annotated[Subscribe | Unsubscribe | Ping, Field(discriminator="action")]
ServerMessage = Annotated[JobNews | Unsubscribed | Pong | ErrorReply, Field(discriminator="type")]
_ADAPTER: TypeAdapter[Subscribe | Unsubscribe | Ping] = TypeAdapter(ClientMessage)
_ACTIONS = ("subscribe", "unsubscribe", "ping")


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A message ready to be sent; `size` in bytes."""

    data: bytes

    @property
    def size(self) -> int:
        """Bytes on the wire."""
        return len(self.data)

    @property
    def text(self) -> str:
        """The message as text."""
        return self.data.decode()


def parse_client_message(text: str | None) -> Subscribe | Unsubscribe | Ping:
    """What the client wants. Raises MessageError with TOO_LARGE, INVALID_MESSAGE or UNKNOWN_ACTION."""
    if text is None or not text.strip():
        raise MessageError(ErrorCode.INVALID_MESSAGE, "The message is empty; send a JSON object with an action.")
    if len(text.encode("utf-8", "surrogatepass")) > MAX_MESSAGE_BYTES:
        raise MessageError(ErrorCode.TOO_LARGE, f"The message is larger than {MAX_MESSAGE_BYTES} bytes.")
    try:
        message = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise MessageError(ErrorCode.INVALID_MESSAGE, "The message is not JSON.") from error
    if not isinstance(message, dict):
        raise MessageError(ErrorCode.INVALID_MESSAGE, "The message is not a JSON object.")
    if message.get("action") not in _ACTIONS:
        raise MessageError(ErrorCode.UNKNOWN_ACTION, f"The action must be one of {', '.join(_ACTIONS)}.")
    try:
        return _ADAPTER.validate_python(message)
    except ValidationError as error:
        field = error.errors(include_url=False)[0]["loc"][-1]
        raise MessageError(ErrorCode.INVALID_MESSAGE, f"The field {field} is missing or wrong.") from error


def job_message(job: Job) -> Outgoing:
    """`{"type": "job", "job": …}`, under one frame: the strip of pictures goes first when a result is too large.

    The client reads what is left out over HTTP; a change of status must reach it in any case.
    """
    news = to_json(JobNews(type="job", job=job_view(job)))
    message = _encode(news)
    if message.size > MAX_PUSH_BYTES and isinstance(result := news["job"].get("result"), dict):
        result.pop("strip", None)
        message = _encode(news)
    if message.size > MAX_PUSH_BYTES:
        news["job"].pop("result", None)
        if error := news["job"].get("error"):
            error["message"] = error["message"][:MAX_SENTENCE]
        message = _encode(news)
    return message


def unsubscribed_message(job_id: str) -> Outgoing:
    """`{"type": "unsubscribed", "jobId": …}`."""
    return _encode(to_json(Unsubscribed(type="unsubscribed", job_id=job_id)))


def pong_message() -> Outgoing:
    """`{"type": "pong"}`."""
    return _encode(to_json(Pong(type="pong")))


def error_message(code: str, message: str, job_id: str | None = None) -> Outgoing:
    """`{"type": "error", "code": …, "message": …}`, with `jobId` when the refused message was about a known job."""
    return _encode(to_json(ErrorReply(type="error", code=ErrorCode(code), message=message, job_id=job_id)))


def _encode(message: dict[str, Any]) -> Outgoing:
    return Outgoing(json.dumps(message, separators=(",", ":"), ensure_ascii=False).encode("utf-8", "replace"))
