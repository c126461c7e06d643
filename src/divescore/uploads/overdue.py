"""What `sweep` does: settles jobs whose deadline passed, so that none hangs because a message was lost."""

from collections import Counter
from dataclasses import dataclass
from typing import Any

from divescore.jobs.messages import ScoringQueue
from divescore.jobs.model import Job, Status
from divescore.jobs.table import JobTable, now_ms
from divescore.jobs.transitions import DeadlinePassed, Refusal
from divescore.uploads.notifications import notification_body
from divescore.uploads.store import UploadStore


@dataclass(frozen=True)
class Sweeper:
    """Looks after overdue jobs. Running twice at once is harmless: every write is conditional."""

    table: JobTable
    store: UploadStore
    queue: ScoringQueue
    uploads_queue_url: str
    sqs: Any
    max_attempts: int

    def sweep(self) -> Counter[str]:
        """Settle everything that is overdue now; counts by what was done."""
        return Counter(self._settle(job) for job in self.table.overdue(now_ms()))

    def _settle(self, job: Job) -> str:
        if job.status is Status.AWAITING_UPLOAD and (found := self.store.current_version(job.job_id)):
            # The video is there, so its notification was lost: hand it to the gate again. The job stays overdue, and
            # this repeats every minute, until the gate has decided.
            body = notification_body(self.store.bucket, job.key, found[0])
            self.sqs.send_message(QueueUrl=self.uploads_queue_url, MessageBody=body)
            return "handed_on"
        send_again = job.status is Status.PROCESSING and job.attempt < self.max_attempts
        if send_again:
            # Before the write: should we die in between, a message too many is harmless and one too few is a lost dive.
            self.queue.send(job)
        outcome = self.table.apply(job, DeadlinePassed(self.max_attempts))
        if isinstance(outcome, Refusal):
            return "untouched"
        return "sent_again" if send_again else outcome.status.lower()
