"""Jobs in any state, for tests that start in the middle."""

from dataclasses import replace
from typing import Any

from divescore.jobs.model import Cause, Job
from divescore.views import Status
from tests.fakes.clock import START

LEASE_MS = 30_000
GIVEN: dict[Status, dict[str, Any]] = {
    Status.AWAITING_UPLOAD: {"deadline": START + 1_800_000},
    Status.QUEUED: {"object_version": "v1", "deadline": START + 86_400_000, "ahead": 3},
    Status.PROCESSING: {
        "object_version": "v1",
        "attempt": 1,
        "owner": "me",
        "lease_until": START + LEASE_MS,
        "deadline": START + 3 * LEASE_MS,
        "stage": "decoding",
        "fraction": 0.25,
    },
    Status.SCORED: {"object_version": "v1", "attempt": 1, "result": {"score": 84.15}},
    Status.REJECTED: {"object_version": "v1", "error": Cause("NOT_A_VIDEO", "This is a text file, not a video.")},
    Status.FAILED: {"object_version": "v1", "attempt": 3, "error": Cause("INTERNAL", "A fault of ours.", True)},
    Status.CANCELLED: {},
    Status.EXPIRED: {},
}


def job_in(status: Status, **changes: Any) -> Job:
    """A job as it would be in `status`, with `changes`."""
    job = Job(
        job_id="0123456789abcdef0123456789abcdef",
        client="client",
        filename="dive.avi",
        content_type="video/avi",
        size_bytes=1000,
        created_at=START,
        updated_at=START,
        expires_at=START + 7 * 86_400_000,
        status=status,
        version=5,
        rev=9,
    )
    return replace(job, **(GIVEN[status] | changes))
