"""What to do with one delivery of the scoring queue, by the job's state (the queue may deliver anything twice)."""

import time
import uuid
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, Self

from botocore.exceptions import BotoCoreError, ClientError

from divescore.jobs.errors import Contended, JobNotFound
from divescore.jobs.messages import DeadLetters, ScoringMessage, parse_message
from divescore.jobs.meter import SILENT, Meter
from divescore.jobs.model import Cause, Job
from divescore.jobs.redelivery import back_off, come_back_in
from divescore.jobs.table import JobTable
from divescore.jobs.transitions import Claimed, Reason, Refusal
from divescore.uploads.store import ObjectGone, UploadStore
from divescore.video.errors import VideoRejected
from divescore.video.progress import OnProgress
from divescore.views import Status
from divescore.worker.attempt import Attempt, HandBack, LeaseLost
from divescore.worker.folders import attempt_folder
from divescore.worker.rendition import RENDITION_SECONDS, Renditions

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient

    from divescore.scoring.scorer import Scored

VISIBILITY_MARGIN_SECONDS = 2  # a message comes back this much after its job's lease has lapsed


class ScoreVideo(Protocol):
    """What the worker needs of a scorer, see `Scorer.score`."""

    def __call__(
        self,
        path: Path,
        dive: str | None,
        difficulty: float | None,
        *,
        height: float | None,
        on_progress: OnProgress,
    ) -> "Scored":
        """Score the video at `path`; raises VideoRejected, and what `on_progress` raises."""


class Delivered(StrEnum):
    """What became of a delivery."""

    SCORED = "scored"
    REJECTED = "rejected"
    RETRY = "retry"
    FAILED = "failed"
    BUSY = "busy"
    DONE = "done"
    STALE = "stale"
    LOST = "lost"
    UNKNOWN = "unknown"

    @property
    def acknowledged(self) -> bool:
        """Whether the message may leave the queue."""
        return self not in (Delivered.RETRY, Delivered.BUSY)


@dataclass(frozen=True, slots=True)
class Delivery:
    """One message as it was received; `body` is its text, for a copy among the dead letters."""

    message: ScoringMessage
    body: str
    receipt: str
    sent_at: int | None = None  # ms since the epoch; a redelivery keeps it

    @classmethod
    def of(cls, body: str, receipt: str, sent_at: int | None = None) -> Self:
        """The delivery of a message with this body. Raises BadMessage when it is none of the service's."""
        return cls(parse_message(body), body, receipt, sent_at)


