"""What `sweep` does: settles jobs whose deadline passed, so that none hangs because a message was lost."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from divescore.jobs.errors import JobNotFound
from divescore.jobs.messages import ScoringQueue
from divescore.jobs.model import Job
from divescore.jobs.table import JobTable
from divescore.jobs.transitions import QUEUE_RETENTION_MS, DeadlinePassed, Refusal
from divescore.uploads.multipart import MultipartStore
from divescore.uploads.notifications import notification_body
from divescore.uploads.store import UploadStore
from divescore.views import Status

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient

UNCLAIMED_MS = 5 * 60_000  # no queued job is without a worker for so long while the queue is empty
LONGEST_OTHER_DEADLINE_MS = 3_600_000  # queued jobs alone have deadlines that are further away


@dataclass(frozen=True)
class Sweeper:
    """Looks after overdue jobs. Running twice at once is harmless: every write is conditional."""

    table: JobTable
    store: UploadStore
    multipart: MultipartStore
    queue: ScoringQueue
    uploads_queue_url: str
    sqs: "SQSClient"
    max_attempts: int
    report: Callable[..., None]  # a structured warning: message, then fields

    def sweep(self) -> Counter[str]:
        """Settle everything that is overdue now, and send unclaimed jobs again; counts by what was done."""
        counts = Counter(self._look_at(job_id) for job_id in self.table.overdue(self.table.now()))
        # Nothing waits, and yet a job does: whoever took its message died before the claim, and the queue will not show
        # it again before six times the worker's time. While others wait, a job may rightly be among them.
        if self.queue.ahead() == 0:
            latest = self.table.now() + QUEUE_RETENTION_MS - UNCLAIMED_MS
            jobs = self.table.overdue(latest, after=self.table.now() + LONGEST_OTHER_DEADLINE_MS)
            counts.update(self._look_at(job_id) for job_id in jobs)
        return counts

    def _look_at(self, job_id: str) -> str:
        try:
            job = self.table.get(job_id)
            # The index lags: the job may be settled, or its lease renewed.
            if job.is_open and job.deadline <= self.table.now():
                return self._settle(job)
            if job.status is Status.QUEUED and job.deadline <= self.table.now() + QUEUE_RETENTION_MS - UNCLAIMED_MS:
                self.queue.send(job)
                return "sent_again"
            return "untouched"
        except JobNotFound:
            return "untouched"
        except Exception as error:  # whatever is wrong with one job, the others must not wait for it
            self.report("job could not be settled", job_id=job_id, error=repr(error))
            return "error"

    def _settle(self, job: Job) -> str:
        if job.status is Status.AWAITING_UPLOAD and (found := self.store.current_version(job.job_id)):
            return self._arrived(job, found)
        send_again = job.status is Status.PROCESSING and job.attempt < self.max_attempts
        if send_again:
            # Before the write: should we die in between, a message too many is harmless and one too few is a lost dive.
            self.queue.send(job)
        outcome = self.table.apply(job, DeadlinePassed(self.max_attempts))
        if isinstance(outcome, Refusal):
            return "untouched"
        if outcome.status is Status.EXPIRED and outcome.upload_id is not None:
            self.multipart.abort(outcome, outcome.upload_id)
        return "sent_again" if send_again else outcome.status.lower()

    def _arrived(self, job: Job, version: str) -> str:
        """The video is there, so its notification was lost: hand it to the gate, every minute until that decided."""
        if self.table.now() < job.deadline + QUEUE_RETENTION_MS:
            body = notification_body(self.store.bucket, job.key, version)
            self.sqs.send_message(QueueUrl=self.uploads_queue_url, MessageBody=body)
            return "handed_on"
        outcome = self.table.apply(job, DeadlinePassed(self.max_attempts, arrived=version))
        return "untouched" if isinstance(outcome, Refusal) else outcome.status.lower()
