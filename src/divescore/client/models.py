"""The shapes that the API sends, as this client reads them.

Unknown members are kept, not refused, so that an older client goes on working with a newer service; a document goes
out again with exactly the members that came in.
"""

from typing import Any

from pydantic import BaseModel, ConfigDict
from pydantic.alias_generators import to_camel

from divescore.views import SETTLED


class Wire(BaseModel):
    """Base of the shapes: camelCase outside, snake_case inside, immutable."""

    model_config = ConfigDict(alias_generator=to_camel, validate_by_name=True, extra="allow", frozen=True)

    def document(self) -> dict[str, Any]:
        """The JSON object as it was received."""
        return self.model_dump(mode="json", by_alias=True, exclude_unset=True)


class Progress(Wire):
    """How far the running attempt is: `fraction` is the share of the whole attempt, 0 to 1."""

    stage: str
    fraction: float


class JobError(Wire):
    """Why a job was rejected or failed."""

    code: str
    message: str
    retryable: bool = False


class Interval(Wire):
    """The range that holds the true score with probability `level`."""

    low: float
    high: float
    level: float


class Dive(Wire):
    """The dive, declared by the uploader or predicted by the network (`source`)."""

    number: str | None = None
    source: str = ""
    position: str = ""
    armstand: bool = False
    rotation: str = ""
    half_somersaults: int | None = None
    half_twists: int | None = None


class Model(Wire):
    """The network that scored, and what it was trained on."""

    id: str = "unknown"
    version: str = ""
    trained_on: str = ""


class Result(Wire):
    """A score and what it rests on; `timings` are seconds by stage of the worker."""

    score: float
    execution: float | None = None
    difficulty: float | None = None
    difficulty_source: str = ""
    interval: Interval | None = None
    dive: Dive | None = None
    model: Model = Model()
    timings: dict[str, float] = {}
    warnings: list[str] = []


class Job(Wire):
    """A job as clients see it; a larger `version` is always the newer state."""

    job_id: str
    status: str
    version: int
    created_at: str = ""
    updated_at: str = ""
    expires_at: str = ""
    progress: Progress | None = None
    ahead: int | None = None
    result: Result | None = None
    error: JobError | None = None

    @property
    def final(self) -> bool:
        """Whether nothing more will happen to it."""
        # FAILED can be left by a replay, but nobody waits for that: for a client it is an end like the others.
        return self.status in SETTLED


class UploadForm(Wire):
    """A presigned POST: the form fields must be sent first and unchanged, the file last."""

    url: str
    fields: dict[str, str]
    expires_at: str = ""


class Live(Wire):
    """Where to connect the WebSocket; the address holds a ticket that is good for five minutes."""

    url: str


class Created(Wire):
    """The answer to creating a job."""

    job_id: str
    token: str
    upload: UploadForm
    live: Live
    job: Job


class JobAnswer(Wire):
    """The answer to reading (with `live`) or cancelling (without) a job."""

    job: Job
    live: Live | None = None


class VideoLink(Wire):
    """A presigned address that plays the video until `expires_at`."""

    url: str
    expires_at: str = ""


class Shared(Wire):
    """A token of fewer rights and the link of the page that carries it."""

    token: str
    url: str


class Health(Wire):
    """What is running: the service's version and the model of the last worker that started, if any."""

    version: str
    model: dict[str, Any] | None = None
