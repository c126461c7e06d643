"""The WebSocket's messages, both ways."""

import json
from dataclasses import dataclass

from pydantic import ValidationError

from divescore.client.models import Job

# Answers to a `subscribe` that asking again would not change.
REFUSALS = frozenset({"UNAUTHORIZED", "TOKEN_EXPIRED", "FORBIDDEN", "JOB_NOT_FOUND", "TOO_MANY_JOBS"})
# The service cannot answer for now, or has given this connection up: another one may do better.
UNAVAILABLE = "UNAVAILABLE"


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
    """Anything that needs no action: a pong, an unsubscription, a kind that a newer service may send."""

    type: str


Message = JobMessage | ErrorMessage | OtherMessage


def subscribe(token: str) -> str:
    """Ask for a job's snapshot and everything that follows."""
    return json.dumps({"action": "subscribe", "token": token})


def unsubscribe(job_id: str) -> str:
    """Ask for no more of that job."""
    return json.dumps({"action": "unsubscribe", "jobId": job_id})


def parse(text: str | bytes) -> Message:
    """Read a message of the service; what cannot be understood is an OtherMessage of type ""."""
    try:
        body = json.loads(text)
    except ValueError:
        return OtherMessage("")
    if not isinstance(body, dict):
        return OtherMessage("")
    if body.get("type") == "job":
        try:
            return JobMessage(Job.model_validate(body.get("job")))
        except ValidationError:
            return OtherMessage("")
    if body.get("type") == "error":
        job_id = body.get("jobId")
        return ErrorMessage(
            str(body.get("code", "")), str(body.get("message", "")), job_id if isinstance(job_id, str) else None
        )
    return OtherMessage(str(body.get("type", "")))