@dataclass(frozen=True)
class Worker:
    """Scores what the queue delivers."""

    table: JobTable
    store: UploadStore
    score: ScoreVideo
    sqs: "SQSClient"
    queue_url: str
    dead_letters: DeadLetters
    lease_seconds: int
    heartbeat_seconds: float
    max_attempts: int
    report: Callable[..., None]  # a structured warning: message, then fields
    renditions: Renditions
    monotonic: Callable[[], float] = time.monotonic
    meter: Meter = SILENT

    def handle(self, delivery: Delivery, seconds_left: Callable[[], float]) -> Delivered:
        """Do what the job's state asks for.

        `seconds_left`: time until the attempt has to be handed back, some seconds before the function is stopped.
        """
        message = delivery.message
        try:
            job = self.table.get(message.job_id)
            claim = Claimed(uuid.uuid4().hex, message.object_version, self.lease_seconds * 1000, self.max_attempts)
            outcome = self.table.apply(job, claim)
        except JobNotFound:
            return Delivered.UNKNOWN
        if isinstance(outcome, Refusal):
            return self._refused(delivery, outcome)
        if outcome.status is Status.FAILED:
            self._count_failure(outcome)
            return self._dead_letter(delivery, outcome)
        if job.status is Status.PROCESSING:
            self.meter.count("TakenOver")
        if outcome.attempt == 1 and delivery.sent_at is not None:
            self.meter.seconds("QueueAge", max(0, self.table.now() - delivery.sent_at) / 1000)
        return self._attempt(delivery, outcome, seconds_left)

    def _refused(self, delivery: Delivery, refusal: Refusal) -> Delivered:
        if refusal.reason is Reason.BUSY:
            wait = (refusal.job.lease_until - self.table.now()) / 1000 + VISIBILITY_MARGIN_SECONDS
            self._delay(delivery, wait)
            return Delivered.BUSY
        if refusal.job.status is Status.FAILED:
            return self._dead_letter(delivery, refusal.job)
        return Delivered.STALE if refusal.reason is Reason.STALE else Delivered.DONE

    def _attempt(self, delivery: Delivery, job: Job, seconds_left: Callable[[], float]) -> Delivered:
        keep = self.lease_seconds + VISIBILITY_MARGIN_SECONDS
        self._delay(delivery, keep)
        attempt = Attempt(
            self.table,
            job,
            lease_ms=self.lease_seconds * 1000,
            heartbeat_seconds=self.heartbeat_seconds,
            max_attempts=self.max_attempts,
            keep_message=lambda: self._delay(delivery, keep),
            seconds_left=seconds_left,
            on_heartbeat_error=lambda error: self.report("heartbeat failed", error=repr(error)),
            clock=self.monotonic,
        )
        with ExitStack() as videos:
            try:
                with attempt:
                    settled, unplayable = self._work(attempt, videos)
            except LeaseLost:
                return Delivered.LOST
            outcome = self._settle(delivery, settled)
            if unplayable is not None:
                # No heartbeat holds the message any more. Were it delivered meanwhile, its job would be found settled.
                self._delay(delivery, RENDITION_SECONDS + VISIBILITY_MARGIN_SECONDS)
                self.renditions.add(settled, unplayable, seconds_left())
        return outcome

    def _settle(self, delivery: Delivery, settled: Job) -> Delivered:
        match settled.status:
            case Status.SCORED:
                self._measure(settled)
                return Delivered.SCORED
            case Status.REJECTED:
                self.meter.count("Rejected", code=_code(settled))
                return Delivered.REJECTED
            case Status.FAILED:
                self._count_failure(settled)
                return self._dead_letter(delivery, settled)
            case _:
                self.meter.count("Retried", code=_code(settled))
                self._delay(delivery, back_off(settled.attempt))
                return Delivered.RETRY

    def _work(self, attempt: Attempt, videos: ExitStack) -> tuple[Job, Path | None]:
        """The job after the attempt's last write; its film, kept by `videos`, if that needs a rendition now."""
        try:
            result, unplayable = self._result(attempt, videos)
            return attempt.finish(result), unplayable
        except VideoRejected as error:
            return attempt.reject(Cause(error.code, error.message)), None
        except LeaseLost:
            raise
        except Exception as error:  # whatever it was, the job must not hang: its cause goes on record
            cause = _cause(error)
            self.report("attempt failed", code=cause.code, error=repr(error), attempt=attempt.job.attempt)
            return attempt.fail(cause), None

    def _result(self, attempt: Attempt, videos: ExitStack) -> tuple[dict[str, object], Path | None]:
        job = attempt.job
        if job.object_version is None:
            raise ValueError("a claimed job is bound to an upload")
        path = videos.enter_context(attempt_folder(self.report)) / "video"
        started = time.perf_counter()
        self.store.download(job.job_id, job.object_version, path, lambda part: attempt.progress("downloading", part))
        downloaded = time.perf_counter() - started
        scored = self.score(path, job.dive, job.difficulty, height=job.height, on_progress=attempt.progress)
        result, unplayable = scored.result, None if scored.playable else path
        return {**result.to_json(), "timings": {"download": round(downloaded, 4), **result.timings}}, unplayable

    def _measure(self, scored: Job) -> None:
        self.meter.count("Scored")
        for stage, seconds in (scored.result or {}).get("timings", {}).items():
            self.meter.seconds("StageSeconds", seconds, stage=stage)

    def _count_failure(self, failed: Job) -> None:
        self.meter.count("Failed", code=_code(failed))

    def _dead_letter(self, delivery: Delivery, job: Job) -> Delivered:
        cause = job.error or Cause("INTERNAL", "The job failed without a cause on record.", True)
        self.dead_letters.send(delivery.body, job.client, cause, job.attempt)
        return Delivered.FAILED

    def _delay(self, delivery: Delivery, seconds: float) -> None:
        come_back_in(seconds, self.sqs, self.queue_url, delivery.receipt, self.report)


def _code(job: Job) -> str:
    return job.error.code if job.error else "UNKNOWN"


def _cause(error: Exception) -> Cause:
    match error:
        case HandBack():
            return error.cause
        case ObjectGone():
            return Cause("VIDEO_GONE", "The video was removed before it could be scored.", retryable=False)
        case ClientError() | BotoCoreError() | Contended():
            return Cause("UNAVAILABLE", "A service that we depend on did not answer as it should.", True)
        case MemoryError():
            return Cause("OUT_OF_MEMORY", "Scoring this video took more memory than there is.", True)
        case _:
            return Cause("INTERNAL", "Scoring stopped because of a fault of ours.", True)
