"""The HTTP API's work: create, read, share, watch, amend, mark and cancel a job."""

import hashlib
import secrets
from dataclasses import dataclass

from divescore.api.bodies import (
    NEUTRAL_TYPE,
    AmendJob,
    CreateJob,
    JobChanged,
    JobCreated,
    JobRead,
    LiveAddress,
    MarkJob,
    RenditionAddress,
    Shared,
    ShareJob,
    UploadForm,
    UploadInParts,
    VideoAddress,
)
from divescore.api.errors import (
    AmendedTooOften,
    BeingScored,
    EmptyFile,
    FileTooLarge,
    NotAmendable,
    NothingToMark,
    VideoNotThere,
)
from divescore.api.part_uploads import PartUploads
from divescore.containers import HEAD_BYTES, Container, sniff
from divescore.declaration import Declaration
from divescore.jobs.amendment import KEPT, MAX_AMENDMENTS, Amended
from divescore.jobs.marks import MarksTable
from divescore.jobs.model import Job
from divescore.jobs.prolonging import UPLOAD_GRACE_MS
from divescore.jobs.quota import Quotas
from divescore.jobs.table import JobTable
from divescore.jobs.transitions import Cancelled, Reason, Refusal
from divescore.jobs.view import job_view
from divescore.tokens.tokens import HOLDER_SCOPES, Scope, Tokens
from divescore.uploads.multipart import PART_BYTES
from divescore.uploads.store import ObjectGone, UploadStore
from divescore.views import Status, iso

FORM_SECONDS = 15 * 60
# An address ends with the credentials that signed it, whatever it promises, and a function cannot see when its own do.
# They outlast any invocation that they are given to, which may take a quarter of an hour.
PLAYBACK_SECONDS = 15 * 60


