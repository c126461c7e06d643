"""An attempt that holds a job's lease: its heartbeat, its progress, and the writes that only its holder may make."""

import threading
import time
from collections.abc import Callable
from types import TracebackType
from typing import Self

from divescore.jobs.errors import JobNotFound
from divescore.jobs.model import Cause, Job
from divescore.jobs.table import JobTable
from divescore.jobs.transitions import (
    AttemptFailed,
    Fence,
    Finished,
    Progressed,
    Refusal,
    Rejected,
    Renewed,
    WorkerEvent,
)

# Progress is written at most this often. A dive that was cancelled, or taken over, is noticed then; a shorter one asks
# nothing on its way, and its score is refused.
PROGRESS_SECONDS = 0.5

# The whole attempt as one bar: where each stage starts, and how much of it the stage is.
_STAGES = {"downloading": (0.0, 0.1), "decoding": (0.1, 0.4), "scoring": (0.5, 0.5)}


class LeaseLost(Exception):
    """The attempt is not the current one any more (taken over, cancelled, its record gone): stop and clean up."""


class HandBack(Exception):
    """Stop the attempt and let another one have the job; `cause` says why."""

    def __init__(self, cause: Cause) -> None:
        super().__init__(cause.message)
        self.cause = cause


class Attempt:
    """A context manager with the heartbeat inside; its methods are for the one thread that does the work."""

    def __init__(
        self,
        table: JobTable,
        job: Job,
        *,
        lease_ms: int,
        heartbeat_seconds: float,
        max_attempts: int,
        keep_message: Callable[[], None],
        seconds_left: Callable[[], float],
        on_heartbeat_error: Callable[[Exception], None],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        if job.owner is None:
            raise ValueError(f"job {job.job_id} was not claimed")
        self._table = table
        self._job = job
        self._fence = Fence(job.owner, job.attempt)
        self._lease_ms = lease_ms
        self._heartbeat_seconds = heartbeat_seconds
        self._max_attempts = max_attempts
        self._keep_message = keep_message
        self._seconds_left = seconds_left
        self._on_heartbeat_error = on_heartbeat_error
        self._lock = threading.Lock()
        self._stop = threading.Event()
        self._lost = threading.Event()
        self._thread = threading.Thread(target=self._beat, name="heartbeat", daemon=True)
        self._clock = clock
        self._last_progress = clock()

    @property
    def job(self) -> Job:
        """The job as of the last write of this attempt."""
        return self._job

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._stop.set()
        self._thread.join()

    def progress(self, stage: str, fraction: float) -> None:
        """Report `fraction` (0 to 1) of `stage`; written rarely.

        Raises LeaseLost when the attempt is over, HandBack when the function's own time is nearly up.
        """
        if self._lost.is_set():
            raise LeaseLost
        if self._seconds_left() <= 0:
            raise HandBack(Cause("OUT_OF_TIME", "Scoring did not end within the time of one attempt.", True))
        start, share = _STAGES[stage]
        done = start + share * fraction
        due = self._clock() - self._last_progress >= PROGRESS_SECONDS
        if due and done < 1:  # at 1 the score itself follows at once
            self._write(Progressed(self._fence, stage, done))
            self._last_progress = self._clock()

    def finish(self, result: dict[str, object]) -> Job:
        """Record the score. Raises LeaseLost."""
        return self._write(Finished(self._fence, result))

    def reject(self, cause: Cause) -> Job:
        """Record that the video is at fault. Raises LeaseLost."""
        return self._write(Rejected(self._fence, cause))

    def fail(self, cause: Cause) -> Job:
        """Record that the attempt failed; the job is QUEUED again or FAILED. Raises LeaseLost."""
        return self._write(AttemptFailed(self._fence, cause, self._max_attempts))

    def _write(self, event: WorkerEvent) -> Job:
        with self._lock:
            try:
                outcome = self._table.apply(self._job, event)
            except JobNotFound as error:
                raise self._lose() from error
            if isinstance(outcome, Refusal):
                raise self._lose()
            self._job = outcome
            return outcome

    def _lose(self) -> LeaseLost:
        self._lost.set()
        return LeaseLost()

    def _beat(self) -> None:
        while not self._stop.wait(self._heartbeat_seconds):
            try:
                self._write(Renewed(self._fence, self._lease_ms))
                self._keep_message()
            except LeaseLost:
                return  # the working thread hears of it at its next progress call
            except Exception as error:
                # A missed beat is survivable: the lease lasts three of them, and the next one comes.
                self._on_heartbeat_error(error)
