"""The WebSocket's messages, both ways."""

import json
from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import Field, TypeAdapter, ValidationError

from divescore.client.models import Job, Wire

# Answers to a `subscribe` that asking again would not change: this token will never follow this job.
REFUSALS = frozenset({"UNAUTHORIZED", "TOKEN_EXPIRED", "FORBIDDEN", "JOB_NOT_FOUND"})
# The service cannot answer for now, or has given this connection up: another one may do better.
UNAVAILABLE = "UNAVAILABLE"
TOO_MANY_JOBS = "TOO_MANY_JOBS"
UNSUBSCRIBED = "unsubscribed"


@dataclass(frozen=True)
class JobMessage:
    """A snapshot or a push: the service does not tell them apart, and neither need we."""

    job: Job


@dataclass(frozen=True)
class ErrorMessage:
    """The service did not do what a message asked; it need not say which one."""

    code: str
    message: str
    job_id: str | None = None


@dataclass(frozen=True)
class OtherMessage:
    """Anything that needs no action: a pong, the end of a subscription, a kind that a newer service may send."""

    type: str


Message = JobMessage | ErrorMessage | OtherMessage


class _JobBody(Wire):
    type: Literal["job"]
    job: Job


class _ErrorBody(Wire):
    type: Literal["error"]
    code: str = ""
    message: str = ""
    job_id: str | None = None


_ADAPTER: TypeAdapter[_JobBody | _ErrorBody] = TypeAdapter(
    Annotated[_JobBody | _ErrorBody, Field(discriminator="type")]
)


def subscribe(token: str) -> str:
    """Ask for a job's snapshot and everything that follows."""
    return json.dumps({"action": "subscribe", "token": token})


def unsubscribe(job_id: str) -> str:
    """Ask for no more of that job."""
    return json.dumps({"action": "unsubscribe", "jobId": job_id})


def parse(text: str | bytes) -> Message:
    """Read a message of the service; what cannot be understood is an OtherMessage of type ""."""
    try:
        match _ADAPTER.validate_json(text):
            case _JobBody(job=job):
                return JobMessage(job)
            case _ErrorBody(code=code, message=message, job_id=job_id):
                return ErrorMessage(code, message, job_id)
    except ValidationError:
        return _other(text)


def _other(text: str | bytes) -> OtherMessage:
    try:
        body = json.loads(text)
    except ValueError:
        return OtherMessage("")
    kind = body.get("type", "") if isinstance(body, dict) else ""
    return OtherMessage("" if kind in ("job", "error") else str(kind))
