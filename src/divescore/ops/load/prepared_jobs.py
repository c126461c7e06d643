"""The jobs of a flood, prepared before it: a record and a video each, and nothing under way.

A job's video lies under the job's own key, so each has one: uploaded once, then copied inside the bucket. `enqueue` is
notified of every copy: it erases what belongs to no job and queues what waits for its upload. Therefore the records
are there first, held in a state in which `enqueue` leaves them alone (FAILED, as a job that may be replayed), and
become QUEUED by the job's own rules when it has seen all copies. Held, they have version 0, which is no news to the
readers of the stream: no server is told that these dives failed. A run that dies in between leaves jobs that nobody
works on.
"""

import secrets
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from divescore.client.upload import content_type
from divescore.jobs.items import record_key, to_item
from divescore.jobs.model import Cause, Job
from divescore.jobs.table import JobTable, now_ms
from divescore.jobs.transitions import Cancelled, Refusal, Replayed, transition
from divescore.ops.load.errors import NotPrepared
from divescore.ops.load.sampler import queue_depth
from divescore.stack.deployed import Stack
from divescore.uploads.store import UploadStore
from divescore.views import Status

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_dynamodb.type_defs import WriteRequestTypeDef
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_s3.type_defs import CopySourceTypeDef, ObjectIdentifierTypeDef

KEPT_MS = 86_400_000  # records of a run go after a day, by the table's time to live
ROWS_A_WRITE, OBJECTS_A_DELETE = 25, 1000  # the services' own limits
WRITE_ATTEMPTS = 8
AT_A_TIME = 8
SEEN_WITHIN = 300.0  # seconds without any progress of enqueue
HELD = Cause("HELD", "A load test holds this job until its start.", retryable=False)

Say = Callable[[str], None]
Item = TypeVar("Item")


