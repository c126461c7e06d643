"""What is to be done with each letter: a pure function of the letter, its jobs and what earlier runs confirmed."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from divescore.jobs.model import Job
from divescore.ops.replay.dead_letters import Letter, Source, Work
from divescore.ops.replay.streams import Position
from divescore.views import FINAL, Status


class Action(StrEnum):
    """What a run does with a letter."""

    SEND = "send"  # back to its queue; FAILED jobs become QUEUED
    PUSH = "push"  # the jobs' current state, to whoever watches
    REMOVE = "remove"  # sent and confirmed by an earlier run that died before it could delete the letter
    DUPLICATE = "duplicate"  # of an older letter for the same work: deleted once that one is confirmed
    SKIP = "skip"


class Reason(StrEnum):
    """Why a letter is not sent."""

    SCORED = "SCORED"
    REJECTED = "REJECTED"
    CANCELLED = "CANCELLED"
    EXPIRED = "EXPIRED"
    WORKING = "WORKING"
    OTHER_VERSION = "OTHER_VERSION"
    VIDEO_GONE = "VIDEO_GONE"
    NO_JOB = "NO_JOB"
    UNREADABLE = "UNREADABLE"
    NO_UPLOAD = "NO_UPLOAD"


SENTENCES = {
    Reason.SCORED: "the dive has its score",
    Reason.REJECTED: "the video was rejected; another try would end the same",
    Reason.CANCELLED: "the uploader cancelled it",
    Reason.EXPIRED: "the upload never came",
    Reason.WORKING: "a worker is at it",
    Reason.OTHER_VERSION: "the job is bound to another version of the upload",
    Reason.VIDEO_GONE: "the video is no longer there",
    Reason.NO_JOB: "there is no such job any more",
    Reason.UNREADABLE: "nobody of ours wrote this",
    Reason.NO_UPLOAD: "it speaks of no upload",
}
# Without a cause on record: SQS itself put the message away, after too many receives.
RECEIVES_SPENT = "RECEIVES_SPENT"


@dataclass(frozen=True, slots=True)
class Found:
    """A work and how it stands: its job (None: removed) and whether that version of the video is there."""

    work: Work
    job: Job | None
    video: bool


@dataclass(frozen=True)
class Case:
    """A letter with everything that is known about it."""

    letter: Letter
    found: tuple[Found, ...] = ()
    position: Position | None = None  # of a stream's letter
    watched: tuple[Job, ...] = ()  # the jobs behind that position
    problem: str | None = None  # why it cannot be read

    @property
    def jobs(self) -> tuple[str, ...]:
        """Ids of the jobs that it is about."""
        return tuple(found.work.job_id for found in self.found) or tuple(job.job_id for job in self.watched)

    @property
    def cause(self) -> str:
        """Why it lies here, as a code: the job's error while it is failed, else what the letter says."""
        if self.problem is not None:
            return Reason.UNREADABLE
        if self.position is not None:
            return self.position.condition
        for found in self.found:
            if found.job and found.job.status is Status.FAILED and found.job.error:
                return found.job.error.code
        return self.letter.text("cause") or RECEIVES_SPENT

    @property
    def attempts(self) -> int | None:
        """How many attempts were made, None when nobody counted."""
        text = self.letter.text("attempts")
        if text is not None and text.isdecimal():
            return int(text)
        known = [found.job.attempt for found in self.found if found.job]
        return max(known) if known else None


@dataclass(frozen=True)
class Step:
    """A letter and what to do with it."""

    case: Case
    action: Action
    reason: Reason | None = None
    requeue: tuple[Job, ...] = ()  # FAILED jobs that become QUEUED with it
    of: str | None = None  # the letter that this one is a duplicate of

    @property
    def letter(self) -> Letter:
        """The letter."""
        return self.case.letter


@dataclass(frozen=True)
class Confirmed:
    """What earlier runs are sure to have sent: message ids, and the work of those."""

    letters: Collection[str] = field(default_factory=frozenset)
    works: Collection[Work] = field(default_factory=frozenset)


def plan(cases: Iterable[Case], confirmed: Confirmed, now: int) -> list[Step]:
    """A step for each case, the oldest first; of several letters for one work the oldest alone is sent.

    `now` in ms: by it a worker's lease is alive or not.
    """
    steps: list[Step] = []
    first: dict[tuple[Source, tuple[Work, ...]], str] = {}
    for case in sorted(cases, key=lambda case: (case.letter.sent_at, case.letter.message_id)):
        step = decide(case, confirmed, now)
        if step.action is Action.SEND:
            key = (case.letter.source, tuple(found.work for found in case.found))
            if (older := first.setdefault(key, case.letter.message_id)) != case.letter.message_id:
                step = Step(case, Action.DUPLICATE, of=older)
        steps.append(step)
    return steps


def decide(case: Case, confirmed: Confirmed, now: int) -> Step:
    """What to do with one letter, others aside."""
    if case.problem is not None:
        return Step(case, Action.SKIP, Reason.UNREADABLE)
    if case.position is not None:
        return Step(case, Action.PUSH)
    if not case.found:
        return Step(case, Action.SKIP, Reason.NO_UPLOAD)
    requeue = tuple(found.job for found in case.found if found.job and _failed(found))
    if not requeue and _sent_before(case, confirmed):
        # A job that failed again since then is another matter: its letter is sent like any other.
        return Step(case, Action.REMOVE)
    gate = case.letter.source is Source.UPLOADS
    reasons = [_at_the_gate(found, now) if gate else _at_the_worker(found, now) for found in case.found]
    if all(reasons):
        return Step(case, Action.SKIP, reasons[0])
    return Step(case, Action.SEND, requeue=requeue)


def _failed(found: Found) -> bool:
    job = found.job
    bound = job is not None and job.object_version == found.work.object_version
    return job is not None and bound and found.video and job.status is Status.FAILED


def _sent_before(case: Case, confirmed: Confirmed) -> bool:
    return case.letter.message_id in confirmed.letters or all(found.work in confirmed.works for found in case.found)


def _at_the_worker(found: Found, now: int) -> Reason | None:
    """Why a worker could do nothing with it; None when it could."""
    job = found.job
    if job is None:
        return Reason.NO_JOB
    if job.object_version not in (None, found.work.object_version):
        return Reason.OTHER_VERSION
    if job.status in FINAL:
        return Reason(job.status)
    return _hindered(job, found.video, now)


def _at_the_gate(found: Found, now: int) -> Reason | None:
    """Why `enqueue` would do nothing with it; None when it would.

    A video that nobody waits for any more is its business too: it erases it.
    """
    job = found.job
    bound = job is not None and job.object_version in (None, found.work.object_version)
    if job is None or not bound or job.status in (Status.CANCELLED, Status.EXPIRED):
        return None if found.video else Reason.VIDEO_GONE
    if job.status in FINAL:
        return Reason(job.status)
    return _hindered(job, found.video, now)


def _hindered(job: Job, video: bool, now: int) -> Reason | None:
    if job.status is Status.FAILED and job.object_version is None:
        return Reason.NO_UPLOAD
    if not video:
        return Reason.VIDEO_GONE
    return Reason.WORKING if job.status is Status.PROCESSING and now < job.lease_until else None


def to_do(steps: Sequence[Step]) -> list[Step]:
    """The steps that change something."""
    return [step for step in steps if step.action is not Action.SKIP]
