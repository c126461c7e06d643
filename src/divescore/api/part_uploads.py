"""A large video that arrives in parts: an address for each part that is to be sent, and the end of the upload."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from divescore.api.bodies import AskForParts, JobChanged, PartAddress, PartsAnswer, PartsPlan, PartToSend
from divescore.api.errors import NoSuchPart, NotInParts, PartsMissing, UploadOver
from divescore.jobs.errors import Contended
from divescore.jobs.model import Job
from divescore.jobs.prolonging import Prolonged, upload_closes_at
from divescore.jobs.table import JobTable
from divescore.jobs.transitions import Reason
from divescore.jobs.view import job_view
from divescore.uploads.multipart import (
    MultipartStore,
    PartPlan,
    PartsRefused,
    StoredPart,
    UploadForgotten,
    headers_of,
)
from divescore.uploads.store import UploadStore
from divescore.views import Status, iso

# As long as the credentials that sign it last at least; a client asks again for what it could not send by then.
ADDRESS_SECONDS = 15 * 60
NAMED_AT_MOST = 10  # of the parts that are missing
MAX_BEGINNINGS = 5  # of calls that all want to begin the same upload, one gets through each time
OVER = "The time to send this video has passed; submit it again."


@dataclass(frozen=True)
class PartUploads:
    """What the API does about uploads in parts. Every call may be repeated."""

    table: JobTable
    store: UploadStore
    multipart: MultipartStore

    def plan(self, job: Job) -> PartsPlan:
        """What a client needs to know before it asks for the first part."""
        plan = _plan(job)
        return PartsPlan(part_size=plan.part_bytes, count=plan.count, expires_at=iso(self._closes_at(job)))

    def addresses(self, job_id: str, request: AskForParts) -> PartsAnswer:
        """Which parts are there, and an address for each of the others that are asked for; prolongs the upload.

        An upload that S3 does not know any more is begun anew, with nothing present. Raises NotInParts, UploadOver,
        NoSuchPart.
        """
        for _ in range(MAX_BEGINNINGS):
            job = self.table.get(job_id)
            plan = _plan(job)
            _check_numbers(plan, request.parts)
            if self._settled(job):
                return self._all_present(job, plan)
            stored = self._stored(job)
            if stored is None and self._completed(job):
                return self._all_present(job, plan)
            upload_id = job.upload_id if job.upload_id is not None and stored is not None else self.multipart.begin(job)
            outcome = self.table.apply(job, Prolonged(upload_id, instead_of=job.upload_id))
            if isinstance(outcome, Job):
                return self._answer(outcome, plan, stored or [], request.parts)
            if upload_id != job.upload_id:
                self.multipart.abort(job, upload_id)
            if outcome.reason is Reason.SPENT:
                raise UploadOver(OVER)
            # Another call began an upload meanwhile, or the job went on: look again.
        raise Contended(job_id)

    def complete(self, job_id: str) -> JobChanged:
        """Make the video of its parts once all are there. Raises NotInParts, UploadOver, PartsMissing."""
        job = self.table.get(job_id)
        plan = _plan(job)
        if self._settled(job):
            return JobChanged(job=job_view(job))
        stored = self._stored(job)
        try:
            if stored is not None and job.upload_id is not None:
                self.multipart.complete(job, job.upload_id, _whole(plan, stored))
        except UploadForgotten:
            stored = None
        except PartsRefused as error:
            raise PartsMissing(
                "The parts changed while they were put together; ask which of them are there."
            ) from error
        # Forgotten: completed before, by a call whose answer was lost; or else given up, by us or by S3.
        if stored is None and not self._completed(job):
            job = self.table.get(job_id)
            if not self._settled(job):
                raise _missing(plan, range(1, plan.count + 1))
        return JobChanged(job=job_view(self.table.get(job_id)))

    def abort(self, job: Job) -> None:
        """Give up what was sent so far, if anything was."""
        if job.upload_id is not None:
            self.multipart.abort(job, job.upload_id)

    def _settled(self, job: Job) -> bool:
        """Whether the video arrived long since. Raises NotInParts or UploadOver where it never will."""
        if job.status is Status.CANCELLED:
            raise NotInParts("The job was cancelled; submit the video again.")
        if job.status is Status.EXPIRED:
            raise UploadOver(OVER)
        return job.status is not Status.AWAITING_UPLOAD

    def _completed(self, job: Job) -> bool:
        """Whether an upload that S3 does not know any more left its video."""
        return job.upload_id is not None and self.store.current_version(job.job_id) is not None

    def _stored(self, job: Job) -> list[StoredPart] | None:
        """The parts that S3 has; None without an upload that it knows."""
        try:
            return None if job.upload_id is None else self.multipart.parts(job, job.upload_id)
        except UploadForgotten:
            return None

    def _answer(self, job: Job, plan: PartPlan, stored: list[StoredPart], asked: list[PartToSend]) -> PartsAnswer:
        # Whoever asks for a part with another checksum is about to send something else in its place.
        wanted = {part.number: part.sha256 for part in asked}
        there = {
            part.number for part in stored if part.fits(plan) and wanted.get(part.number, part.sha256) == part.sha256
        }
        closes_at = self._closes_at(job)
        seconds = max(1, min(ADDRESS_SECONDS, (closes_at - self.table.now()) // 1000))
        addresses = [
            PartAddress(
                number=part.number,
                url=self.multipart.address(job, part.number, plan.length(part.number), part.sha256, seconds),
                headers=dict(headers_of(part.sha256)),
            )
            for part in asked
            if part.number not in there
        ]
        return PartsAnswer(present=sorted(there), addresses=addresses, expires_at=iso(closes_at))

    def _all_present(self, job: Job, plan: PartPlan) -> PartsAnswer:
        everything = list(range(1, plan.count + 1))
        return PartsAnswer(present=everything, addresses=[], expires_at=iso(self._closes_at(job)))

    def _closes_at(self, job: Job) -> int:
        """When (ms) nothing more is taken: now at the earliest, which is also what an upload that is over has."""
        now = self.table.now()
        return max(upload_closes_at(job), now) if job.status is Status.AWAITING_UPLOAD else now


def _plan(job: Job) -> PartPlan:
    if job.part_bytes is None:
        raise NotInParts("The video of this job is sent as a form.")
    return PartPlan(job.size_bytes, job.part_bytes)


def _check_numbers(plan: PartPlan, asked: Iterable[PartToSend]) -> None:
    for part in asked:
        if part.number > plan.count:
            raise NoSuchPart(f"parts: this video has {plan.count} of them, so there is no part {part.number}.")


def _whole(plan: PartPlan, stored: Iterable[StoredPart]) -> list[StoredPart]:
    """Every part of the plan, in order. Raises PartsMissing."""
    fitting = {part.number: part for part in stored if part.fits(plan)}
    missing = [number for number in range(1, plan.count + 1) if number not in fitting]
    if missing:
        raise _missing(plan, missing)
    return [fitting[number] for number in range(1, plan.count + 1)]


def _missing(plan: PartPlan, numbers: Sequence[int]) -> PartsMissing:
    named = ", ".join(str(number) for number in numbers[:NAMED_AT_MOST])
    more = ", \N{HORIZONTAL ELLIPSIS}" if len(numbers) > NAMED_AT_MOST else ""
    return PartsMissing(f"{len(numbers)} of {plan.count} parts are missing: {named}{more}.")
