"""The shapes that the API sends, as this client reads them.

Unknown members are kept, not refused, so that an older client goes on working with a newer service; a document goes
out again with exactly the members that came in.
"""

from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError
from pydantic.alias_generators import to_camel

from divescore.result import Result
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
    result: dict[str, Any] | None = None
    error: JobError | None = None

    @property
    def final(self) -> bool:
        """Whether nothing more will happen to it."""
        # FAILED can be left by a replay, but nobody waits for that: for a client it is an end like the others.
        return self.status in SETTLED

    @property
    def score(self) -> float | None:
        """The points; None without a result that has them."""
        score = (self.result or {}).get("score")
        return float(score) if isinstance(score, int | float) else None

    def read_result(self) -> Result | None:
        """What the score rests on; None without a result, or where another version gave it another shape."""
        try:
            return None if self.result is None else Result.model_validate(self.result)
        except ValidationError:
            return None


class UploadForm(Wire):
    """A presigned POST: the form fields must be sent first and unchanged, the file last."""

    url: str
    fields: dict[str, str]
    expires_at: str = ""


class PartsPlan(Wire):
    """How a large video is cut: all parts have `part_size` bytes but the last, which has the rest."""

    part_size: int
    count: int
    expires_at: str = ""


class UploadInParts(Wire):
    """A large video, which is sent in parts."""

    parts: PartsPlan


class PartAddress(Wire):
    """Where to PUT one part, with these headers and nothing but the bytes that it was asked for with."""

    number: int
    url: str
    headers: dict[str, str]


class PartsAnswer(Wire):
    """The answer to asking for parts: which are there, and where the others go."""

    present: list[int]
    addresses: list[PartAddress]
    expires_at: str = ""


class Live(Wire):
    """Where to connect the WebSocket; the address holds a ticket that is good for five minutes."""

    url: str


class Created(Wire):
    """The answer to creating a job."""

    job_id: str
    token: str
    upload: UploadForm | UploadInParts
    live: Live
    job: Job

    @property
    def form(self) -> UploadForm:
        """The form that takes the video. Raises ValueError where the video is sent in parts."""
        if not isinstance(self.upload, UploadForm):
            raise ValueError("this video is sent in parts")
        return self.upload


class JobAnswer(Wire):
    """The answer to reading (with `live`) or changing (without) a job."""

    job: Job
    live: Live | None = None


class RenditionLink(Wire):
    """A presigned address that plays a small MP4 of the video until `expires_at`."""

    url: str
    expires_at: str = ""


class VideoLink(Wire):
    """A presigned address that plays the video until `expires_at`; `rendition` where browsers would not play it."""

    url: str
    expires_at: str = ""
    rendition: RenditionLink | None = None


class Shared(Wire):
    """A token of fewer rights and the link of the page that carries it."""

    token: str
    url: str


class Health(Wire):
    """What is running: the service's version and the model of the last worker that started, if any."""

    version: str
    model: dict[str, Any] | None = None
