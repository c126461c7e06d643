"""Bodies of the HTTP API, as they come in and go out. Field names are a public contract."""

import re
from typing import Annotated, Any, Literal, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StringConstraints,
    field_validator,
    model_validator,
)
from pydantic.alias_generators import to_camel

from divescore.declaration import Declaration
from divescore.difficulty import HEIGHTS, HIGHEST, LOWEST
from divescore.dives import parse_dive
from divescore.jobs.marks import CONSENT, Marks
from divescore.judging import JUDGES, MAX_EXECUTION, MAX_MARK
from divescore.views import JobView, View

NEUTRAL_TYPE = "application/octet-stream"
_TYPE = re.compile(r"[a-z0-9][a-z0-9!#$&^_.+-]*/[a-z0-9][a-z0-9!#$&^_.+-]*")
LONGEST_REFERENCE = 128
# 32 bytes in base64, as S3 writes them: of the last letter the lower bits are zero.
_SHA256 = r"^[A-Za-z0-9+/]{42}[AEIMQUYcgkosw048]=$"
MOST_PARTS = 10_000  # S3's limit
PARTS_AT_ONCE = 100
_MOST_BYTES = 2**53 - 1  # what every client's numbers hold; how much is taken is a setting of the service


def _dive_number(text: str) -> str | None:
    # The worker reads it with the same grammar, so what passes here never fails there.
    return parse_dive(text).number


def _height(metres: float) -> float:
    Declaration(height=metres).check()
    return metres


def _printable(text: str) -> str:
    # It becomes an attribute of a message, which takes no control character, and is printed by commands.
    if not text.isprintable():
        raise ValueError("a reference consists of printable characters")
    return text


def _consented(value: Any) -> Any:
    if value is not True:  # 1 equals True, and consents to nothing
        raise ValueError("marks are kept with consent alone, which is true and nothing else")
    return value


# What can be told of each alone; what they are to each other, the service checks with codes of its own.
Dive = Annotated[
    str,
    StringConstraints(max_length=20),
    AfterValidator(_dive_number),
    Field(description="a dive number such as 107B"),
]
Height = Annotated[
    float,
    Field(strict=True, description="metres of board or platform", json_schema_extra={"enum": list(HEIGHTS)}),
    AfterValidator(_height),
]
Difficulty = Annotated[float, Field(ge=LOWEST, le=HIGHEST, description="degree of difficulty")]
Reference = Annotated[
    str,
    StringConstraints(min_length=1, max_length=LONGEST_REFERENCE),
    AfterValidator(_printable),
    Field(description="printable characters by which whoever subscribes to `DiveSettled` knows the dive again"),
]
Mark = Annotated[float, Field(strict=True, ge=0, le=MAX_MARK, multiple_of=0.5)]


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
    dive: Dive | None = None
    height: Height | None = None
    difficulty: Difficulty | None = None
    reference: Reference | None = None

    @field_validator("content_type")
    @classmethod
    def _type_of_a_form(cls, value: str) -> str:
        # A claim that is no type at all is left out: the form has to name one.
        named = value.split(";")[0].strip()
        return named if _TYPE.fullmatch(named) else NEUTRAL_TYPE


class PartToSend(RequestBody):
    """One part of a large video, about to be sent."""

    number: int = Field(ge=1, le=MOST_PARTS, strict=True, description="counted from 1")
    sha256: Annotated[str, StringConstraints(pattern=_SHA256)] = Field(
        description="SHA-256 of the part's bytes, in base64"
    )


class AskForParts(RequestBody):
    """`POST /jobs/{jobId}/parts`; without a part it tells which are there."""

    parts: list[PartToSend] = Field(max_length=PARTS_AT_ONCE)

    @field_validator("parts")
    @classmethod
    def _each_once(cls, parts: list[PartToSend]) -> list[PartToSend]:
        if len({part.number for part in parts}) < len(parts):
            raise ValueError("name each part once")
        return parts


class AmendJob(RequestBody):
    """`PATCH /jobs/{jobId}`: what is left out stays as it is, null takes back what was declared."""

    dive: Dive | None = None
    height: Height | None = None
    difficulty: Difficulty | None = None


class MarkJob(RequestBody):
    """`PUT /jobs/{jobId}/marks`: what the judges gave, in one of three ways."""

    marks: list[Mark] | None = Field(
        None, min_length=JUDGES, max_length=JUDGES, description="of seven judges, in halves from 0 to 10"
    )
    execution: float | None = Field(
        None, strict=True, ge=0, le=MAX_EXECUTION, description="sum of the three middle marks"
    )
    score: float | None = Field(None, strict=True, ge=0, le=MAX_EXECUTION * HIGHEST, description="points of the dive")
    consent: Annotated[Literal[True], BeforeValidator(_consented)] = Field(description=CONSENT)

    @model_validator(mode="after")
    def _one_of_three(self) -> Self:
        if [self.marks, self.execution, self.score].count(None) != 2:
            raise ValueError("give one of marks, execution and score")
        return self

    def given(self) -> Marks:
        """Without the consent, which is a condition and no datum."""
        return Marks(tuple(self.marks) if self.marks else None, self.execution, self.score)


class ShareJob(RequestBody):
    """`POST /jobs/{jobId}/share`."""

    expires_in: int | None = Field(None, ge=60, description="seconds; at most the job's own retention, its default")
    scopes: list[Literal["read", "video"]] = Field(default=["read"], description="`read` is always included")


class UploadForm(View):
    """A presigned POST: send `fields` as form fields in this order, then the file as `file`."""

    url: str
    fields: dict[str, str]
    expires_at: str


class PartsPlan(View):
    """How a large video is cut: all parts have `partSize` bytes but the last, which has the rest."""

    part_size: int
    count: int
    expires_at: str = Field(description="ISO 8601, UTC; then the upload is given up, unless parts are asked for")


class UploadInParts(View):
    """A large video is sent in parts: ask for an address of each, send them, complete the upload."""

    parts: PartsPlan


class PartAddress(View):
    """Where to PUT one part with these headers; good for a quarter of an hour, and for nothing but its bytes."""

    number: int
    url: str
    headers: dict[str, str]


class PartsAnswer(View):
    """Answer of `POST /jobs/{jobId}/parts`."""

    present: list[int] = Field(description="parts that are there; of one asked for: with the checksum that was given")
    addresses: list[PartAddress] = Field(description="of the parts that were asked for and are not there")
    expires_at: str = Field(description="ISO 8601, UTC; then the upload is given up, unless parts are asked for")


class LiveAddress(View):
    """Where to connect for live updates; the ticket in it is good for five minutes and for nothing else."""

    url: str


class JobCreated(View):
    """Answer of `POST /jobs`. The token is shown once."""

    job_id: str
    token: str
    upload: UploadForm | UploadInParts
    live: LiveAddress
    job: JobView


class JobRead(View):
    """Answer of `GET /jobs/{jobId}`."""

    job: JobView
    live: LiveAddress


class JobChanged(View):
    """Answer of every call that changes a job."""

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
