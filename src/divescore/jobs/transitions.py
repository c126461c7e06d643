"""The life of a job as a pure function: `transition(job, event, now)` gives the next job, or says why there is none.

Nothing here reads a clock or a table. The table applies what comes out by compare-and-swap, so a decision taken on
an old copy of the job never reaches it.
"""

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any, assert_never

from divescore.declaration import DeclarationError
from divescore.jobs.amendment import MAX_AMENDMENTS, Amended, counted_again
from divescore.jobs.model import Cause, Job
from divescore.jobs.prolonging import Prolonged, deadline_of_upload
from divescore.views import OPEN, Status

QUEUE_RETENTION_MS = 24 * 3600 * 1000  # the scoring queue keeps a message this long
LEASES_OF_GRACE = 2  # sweep waits this many further leases: redelivery by the queue comes first


@dataclass(frozen=True, slots=True)
class Accepted:
    """The upload's first bytes are a video's; it waits for a worker. `ahead`: about how many wait before it."""

    object_version: str
    ahead: int | None = None


@dataclass(frozen=True, slots=True)
class TurnedAway:
    """The upload is not something to score; seen before it reached a worker."""

    object_version: str
    cause: Cause


@dataclass(frozen=True, slots=True)
class Claimed:
    """A worker wants to start an attempt on this version of the upload."""

    owner: str
    object_version: str
    lease_ms: int
    max_attempts: int


@dataclass(frozen=True, slots=True)
class Fence:
    """Which attempt a worker's event belongs to; events of a lost attempt are refused."""

    owner: str
    attempt: int


@dataclass(frozen=True, slots=True)
class Renewed:
    """The worker is alive; clients are not told."""

    fence: Fence
    lease_ms: int


@dataclass(frozen=True, slots=True)
class Progressed:
    """The attempt got further; `fraction` of the whole attempt, 0 to 1."""

    fence: Fence
    stage: str
    fraction: float


@dataclass(frozen=True, slots=True)
class Finished:
    """The dive has a score."""

    fence: Fence
    result: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Rejected:
    """The video is at fault; another attempt would end the same."""

    fence: Fence
    cause: Cause


@dataclass(frozen=True, slots=True)
class AttemptFailed:
    """We are at fault, or out of time: back to the queue while attempts are left and the cause may pass."""

    fence: Fence
    cause: Cause
    max_attempts: int


@dataclass(frozen=True, slots=True)
class Cancelled:
    """The uploader does not want the score any more."""


@dataclass(frozen=True, slots=True)
class DeadlinePassed:
    """`sweep` found the job overdue. `arrived`: the version of the upload that lies there undecided, if one does."""

    max_attempts: int
    arrived: str | None = None


@dataclass(frozen=True, slots=True)
class Replayed:
    """An operator sends a failed job round again, with a fresh set of attempts."""


WorkerEvent = Renewed | Progressed | Finished | Rejected | AttemptFailed
Event = Accepted | TurnedAway | Claimed | WorkerEvent | Cancelled | DeadlinePassed | Replayed | Amended | Prolonged


class Reason(StrEnum):
    """Why an event does not apply."""

    BUSY = "BUSY"  # an attempt holds a living lease
    DONE = "DONE"  # the job is in a state that this event does not leave
    STALE = "STALE"  # the event is about another version of the upload
    LOST = "LOST"  # the worker's attempt is not the current one any more
    EARLY = "EARLY"  # the deadline has not passed
    SAME = "SAME"  # that is declared already
    IMPOSSIBLE = "IMPOSSIBLE"  # what would be declared cannot be
    SPENT = "SPENT"  # this was done as often, or as long, as it may be
    TOO_OLD = "TOO_OLD"  # the result keeps nothing that another score could be counted from


@dataclass(frozen=True, slots=True)
class Refusal:
    """The event changes nothing. `job` is the job as it was found."""

    reason: Reason
    job: Job


def holds(job: Job, fence: Fence) -> bool:
    """Whether the attempt behind `fence` is the job's current one."""
    return job.status is Status.PROCESSING and job.owner == fence.owner and job.attempt == fence.attempt


def fence_of(event: Event) -> Fence | None:
    """The fence that a worker's event carries; None for everybody else's."""
    return event.fence if isinstance(event, WorkerEvent) else None


def transition(job: Job, event: Event, now: int) -> Job | Refusal:
    """The job after `event` at time `now` (ms), or a Refusal. Pure; raises nothing."""
    match event:
        case Accepted() | TurnedAway():
            return _uploaded(job, event, now)
        case Claimed():
            return _claimed(job, event, now)
        case Renewed() | Progressed() | Finished() | Rejected() | AttemptFailed():
            return _worked(job, event, now)
        case Cancelled():
            return _settle(job, now, Status.CANCELLED) if job.is_open else Refusal(Reason.DONE, job)
        case DeadlinePassed():
            return _overdue(job, event, now)
        case Replayed():
            if job.status is not Status.FAILED:
                return Refusal(Reason.DONE, job)
            return _queue(replace(job, attempt=0, error=None), now)
        case Amended():
            return _amended(job, event, now)
        case Prolonged():
            return _prolonged(job, event, now)
        case _ as unknown:
            assert_never(unknown)


def _uploaded(job: Job, event: Accepted | TurnedAway, now: int) -> Job | Refusal:
    if job.status is not Status.AWAITING_UPLOAD:
        same = job.object_version in (None, event.object_version)
        return Refusal(Reason.DONE if same else Reason.STALE, job)
    bound = replace(job, object_version=event.object_version)
    if isinstance(event, TurnedAway):
        return _settle(bound, now, Status.REJECTED, event.cause)
    return _queue(replace(bound, ahead=event.ahead), now)


