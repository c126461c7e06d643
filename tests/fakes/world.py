"""The whole life of a job over fakes: the real gate, worker, sweeper and table, on a clock and a network that obey."""

import itertools
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from divescore.api.operations import Operations
from divescore.api.part_uploads import PartUploads
from divescore.jobs.errors import JobsError
from divescore.jobs.items import from_item
from divescore.jobs.marks import MarksTable
from divescore.jobs.messages import DeadLetters, ScoringQueue
from divescore.jobs.model import Job
from divescore.jobs.quota import Quotas
from divescore.jobs.table import JobTable
from divescore.sweep.overdue import Sweeper
from divescore.tokens.tokens import KeyRing, Tokens
from divescore.uploads.admission import Admission
from divescore.uploads.multipart import MultipartStore
from divescore.uploads.notifications import notification_body, parse_notification
from divescore.uploads.store import UploadStore
from divescore.worker.delivery import Delivered, Delivery, Worker
from divescore.worker.rendition import MakeRendition, Renditions
from tests.fakes.clock import Clock
from tests.fakes.dynamodb import FakeDynamoDB
from tests.fakes.network import Killed, Network
from tests.fakes.s3 import FakeS3
from tests.fakes.scored import scored
from tests.fakes.sqs import FakeSqs, Queue

UPLOADS, SCORING, UPLOADS_DLQ, SCORING_DLQ = "uploads", "scoring", "uploads-dlq", "scoring-dlq"
LEASE_SECONDS = 30
MAX_ATTEMPTS = 3
VIDEO = b"RIFF\x24\x00\x00\x00AVI LIST" + bytes(100)
NOT_A_VIDEO = b"hello, this is no video\n"
QUOTAS = Quotas(open_per_client=20, daily_per_client=200, daily=1000)

# What an invocation may end with; its message then comes back. Anything else is a bug of the code or of the fakes.
SURVIVABLE = (ClientError, BotoCoreError, JobsError, Killed)

Report = Callable[[str, float], None]


