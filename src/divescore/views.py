"""A job as its client sees it: its states, and what HTTP answers and the socket pushes.

Field names are a public contract.
"""

from datetime import UTC, datetime
from enum import StrEnum
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, GetJsonSchemaHandler
from pydantic.alias_generators import to_camel
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, core_schema


class Status(StrEnum):
    """The states of a job; `transitions` says which follows which."""

    AWAITING_UPLOAD = "AWAITING_UPLOAD"
    QUEUED = "QUEUED"
    PROCESSING = "PROCESSING"
    SCORED = "SCORED"
    REJECTED = "REJECTED"
    FAILED = "FAILED"
    CANCELLED = "CANCELLED"
    EXPIRED = "EXPIRED"


# Somebody still has to do something.
OPEN = frozenset({Status.AWAITING_UPLOAD, Status.QUEUED, Status.PROCESSING})
# The service has ended its work; whoever waits for a job waits for one of these.
SETTLED = frozenset(Status) - OPEN
# Never left again. FAILED is not among them: an operator may replay a failed job.
FINAL = SETTLED - {Status.FAILED}


class _DescribedAsResult:
    """Lets schemas describe a value as a Result, and nothing check it.

    So a result from before a member existed, or after, is answered as it was stored and never an error.
    """

    def __get_pydantic_json_schema__(self, _schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        # Here, since no function needs it to answer, and its models would make each cold start longer.
        from divescore.result import Result

        # With a name of its own it becomes a definition that schemas refer to.
        result: Any = {**Result.__pydantic_core_schema__, "ref": "divescore.result.Result:0"}
        return handler(core_schema.definitions_schema(result, []))


StoredResult = Annotated[dict[str, Any], _DescribedAsResult()]


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
    result: StoredResult | None = Field(None, description="only when SCORED")
    error: ErrorView | None = Field(None, description="only when REJECTED or FAILED")


def iso(moment: int) -> str:
    """A time in ms since the epoch as ISO 8601 in UTC with milliseconds."""
    return datetime.fromtimestamp(moment / 1000, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def to_json(view: View) -> dict[str, Any]:
    """The JSON object of a view: aliases, absent instead of null."""
    return view.model_dump(mode="json", by_alias=True, exclude_none=True)