def _claimed(job: Job, event: Claimed, now: int) -> Job | Refusal:
    if job.status not in OPEN:
        return Refusal(Reason.DONE, job)
    if job.object_version not in (None, event.object_version):
        return Refusal(Reason.STALE, job)
    if job.status is Status.PROCESSING and now < job.lease_until:
        return Refusal(Reason.BUSY, job)
    if job.attempt >= event.max_attempts:
        return _settle(job, now, Status.FAILED, job.error or _spent(job.attempt))
    return _versioned(
        replace(
            job,
            status=Status.PROCESSING,
            object_version=event.object_version,
            attempt=job.attempt + 1,
            owner=event.owner,
            stage="downloading",
            fraction=0.0,
            ahead=None,
            error=None,
            lease_until=now + event.lease_ms,
            deadline=_lease_deadline(event.lease_ms, now),
        ),
        now,
    )


def _worked(job: Job, event: WorkerEvent, now: int) -> Job | Refusal:
    if not holds(job, event.fence):
        return Refusal(Reason.LOST, job)
    match event:
        case Renewed():
            lease = replace(job, lease_until=now + event.lease_ms, deadline=_lease_deadline(event.lease_ms, now))
            return replace(lease, rev=job.rev + 1)
        case Progressed():
            return _versioned(
                replace(job, stage=event.stage, fraction=max(job.fraction, min(1.0, event.fraction))), now
            )
        case Finished():
            return replace(_settle(job, now, Status.SCORED), result=event.result)
        case Rejected():
            return _settle(job, now, Status.REJECTED, event.cause)
        case AttemptFailed():
            if event.cause.retryable and job.attempt < event.max_attempts:
                # The cause is kept for whoever finds the attempts spent; clients see no error on a queued job.
                return replace(_queue(job, now), error=event.cause)
            return _settle(job, now, Status.FAILED, event.cause)
        case _ as unknown:
            assert_never(unknown)


def _overdue(job: Job, event: DeadlinePassed, now: int) -> Job | Refusal:
    if not job.is_open:
        return Refusal(Reason.DONE, job)
    if now < job.deadline:
        return Refusal(Reason.EARLY, job)
    if job.status is Status.AWAITING_UPLOAD and event.arrived is None:
        return _settle(job, now, Status.EXPIRED)
    if job.status is Status.AWAITING_UPLOAD:
        # `sweep` has handed it to the gate every minute; what the gate cannot decide in a day, it never will.
        if now < job.deadline + QUEUE_RETENTION_MS:
            return Refusal(Reason.EARLY, job)
        cause = Cause("NOT_ADMITTED", "The video arrived, but a fault of ours kept it from the queue.", True)
        return _settle(replace(job, object_version=event.arrived), now, Status.FAILED, cause)
    if job.status is Status.PROCESSING and job.attempt < event.max_attempts:
        return _queue(job, now)
    if job.status is Status.PROCESSING:
        return _settle(job, now, Status.FAILED, _spent(job.attempt))
    return _settle(job, now, Status.FAILED, Cause("QUEUE_TIMEOUT", "No worker got to the dive within a day.", True))


def _amended(job: Job, event: Amended, now: int) -> Job | Refusal:
    if job.status is Status.PROCESSING:  # the worker scores what it claimed
        return Refusal(Reason.BUSY, job)
    if job.status not in (Status.AWAITING_UPLOAD, Status.QUEUED, Status.SCORED):
        return Refusal(Reason.DONE, job)
    declared = event.over(job)
    if declared == job.declaration:
        return Refusal(Reason.SAME, job)
    try:
        declared.check()
    except DeclarationError:
        return Refusal(Reason.IMPOSSIBLE, job)
    if job.amendments >= MAX_AMENDMENTS:
        return Refusal(Reason.SPENT, job)
    result = job.result
    if result is not None:
        result = counted_again(result, declared)
        if result is None:
            return Refusal(Reason.TOO_OLD, job)
    amended = replace(job, dive=declared.dive, height=declared.height, difficulty=declared.difficulty, result=result)
    return _versioned(replace(amended, amendments=job.amendments + 1), now)


def _prolonged(job: Job, event: Prolonged, now: int) -> Job | Refusal:
    if job.status is not Status.AWAITING_UPLOAD or job.part_bytes is None:
        return Refusal(Reason.DONE, job)
    if job.upload_id not in (event.upload_id, event.instead_of):
        return Refusal(Reason.STALE, job)
    deadline = deadline_of_upload(job, now)
    if deadline is None:
        return Refusal(Reason.SPENT, job)
    # Clients see nothing of it, so the version stays.
    return replace(job, upload_id=event.upload_id, deadline=deadline, rev=job.rev + 1)


def _spent(attempts: int) -> Cause:
    return Cause("ATTEMPTS_SPENT", f"Scoring stopped without an answer {attempts} times; we gave up.", True)


def _lease_deadline(lease_ms: int, now: int) -> int:
    return now + (1 + LEASES_OF_GRACE) * lease_ms


def _queue(job: Job, now: int) -> Job:
    queued = replace(job, status=Status.QUEUED, deadline=now + QUEUE_RETENTION_MS, fraction=0.0)
    return _versioned(replace(queued, owner=None, lease_until=0, stage=None), now)


def _settle(job: Job, now: int, status: Status, error: Cause | None = None) -> Job:
    settled = replace(job, status=status, error=error, owner=None, lease_until=0, deadline=0)
    return _versioned(replace(settled, stage=None, fraction=0.0, ahead=None), now)


def _versioned(job: Job, now: int) -> Job:
    return replace(job, version=job.version + 1, rev=job.rev + 1, updated_at=max(now, job.updated_at))