@dataclass(frozen=True)
class Operations:
    """What the HTTP API does, without HTTP."""

    table: JobTable
    marks: MarksTable
    store: UploadStore
    parts: PartUploads
    tokens: Tokens
    quotas: Quotas
    live_url: str
    site_url: str
    retention_days: int
    max_upload_bytes: int
    parts_above_bytes: int

    def create(self, request: CreateJob, address: str, idempotency_key: str | None = None) -> JobCreated:
        """A new job with its token, live address, and the form or plan of its upload.

        The same idempotency key gives the same job again.
        """
        self._check(request)
        now = self.table.now()
        job = Job(
            job_id=secrets.token_hex(16),
            client=self.tokens.client_id(address),
            filename=request.filename,
            content_type=request.content_type,
            size_bytes=request.size_bytes,
            dive=request.dive,
            height=request.height,
            difficulty=request.difficulty,
            reference=request.reference,
            created_at=now,
            updated_at=now,
            expires_at=now + self.retention_days * 86_400_000,
            deadline=now + FORM_SECONDS * 1000 + UPLOAD_GRACE_MS,
            part_bytes=PART_BYTES if request.size_bytes > self.parts_above_bytes else None,
        )
        idempotency = (_digest(idempotency_key), _digest(request.model_dump_json())) if idempotency_key else None
        job = self.table.create(job, self.quotas, idempotency)
        return JobCreated(
            job_id=job.job_id,
            token=self.tokens.issue(job.job_id, HOLDER_SCOPES, job.expires_at // 1000),
            upload=self._upload(job, now),
            live=self._live(job.job_id),
            job=job_view(job),
        )

    def read(self, job_id: str) -> JobRead:
        """The job as it is now, and a fresh live address."""
        return JobRead(job=job_view(self.table.get(job_id)), live=self._live(job_id))

    def share(self, job_id: str, request: ShareJob, holder_expires_at: int) -> Shared:
        """A token that only reads (and plays, if asked); it never outlives the token it is made from (seconds)."""
        self.table.get(job_id)
        now = self.table.now() // 1000
        expires_at = min(holder_expires_at, now + request.expires_in) if request.expires_in else holder_expires_at
        scopes = {Scope.READ} | {Scope(scope) for scope in request.scopes}
        token = self.tokens.issue(job_id, scopes, expires_at)
        return Shared(token=token, url=f"{self.site_url}/#share={token}")

    def video(self, job_id: str) -> VideoAddress:
        """An address from which the accepted video plays for a quarter of an hour."""
        job = self.table.get(job_id)
        version = job.object_version
        try:
            head = self.store.head(job_id, version, HEAD_BYTES) if version is not None else None
        except ObjectGone:
            head = None
        if version is None or head is None:
            raise VideoNotThere("There is no video of this job: it has not arrived, or it was erased.")
        url = self.store.playback_url(job, version, PLAYBACK_SECONDS, _served_type(job, head))
        smaller = self.store.rendition_url(job_id, PLAYBACK_SECONDS)
        expires_at = iso(self.table.now() + PLAYBACK_SECONDS * 1000)
        rendition = RenditionAddress(url=smaller, expires_at=expires_at) if smaller is not None else None
        return VideoAddress(url=url, expires_at=expires_at, rendition=rendition)

    def amend(self, job_id: str, request: AmendJob) -> JobChanged:
        """Change what was declared, and of a scored dive the score with it; what is declared already changes nothing.

        Raises DeclarationError for what cannot be, BeingScored, NotAmendable, AmendedTooOften.
        """
        sent = request.model_fields_set
        event = Amended(
            dive=request.dive if "dive" in sent else KEPT,
            height=request.height if "height" in sent else KEPT,
            difficulty=request.difficulty if "difficulty" in sent else KEPT,
        )
        outcome = self.table.apply(self.table.get(job_id), event)
        if isinstance(outcome, Refusal):
            _tell_why(outcome, event)
            return JobChanged(job=job_view(outcome.job))
        return JobChanged(job=job_view(outcome))

    def mark(self, job_id: str, request: MarkJob) -> JobChanged:
        """Keep what the judges gave, over what was given before. Raises NothingToMark, MarkedTooOften."""
        job = self.table.get(job_id)
        self._check_markable(job)
        self.marks.put(job, request.given())
        job = self.table.get(job_id)
        try:
            self._check_markable(job)
        except NothingToMark:
            # Whoever erased the job meanwhile may have looked for marks before these were there.
            self.marks.erase(job_id)
            raise
        return JobChanged(job=job_view(job))

    def cancel(self, job_id: str) -> JobChanged:
        """Cancel an open job, leave a finished one as it is, and erase video and marks in either case."""
        outcome = self.table.apply(self.table.get(job_id), Cancelled())
        # After the write: an upload that arrives from now on finds a cancelled job and is erased by the gate.
        job = outcome.job if isinstance(outcome, Refusal) else outcome
        self.parts.abort(job)
        self.store.erase(job_id)
        self.store.erase_rendition(job_id)
        # After the video: marks that come from now on find none, and are not kept.
        self.marks.erase(job_id)
        return JobChanged(job=job_view(job))

    def _check_markable(self, job: Job) -> None:
        gone = job.object_version is not None and not self.store.has(job.job_id, job.object_version)
        if gone or job.status in (Status.CANCELLED, Status.EXPIRED):
            raise NothingToMark("There is no video of this job that marks could be of: it never came, or was erased.")

    def _upload(self, job: Job, now: int) -> UploadForm | UploadInParts:
        if job.part_bytes is not None:
            return UploadInParts(parts=self.parts.plan(job))
        # A repeated request gives the first one's job, and no more time to upload than that has.
        closes_at = max(job.created_at + FORM_SECONDS * 1000, now + 1000)
        form = self.store.form(job, (closes_at - now) // 1000)
        return UploadForm(url=form.url, fields=form.fields, expires_at=iso(closes_at))

    def _live(self, job_id: str) -> LiveAddress:
        return LiveAddress(url=f"{self.live_url}?ticket={self.tokens.ticket(job_id)}")

    def _check(self, request: CreateJob) -> None:
        Declaration(request.dive, request.height, request.difficulty).check()
        if request.size_bytes == 0:
            raise EmptyFile("The file is empty.")
        if request.size_bytes > self.max_upload_bytes:
            limit = self.max_upload_bytes // 2**20
            raise FileTooLarge(f"The file has {request.size_bytes / 2**20:.1f} MB; at most {limit} MB are taken.")


def _served_type(job: Job, head: bytes) -> str:
    """What a browser is told of a video: what its bytes are; of unknown ones a declared video at most."""
    container = sniff(head)
    if isinstance(container, Container):
        return container.content_type
    return job.content_type if job.content_type.startswith("video/") else NEUTRAL_TYPE


def _tell_why(refusal: Refusal, event: Amended) -> None:
    """Raise what keeps an amendment from being made; nothing where it was made before."""
    match refusal.reason:
        case Reason.SAME:
            return
        case Reason.IMPOSSIBLE:
            event.over(refusal.job).check()
        case Reason.BUSY:
            raise BeingScored(
                "The dive is being scored by what was declared before; change it when the score is there."
            )
        case Reason.SPENT:
            raise AmendedTooOften(f"This was changed {MAX_AMENDMENTS} times, which is as often as it may be.")
        case Reason.TOO_OLD:
            raise NotAmendable("This score keeps too little to be counted again; upload the video once more.")
        case _:
            raise NotAmendable(f"The job is {refusal.job.status}: it has no score, and will not get one.")


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
