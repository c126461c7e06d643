"""How long a large video may take to arrive: each time that parts of it are asked for, the job waits longer."""

from dataclasses import dataclass

from divescore.jobs.model import Job

UPLOAD_GRACE_MS = 15 * 60_000  # an upload that began in time may end this much later
# From the last time that parts were asked for: long enough to come home from the pool and go on there.
PROLONGED_MS = 6 * 3600_000
# In all: afterwards the bucket's lifecycle removes the parts whatever the job says.
LONGEST_UPLOAD_MS = 24 * 3600_000


@dataclass(frozen=True, slots=True)
class Prolonged:
    """Parts of the video are asked for. `instead_of`: the upload that `upload_id` replaces; None at the first one."""

    upload_id: str
    instead_of: str | None = None


def deadline_of_upload(job: Job, now: int) -> int | None:
    """The deadline of a job whose parts are asked for at `now` (ms); None when its time is up."""
    last = job.created_at + LONGEST_UPLOAD_MS
    if now >= last - UPLOAD_GRACE_MS:
        return None
    return max(job.deadline, min(now + PROLONGED_MS + UPLOAD_GRACE_MS, last))


def upload_closes_at(job: Job) -> int:
    """When (ms) a waiting job takes no more of its video, unless it is prolonged."""
    return job.deadline - UPLOAD_GRACE_MS