@dataclass
class PreparedJobs:
    """Makes the jobs of a run, and clears them away. `stop` ends the making early."""

    stack: Stack
    client: str  # whose jobs they are: the fair queue's group
    stop: threading.Event = field(default_factory=threading.Event)
    recorded: list[Job] = field(default_factory=list)  # whatever has a record, with or without a video

    def __post_init__(self) -> None:
        self._bucket, self._table_name = self.stack.output("UploadsBucket"), self.stack.output("JobsTable")
        self._s3: S3Client = self.stack.client("s3")
        self._dynamodb: DynamoDBClient = self.stack.client("dynamodb")
        self._table = JobTable(self._table_name, self._dynamodb)

    def make(self, clips: Sequence[Path], count: int, say: Say) -> list[Job]:
        """`count` QUEUED jobs without a message. Raises NotPrepared, and what boto3 raises."""
        say(f"making {count} records")
        self.recorded = [self._held(clips[number % len(clips)]) for number in range(count)]
        self._put(self.recorded)
        say(f"copying {len(clips)} video{'s' if len(clips) > 1 else ''} for {count} jobs")
        self.recorded = stored = self._fill(self.recorded, clips)
        say("waiting until enqueue has seen them")
        self._wait_for_enqueue()
        queued = [_queued(job) for job in stored]
        self._put(queued)
        return queued

    def cancel(self, job: Job) -> None:
        """Cancel a job that is still open, so that no worker takes it up."""
        self._table.apply(job, Cancelled())

    def read(self, job_id: str) -> Job:
        """The job's record as it is now."""
        return self._table.get(job_id)

    def withdraw(self, jobs: Iterable[Job]) -> None:
        """Remove jobs that were never sent: their records, then what video they may have."""
        gone = list(jobs)
        self._write([{"DeleteRequest": {"Key": record_key(job.job_id)}} for job in gone])
        self.erase(gone)
        store = UploadStore(self._bucket, self._s3)
        # A copy that was being made when the making was stopped.
        for job in gone:
            if job.object_version is None:
                store.erase(job.job_id)

    def erase(self, jobs: Iterable[Job]) -> int:
        """Remove the videos of these jobs; how many."""
        versions: list[ObjectIdentifierTypeDef] = [
            {"Key": job.key, "VersionId": job.object_version} for job in jobs if job.object_version
        ]
        for some in pieces(versions, OBJECTS_A_DELETE):
            self._s3.delete_objects(Bucket=self._bucket, Delete={"Objects": some, "Quiet": True})
        return len(versions)

    def _held(self, clip: Path) -> Job:
        now = now_ms()
        return Job(
            job_id=secrets.token_hex(16),
            client=self.client,
            filename=clip.name,
            content_type=content_type(clip),
            size_bytes=clip.stat().st_size,
            created_at=now,
            updated_at=now,
            expires_at=now + KEPT_MS,
            status=Status.FAILED,
            error=HELD,
            version=0,
        )

    def _fill(self, jobs: Sequence[Job], clips: Sequence[Path]) -> list[Job]:
        """The same jobs with the version of their video: the first of each clip is uploaded, the others are copies."""
        first = jobs[: len(clips)]

        def fill(number: int) -> Job:
            self._go_on()
            job, source = jobs[number], first[number % len(clips)]
            if job is source:
                body = clips[number].read_bytes()
                put = self._s3.put_object(Bucket=self._bucket, Key=job.key, Body=body, ContentType=job.content_type)
                return replace(job, object_version=put["VersionId"])
            original: CopySourceTypeDef = {"Bucket": self._bucket, "Key": source.key}
            copy = self._s3.copy_object(Bucket=self._bucket, Key=job.key, CopySource=original)
            return replace(job, object_version=copy["VersionId"])

        with ThreadPoolExecutor(AT_A_TIME) as pool:
            originals = list(pool.map(fill, range(len(first))))
            return [*originals, *pool.map(fill, range(len(first), len(jobs)))]

    def _put(self, jobs: Sequence[Job]) -> None:
        self._write([{"PutRequest": {"Item": to_item(job)}} for job in jobs])

    def _write(self, requests: "Sequence[WriteRequestTypeDef]") -> None:
        def write(some: "Sequence[WriteRequestTypeDef]") -> None:
            left: Any = {self._table_name: some}
            for attempt in range(WRITE_ATTEMPTS):
                left = self._dynamodb.batch_write_item(RequestItems=left).get("UnprocessedItems")
                if not left:
                    return
                time.sleep(0.05 * 2**attempt)
            raise NotPrepared("The jobs table took the records too slowly; try again, or with fewer jobs.")

        with ThreadPoolExecutor(AT_A_TIME) as pool:
            list(pool.map(write, pieces(requests, ROWS_A_WRITE)))

    def _go_on(self) -> None:
        if self.stop.is_set():
            raise NotPrepared("The making of the jobs was stopped.")

    def _wait_for_enqueue(self) -> None:
        """Wait until the queue of uploads has been empty three times in a row: its numbers are approximate."""
        empty, before, progress_at = 0, -1, time.monotonic()
        while empty < 3:
            self._go_on()
            left = sum(queue_depth(self.stack.client("sqs"), self.stack.output("UploadsQueueUrl")))
            empty = 0 if left else empty + 1
            if left != before:
                before, progress_at = left, time.monotonic()
            if time.monotonic() - progress_at > SEEN_WITHIN:
                raise NotPrepared(f"{left} notifications of uploads lie unread; is enqueue running?")
            if empty < 3:
                time.sleep(0.2 if self.stack.local else 2.0)


def _queued(job: Job) -> Job:
    queued = transition(job, Replayed(), now_ms())
    if isinstance(queued, Refusal):
        raise NotPrepared(f"A held job could not be queued: {queued.reason}.")
    return queued


def pieces(items: Sequence[Item], size: int) -> Iterator[Sequence[Item]]:
    """The items in runs of at most `size`."""
    return (items[start : start + size] for start in range(0, len(items), size))