class World:
    """Everything between the form post and the score, in one process."""

    def __init__(self) -> None:
        self.clock = Clock()
        self.network = Network()
        self.dynamodb = FakeDynamoDB(self.network)
        self.s3 = FakeS3(self.network)
        self.sqs = FakeSqs(
            self.network,
            self.clock,
            {
                UPLOADS: Queue(visibility=180, max_receives=5, dead_letters=UPLOADS_DLQ),
                SCORING: Queue(visibility=720, max_receives=10, dead_letters=SCORING_DLQ),
                UPLOADS_DLQ: Queue(retention=14 * 86_400),
                SCORING_DLQ: Queue(retention=14 * 86_400),
            },
        )
        self.reports: list[tuple[str, dict[str, Any]]] = []
        self.table = JobTable("jobs", self.dynamodb, self.clock)
        self.marks = MarksTable("jobs", self.dynamodb, self.clock)
        self.store = UploadStore("bucket", self.s3)
        self.multipart = MultipartStore("bucket", self.s3)
        self.parts = PartUploads(self.table, self.store, self.multipart)
        self.queue = ScoringQueue(SCORING, self.sqs, clock=self.clock.seconds)
        self.admission = Admission(self.table, self.store, self.queue)
        self.sweeper = Sweeper(
            self.table, self.store, self.multipart, self.queue, UPLOADS, self.sqs, MAX_ATTEMPTS, self.report
        )
        self.score: Callable[[Path, Report], Mapping[str, Any]] = good_score
        self.playable = True
        self.rendition: MakeRendition = lambda film, _seconds: b"small " + film.read_bytes()
        ring = KeyRing("k1", {"k1": "k" * 48})
        self.operations = Operations(
            table=self.table,
            marks=self.marks,
            store=self.store,
            parts=self.parts,
            tokens=Tokens(lambda fresh: ring, self.clock.seconds),
            quotas=QUOTAS,
            live_url="wss://live.example/live",
            site_url="https://site.example",
            retention_days=7,
            max_upload_bytes=200 * 2**20,
            parts_above_bytes=16 * 2**20,
        )
        self._job_ids = itertools.count(1)

    def report(self, message: str, **fields: Any) -> None:
        """Where the code under test says what went wrong without stopping."""
        self.reports.append((message, fields))

    def worker(self) -> Worker:
        """A worker process; heartbeats are up to the test."""

        def score(
            path: Path, dive: str | None, difficulty: float | None, *, height: float | None, on_progress: Report
        ) -> Any:
            return scored(self.score(path, on_progress), playable=self.playable)

        return Worker(
            table=self.table,
            store=self.store,
            score=score,
            sqs=self.sqs,
            queue_url=SCORING,
            dead_letters=DeadLetters(SCORING_DLQ, self.sqs),
            lease_seconds=LEASE_SECONDS,
            heartbeat_seconds=3600,
            max_attempts=MAX_ATTEMPTS,
            report=self.report,
            renditions=Renditions(self.store, self.rendition, self.report, self.clock),
            monotonic=self.clock.seconds,
        )

    def create(self) -> Job:
        """A job that waits for its upload, as presign makes it."""
        now = self.clock()
        number = next(self._job_ids)
        job = Job(
            job_id=f"{number:032x}",
            client="client",
            filename="dive.avi",
            content_type="video/avi",
            size_bytes=len(VIDEO),
            created_at=now,
            updated_at=now,
            expires_at=now + 7 * 86_400_000,
            deadline=now + 30 * 60_000,
        )
        return self.table.create(job, QUOTAS)

    def post(self, job: Job, data: bytes = VIDEO, notify: bool = True) -> str:
        """The browser posts the form: a new version, and S3's notification of it unless that is lost."""
        version = self.s3.put(job.key, data)
        if notify:
            self.notify(job, version)
        return version

    def notify(self, job: Job, version: str) -> None:
        """S3 tells of a version, perhaps not for the first time."""
        with self.network.quiet():
            self.sqs.send_message(QueueUrl=UPLOADS, MessageBody=notification_body("bucket", job.key, version))

    def read(self, job: Job) -> Job:
        """The record as it is, past the network."""
        return from_item(self.dynamodb.items[f"JOB#{job.job_id}", "JOB"])

    def enqueue_once(self, pick: int = 0) -> bool:
        """Deliver one notification to the gate; whether there was one."""
        message = self.sqs.receive(UPLOADS, pick)
        if message is None:
            return False
        try:
            for upload in parse_notification(message.body):
                self.admission.admit(upload)
        except SURVIVABLE:
            return True  # it stays on the queue and comes back
        self.sqs.delete(UPLOADS, message.receipt)
        return True

    def work_once(self, pick: int = 0, seconds_left: float = 100, old_ones_count: bool = False) -> Delivered | None:
        """Deliver one scoring message to a worker; what became of it, None when there was none or it died."""
        message = self.sqs.receive(SCORING, pick)
        if message is None:
            return None
        receipt = message.receipt
        try:
            outcome = self.worker().handle(Delivery.of(message.body, receipt), lambda: seconds_left)
        except SURVIVABLE:
            return None
        if outcome.acknowledged:
            self.sqs.delete(SCORING, receipt, old_ones_count)
        return outcome

    def sweep_once(self) -> None:
        """A tick of the schedule, which may die."""
        try:
            self.sweeper.sweep()
        except SURVIVABLE:
            return

    def run_fairly(self, *jobs: Job, limit_days: float = 9) -> Job:
        """Let everything do its work until the jobs are settled; gives the last. Fails when one never is."""
        end = self.clock() + limit_days * 86_400_000
        while self.clock() < end:
            while self.enqueue_once():
                pass
            while self.sqs.receive_is_possible(SCORING):
                self.work_once()
            self.sweep_once()
            if not any(self.read(job).is_open for job in jobs):
                return self.read(jobs[-1])
            # A minute, or straight to what is due next.
            self.clock.now = max(self.clock() + 60_000, min(self._due(jobs), self.clock() + 3_600_000))
        raise AssertionError(f"never settled: {[self.read(job) for job in jobs]}")

    def _due(self, jobs: Iterable[Job]) -> int:
        messages = [*self.sqs.queues[UPLOADS].messages, *self.sqs.queues[SCORING].messages]
        deadlines = [job.deadline for job in map(self.read, jobs) if job.is_open]
        return min([*deadlines, *(message.visible_at for message in messages)])

    def writes_of(self, job: Job) -> list[tuple[Job | None, Job]]:
        """Every write to the job's record: what was there, and what then was."""
        return [
            (from_item(change.old) if change.old else None, from_item(change.new))
            for change in self.dynamodb.history
            if change.new["pk"]["S"] == f"JOB#{job.job_id}" and change.new["sk"]["S"] == "JOB"
        ]


def good_score(path: Path, on_progress: Report) -> Mapping[str, Any]:
    """A scorer that always has the same to say."""
    on_progress("decoding", 0.5)
    on_progress("scoring", 0.5)
    return {"score": 84.15, "timings": {"decode": 0.01, "infer": 0.02}}
