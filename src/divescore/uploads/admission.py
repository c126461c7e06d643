"""The cheap gate in front of the expensive queue: looks at a stored upload and queues it, rejects it or erases it."""

from dataclasses import dataclass
from enum import StrEnum

from divescore.containers import HEAD_BYTES, NotTaken, sniff
from divescore.jobs.errors import JobNotFound
from divescore.jobs.messages import ScoringQueue
from divescore.jobs.meter import SILENT, Meter
from divescore.jobs.model import Cause, Job
from divescore.jobs.table import JobTable
from divescore.jobs.transitions import Accepted, Refusal, TurnedAway
from divescore.uploads.notifications import Upload
from divescore.uploads.store import ObjectGone, UploadStore
from divescore.views import Status


class Admitted(StrEnum):
    """What became of a notification."""

    QUEUED = "queued"
    SENT_AGAIN = "sent_again"
    REJECTED = "rejected"
    ERASED = "erased"
    IGNORED = "ignored"


@dataclass(frozen=True)
class Admission:
    """Decides about uploads; every decision may be taken any number of times."""

    table: JobTable
    store: UploadStore
    queue: ScoringQueue
    meter: Meter = SILENT

    def admit(self, upload: Upload) -> Admitted:
        """Queue or reject the upload of a waiting job, heal a lost message, erase what nobody waits for."""
        try:
            job = self.table.get(upload.job_id)
        except JobNotFound:
            # Its record is gone, so nobody holds a token for this video.
            self.store.erase_version(upload.job_id, upload.object_version)
            return Admitted.ERASED
        if job.status is not Status.AWAITING_UPLOAD:
            return self._late(job, upload)
        return self._first(job, upload)

    def _first(self, job: Job, upload: Upload) -> Admitted:
        try:
            verdict = sniff(self.store.head(upload.job_id, upload.object_version, HEAD_BYTES))
        except ObjectGone:
            return Admitted.IGNORED
        if isinstance(verdict, NotTaken):
            cause = Cause(verdict.code, verdict.message)
            outcome = self.table.apply(job, TurnedAway(upload.object_version, cause))
        else:
            outcome = self.table.apply(job, Accepted(upload.object_version, self.queue.ahead()))
        if isinstance(outcome, Refusal):
            return self._late(outcome.job, upload)
        if outcome.status is Status.REJECTED:
            self.meter.count("Rejected", code=outcome.error.code if outcome.error else "UNKNOWN")
            return Admitted.REJECTED
        self.meter.count("Accepted")
        self.queue.send(outcome)
        return Admitted.QUEUED

    def _late(self, job: Job, upload: Upload) -> Admitted:
        if job.status in (Status.CANCELLED, Status.EXPIRED):
            # All of it: whoever cancelled may have died before erasing.
            self.store.erase(upload.job_id)
            return Admitted.ERASED
        if job.object_version not in (None, upload.object_version):
            # The form was posted twice: the job is bound to the version that was accepted first.
            self.store.erase_version(upload.job_id, upload.object_version)
            return Admitted.ERASED
        if job.status is Status.QUEUED:
            # The same event again may mean that we died between the write and the send; duplicates are harmless.
            self.queue.send(job)
            return Admitted.SENT_AGAIN
        return Admitted.IGNORED
