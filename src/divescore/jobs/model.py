"""The job record as plain data. Times are integers: milliseconds since the epoch, UTC."""

from dataclasses import dataclass
from typing import Any

from divescore.declaration import Declaration
from divescore.views import OPEN, Status


@dataclass(frozen=True, slots=True)
class Cause:
    """Why a job was rejected or failed: a code for programs, a sentence for people, and whether a retry can help."""

    code: str
    message: str
    retryable: bool = False


@dataclass(frozen=True, slots=True)
class Job:
    """One dive on its way to a score."""

    job_id: str
    client: str  # keyed hash of the uploader's address: quota key and fair-queue group
    filename: str  # for people only; never part of an object key
    content_type: str
    size_bytes: int
    created_at: int
    expires_at: int  # end of retention: the record's TTL and the token's expiry
    status: Status = Status.AWAITING_UPLOAD
    version: int = 1  # what clients see; grows with every change that they see
    rev: int = 1  # grows with every write, lease renewals too: the compare-and-swap token
    updated_at: int = 0
    deadline: int = 0  # when `sweep` looks at the job; meaningful in open states only
    dive: str | None = None  # as the uploader declared it; so are the next two
    height: float | None = None
    difficulty: float | None = None
    reference: str | None = None  # the uploader's own name for the dive; told to who subscribes to `DiveSettled` alone
    amendments: int = 0  # how often the declaration was changed
    part_bytes: int | None = None  # size of the parts in which the video is sent; None: as a form
    upload_id: str | None = None  # the multipart upload that takes them
    object_version: str | None = None  # the version of the upload that was accepted
    attempt: int = 0
    owner: str | None = None  # unique per claim, not per process
    lease_until: int = 0
    stage: str | None = None
    fraction: float = 0.0
    ahead: int | None = None
    result: dict[str, Any] | None = None
    error: Cause | None = None

    @property
    def key(self) -> str:
        """The object key of this job's video."""
        return object_key(self.job_id)

    @property
    def declaration(self) -> Declaration:
        """What the uploader says of the dive."""
        return Declaration(self.dive, self.height, self.difficulty)

    @property
    def is_open(self) -> bool:
        """Whether somebody still has to do something."""
        return self.status in OPEN


def object_key(job_id: str) -> str:
    """The key under which a job's video is uploaded."""
    return f"uploads/{job_id}/video"


def rendition_key(job_id: str) -> str:
    """The key of what browsers play in the video's place; outside of `uploads/`, so no notification tells of it."""
    return f"renditions/{job_id}/video"


def job_of_key(key: str) -> str | None:
    """The job an object key belongs to, or None for keys that this system does not hand out."""
    parts = key.split("/")
    return parts[1] if len(parts) == 3 and parts[0] == "uploads" and parts[2] == "video" and parts[1] else None
