"""A job as its client sees it: what HTTP answers and the socket pushes. Field names are a public contract."""

from datetime import UTC, datetime
from typing import Any

from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel

from divescore.jobs.model import Job, Status


class View(BaseModel):
    """Base of everything that leaves over HTTP or the socket: camelCase outside, snake_case inside."""

    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True)


class ProgressView(View):
    """How far the current attempt is."""

    stage: str = Field(description="downloading, decoding or scoring")
    fraction: float = Field(ge=0, le=1, description="share of the whole attempt that is done")


class ErrorView(View):
    """Why a job was rejected or failed."""

    code: str
    message: str
    retryable: bool = False


class JobView(View):
    """A job, as its holder sees it."""

    job_id: str
    status: Status
    version: int = Field(ge=1, description="grows with every change; apply a message only if it is newer")
    created_at: str = Field(description="ISO 8601, UTC")
    updated_at: str = Field(description="ISO 8601, UTC")
    expires_at: str = Field(description="ISO 8601, UTC; then the record and the video are removed")
    progress: ProgressView | None = Field(None, description="only while PROCESSING")
    ahead: int | None = Field(None, description="about how many dives wait before this one, when known")
    result: dict[str, Any] | None = Field(None, description="only when SCORED")
    error: ErrorView | None = Field(None, description="only when REJECTED or FAILED")


def iso(moment: int) -> str:
    """A time in ms since the epoch as ISO 8601 in UTC with milliseconds."""
    return datetime.fromtimestamp(moment / 1000, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def job_view(job: Job) -> JobView:
    """The public view: no client, owner, lease, file name or object version."""
    return JobView(
        job_id=job.job_id,
        status=job.status,
        version=job.version,
        created_at=iso(job.created_at),
        updated_at=iso(job.updated_at),
        expires_at=iso(job.expires_at),
        progress=ProgressView(stage=job.stage, fraction=round(job.fraction, 3))
        if job.status is Status.PROCESSING and job.stage
        else None,
        ahead=job.ahead if job.status is Status.QUEUED else None,
        result=job.result,
        # A queued job may carry the cause of its last attempt; that is ours to know, the client's news is the retry.
        error=ErrorView(code=job.error.code, message=job.error.message, retryable=job.error.retryable)
        if job.error and job.status in (Status.REJECTED, Status.FAILED)
        else None,
    )


def to_json(view: View) -> dict[str, Any]:
    """The JSON object of a view: aliases, absent instead of null."""
    return view.model_dump(mode="json", by_alias=True, exclude_none=True)
