"""The shapes of messages on the socket, in and out. Pure."""

import json
from dataclasses import dataclass
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from divescore.jobs.model import Job
from divescore.jobs.view import job_view, to_json

MAX_MESSAGE_BYTES = 8 * 1024  # a token has a few hundred; API Gateway itself takes 128 KB
MAX_PUSH_BYTES = 32 * 1024  # one frame of API Gateway


class MessageError(Exception):
    """A client's message that cannot be acted on; told to the client, the socket stays open."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


class _Message(BaseModel):
    model_config = ConfigDict(extra="ignore", strict=True)


class Subscribe(_Message):
    """Watch the job of this token."""

    action: Literal["subscribe"]
    token: str = Field(min_length=1, max_length=4096)


class Unsubscribe(_Message):
    """Watch it no longer."""

    action: Literal["unsubscribe"]
    job_id: str = Field(alias="jobId", min_length=1, max_length=128)


class Ping(_Message):
    """Are you there?"""

    action: Literal["ping"]


ClientMessage = Annotated[Subscribe | Unsubscribe | Ping, Field(discriminator="action")]
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


def parse_client_message(text: str | None) -> Subscribe | Unsubscribe | Ping:
    """What the client wants. Raises MessageError with TOO_LARGE, INVALID_MESSAGE or UNKNOWN_ACTION."""
    if text is None or not text.strip():
        raise MessageError("INVALID_MESSAGE", "The message is empty; send a JSON object with an action.")
    if len(text.encode("utf-8", "surrogatepass")) > MAX_MESSAGE_BYTES:
        raise MessageError("TOO_LARGE", f"The message is larger than {MAX_MESSAGE_BYTES} bytes.")
    try:
        message = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise MessageError("INVALID_MESSAGE", "The message is not JSON.") from error
    if not isinstance(message, dict):
        raise MessageError("INVALID_MESSAGE", "The message is not a JSON object.")
    if message.get("action") not in _ACTIONS:
        raise MessageError("UNKNOWN_ACTION", f"The action must be one of {', '.join(_ACTIONS)}.")
    try:
        return _ADAPTER.validate_python(message)
    except ValidationError as error:
        field = error.errors(include_url=False)[0]["loc"][-1]
        raise MessageError("INVALID_MESSAGE", f"The field {field} is missing or wrong.") from error


def job_message(job: Job) -> Outgoing:
    """`{"type": "job", "job": …}`, under one frame: the strip of pictures goes first when a result is too large."""
    view = to_json(job_view(job))
    message = _encode({"type": "job", "job": view})
    if message.size > MAX_PUSH_BYTES and isinstance(view.get("result"), dict):
        view["result"] = {name: value for name, value in view["result"].items() if name != "strip"}
        message = _encode({"type": "job", "job": view})
    if message.size > MAX_PUSH_BYTES:
        # The client reads the rest over HTTP; a status must reach it in any case.
        view.pop("result", None)
        message = _encode({"type": "job", "job": view})
    return message


def unsubscribed_message(job_id: str) -> Outgoing:
    """`{"type": "unsubscribed", "jobId": …}`."""
    return _encode({"type": "unsubscribed", "jobId": job_id})


def pong_message() -> Outgoing:
    """`{"type": "pong"}`."""
    return _encode({"type": "pong"})


def error_message(code: str, message: str) -> Outgoing:
    """`{"type": "error", "code": …, "message": …}`."""
    return _encode({"type": "error", "code": code, "message": message})


def _encode(message: dict[str, Any]) -> Outgoing:
    return Outgoing(json.dumps(message, separators=(",", ":"), ensure_ascii=False).encode("utf-8", "replace"))
