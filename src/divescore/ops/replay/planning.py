"""What to do with each dead letter: a pure function of it, its jobs and what earlier runs confirmed."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from divescore.jobs.model import Job
from divescore.ops.replay.dead_letters import DeadLetter, QueueName
from divescore.ops.replay.streams import StreamPosition
from divescore.uploads.notifications import Upload
from divescore.views import FINAL, Status


class Action(StrEnum):
    """What a run does with a dead letter."""

    SEND = "send"  # to its source queue; FAILED jobs become QUEUED
    PUSH = "push"  # the jobs' current state, to whoever watches or subscribes
    REMOVE = "remove"  # sent and confirmed by an earlier run that died before it could delete it
    DUPLICATE = "duplicate"  # of an older one about the same upload: deleted once that one is confirmed
    SKIP = "skip"


class SkipReason(StrEnum):
    """Why a dead letter is not sent. The first four are states of its job."""

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
    SkipReason.SCORED: "the dive has its score",
    SkipReason.REJECTED: "the video was rejected; another try would end the same",
    SkipReason.CANCELLED: "the uploader cancelled it",
    SkipReason.EXPIRED: "the upload never came",
    SkipReason.WORKING: "a worker is at it",
    SkipReason.OTHER_VERSION: "the job is bound to another version of the upload",
    SkipReason.VIDEO_GONE: "the video is no longer there",
    SkipReason.NO_JOB: "there is no such job any more",
    SkipReason.UNREADABLE: "nobody of ours wrote this",
    SkipReason.NO_UPLOAD: "it speaks of no upload",
}
# Without a cause on record: SQS itself moved the message here, after too many receives.
RECEIVES_SPENT = "RECEIVES_SPENT"


@dataclass(frozen=True, slots=True)
class UploadState:
    """An upload, its job (None: removed) and whether that version of the video is there."""

    upload: Upload
    job: Job | None
    video: bool


@dataclass(frozen=True)
class Diagnosis:
    """A dead letter with everything that is known about it."""

    letter: DeadLetter
    uploads: tuple[UploadState, ...] = ()
    position: StreamPosition | None = None  # of a dead letter of the stream
    watched: tuple[Job, ...] = ()  # the jobs behind that position
    problem: str | None = None  # why it cannot be read

    @property
    def jobs(self) -> tuple[str, ...]:
        """Ids of the jobs that it is about."""
        return tuple(state.upload.job_id for state in self.uploads) or tuple(job.job_id for job in self.watched)

    @property
    def cause(self) -> str:
        """Why it lies here, as a code: the job's error while it is failed, else what the dead letter says."""
        if self.problem is not None:
            return SkipReason.UNREADABLE
        if self.position is not None:
            return self.position.condition
        for state in self.uploads:
            if state.job and state.job.status is Status.FAILED and state.job.error:
                return state.job.error.code
        return self.letter.text("cause") or RECEIVES_SPENT

    @property
    def attempts(self) -> int | None:
        """How many attempts were made, None when nobody counted."""
        text = self.letter.text("attempts")
        if text is not None and text.isdecimal():
            return int(text)
        known = [state.job.attempt for state in self.uploads if state.job]
        return max(known) if known else None


@dataclass(frozen=True)
class Step:
    """A dead letter and what to do with it."""

    diagnosis: Diagnosis
    action: Action
    reason: SkipReason | None = None
    requeue: tuple[Job, ...] = ()  # FAILED jobs that become QUEUED with it
    of: str | None = None  # the message that this one is a duplicate of

    @property
    def letter(self) -> DeadLetter:
        """The dead letter."""
        return self.diagnosis.letter


@dataclass(frozen=True)
class Confirmed:
    """What earlier runs are sure to have sent: message ids, and the uploads that those are about."""

    letters: set[str] = field(default_factory=set)
    uploads: set[Upload] = field(default_factory=set)


def plan(diagnoses: Iterable[Diagnosis], confirmed: Confirmed, now: int) -> list[Step]:
    """A step for each dead letter, the oldest first; of several about the same uploads the oldest alone is sent.

    `now` in ms: by it a worker's lease is alive or not.
    """
    steps: list[Step] = []
    first: dict[tuple[QueueName, tuple[Upload, ...]], str] = {}
    for diagnosis in sorted(diagnoses, key=lambda each: (each.letter.sent_at, each.letter.message_id)):
        step = decide(diagnosis, confirmed, now)
        letter = diagnosis.letter
        if step.action is Action.SEND:
            key = (letter.queue, tuple(state.upload for state in diagnosis.uploads))
            if (older := first.setdefault(key, letter.message_id)) != letter.message_id:
                step = Step(diagnosis, Action.DUPLICATE, of=older)
        steps.append(step)
    return steps


def decide(diagnosis: Diagnosis, confirmed: Confirmed, now: int) -> Step:
    """What to do with one dead letter, others aside."""
    if diagnosis.problem is not None:
        return Step(diagnosis, Action.SKIP, SkipReason.UNREADABLE)
    if diagnosis.position is not None:
        return Step(diagnosis, Action.PUSH)
    if not diagnosis.uploads:
        return Step(diagnosis, Action.SKIP, SkipReason.NO_UPLOAD)
    requeue = tuple(state.job for state in diagnosis.uploads if state.job and _failed(state, state.job))
    if not requeue and _sent_before(diagnosis, confirmed):
        # A job that failed again since then is another matter: its dead letter is sent like any other.
        return Step(diagnosis, Action.REMOVE)
    skip = _not_for_enqueue if diagnosis.letter.queue is QueueName.UPLOADS else _not_for_worker
    reasons = [skip(state, now) for state in diagnosis.uploads]
    if all(reasons):
        return Step(diagnosis, Action.SKIP, reasons[0])
    return Step(diagnosis, Action.SEND, requeue=requeue)


def to_do(steps: Sequence[Step]) -> list[Step]:
    """The steps that change something."""
    return [step for step in steps if step.action is not Action.SKIP]


def _failed(state: UploadState, job: Job) -> bool:
    return job.status is Status.FAILED and job.object_version == state.upload.object_version and state.video


def _sent_before(diagnosis: Diagnosis, confirmed: Confirmed) -> bool:
    if diagnosis.letter.message_id in confirmed.letters:
        return True
    return all(state.upload in confirmed.uploads for state in diagnosis.uploads)


def _not_for_worker(state: UploadState, now: int) -> SkipReason | None:
    """Why a worker could do nothing with it; None when it could."""
    job = state.job
    if job is None:
        return SkipReason.NO_JOB
    if job.object_version not in (None, state.upload.object_version):
        return SkipReason.OTHER_VERSION
    return _hindered(job, state.video, now)


def _not_for_enqueue(state: UploadState, now: int) -> SkipReason | None:
    """Why `enqueue` would do nothing with it; None when it would.

    A video that nobody waits for any more is its business too: it erases it.
    """
    job = state.job
    bound = job is not None and job.object_version in (None, state.upload.object_version)
    if job is None or not bound or job.status in (Status.CANCELLED, Status.EXPIRED):
        return None if state.video else SkipReason.VIDEO_GONE
    return _hindered(job, state.video, now)


def _hindered(job: Job, video: bool, now: int) -> SkipReason | None:
    if job.status in FINAL:
        return SkipReason(job.status)
    if job.status is Status.FAILED and job.object_version is None:
        return SkipReason.NO_UPLOAD
    if not video:
        return SkipReason.VIDEO_GONE
    return SkipReason.WORKING if job.status is Status.PROCESSING and now < job.lease_until else None
