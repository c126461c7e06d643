"""Bodies of the HTTP API, as they come in and go out. Field names are a public contract."""

import re
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, field_validator
from pydantic.alias_generators import to_camel

from divescore.difficulty import HIGHEST, LOWEST
from divescore.dives import parse_dive
from divescore.views import JobView, View

NEUTRAL_TYPE = "application/octet-stream"
_TYPE = re.compile(r"[a-z0-9][a-z0-9!#$&^_.+-]*/[a-z0-9][a-z0-9!#$&^_.+-]*")
_MOST_BYTES = 2**53 - 1  # what every client's numbers hold; how much is taken is a setting of the service


class RequestBody(BaseModel):
    """Base of what a client sends: camelCase outside, unknown fields refused so that a typing error is told."""

    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True, extra="forbid")


class CreateJob(RequestBody):
    """`POST /jobs`. The size is checked by the service, which answers it with a code of its own."""

    filename: Annotated[str, StringConstraints(min_length=1, max_length=255)]
    content_type: Annotated[str, StringConstraints(max_length=100, to_lower=True, strip_whitespace=True)] = Field(
        NEUTRAL_TYPE, description="what the form says of the file; what it is, its first bytes decide"
    )
    size_bytes: int = Field(ge=0, le=_MOST_BYTES, strict=True)
    dive: Annotated[str, StringConstraints(max_length=20)] | None = Field(
        None, description="a dive number such as 107B"
    )
    difficulty: float | None = Field(None, ge=LOWEST, le=HIGHEST, description="degree of difficulty")

    @field_validator("content_type")
    @classmethod
    def _type_of_a_form(cls, value: str) -> str:
        # A claim that is no type at all is left out: the form has to name one.
        named = value.split(";")[0].strip()
        return named if _TYPE.fullmatch(named) else NEUTRAL_TYPE

    @field_validator("dive")
    @classmethod
    def _dive_number(cls, value: str | None) -> str | None:
        # The worker reads it with the same grammar, so what passes here never fails there.
        return parse_dive(value).number if value is not None else None


class ShareJob(RequestBody):
    """`POST /jobs/{jobId}/share`."""

    expires_in: int | None = Field(None, ge=60, description="seconds; at most the job's own retention, its default")
    scopes: list[Literal["read", "video"]] = Field(default=["read"], description="`read` is always included")


class UploadForm(View):
    """A presigned POST: send `fields` as form fields in this order, then the file as `file`."""

    url: str
    fields: dict[str, str]
    expires_at: str


class LiveAddress(View):
    """Where to connect for live updates; the ticket in it is good for five minutes and for nothing else."""

    url: str


class JobCreated(View):
    """Answer of `POST /jobs`. The token is shown once."""

    job_id: str
    token: str
    upload: UploadForm
    live: LiveAddress
    job: JobView


class JobRead(View):
    """Answer of `GET /jobs/{jobId}`."""

    job: JobView
    live: LiveAddress


class JobChanged(View):
    """Answer of `DELETE /jobs/{jobId}`."""

    job: JobView


class Shared(View):
    """Answer of `POST /jobs/{jobId}/share`; the token sits in the address's fragment, which no server sees."""

    token: str
    url: str


class RenditionAddress(View):
    """A small MP4 of a video that browsers do not play."""

    url: str
    expires_at: str


class VideoAddress(View):
    """Answer of `GET /jobs/{jobId}/video`; `rendition` is there once it was made, for videos that need one."""

    url: str
    expires_at: str
    rendition: RenditionAddress | None = None


class Health(View):
    """Answer of `GET /health`; `model` is what the newest worker loaded, absent before the first one started."""

    version: str
    model: dict[str, str] | None = None


class Problem(View):
    """What went wrong."""

    code: str
    message: str


class ProblemEnvelope(View):
    """The body of every answer that is an error."""

    error: Problem
