"""The jobs of a flood, made ready before it: a record and a video each, and nothing under way.

A job's video lies under the job's own key, so each has one: uploaded once, then copied inside the bucket. Every copy
tells the gate, which erases what belongs to no job and queues what somebody waits for. Therefore the records are there
first, held in a state in which the gate leaves them alone (FAILED, as a job that may be replayed), and become QUEUED by
the job's own rules when the gate has seen all copies. A run that dies in between leaves jobs that nobody works on.
"""

import secrets
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, TypeVar

from divescore.client.upload import content_type
from divescore.jobs.items import record_key, to_item
from divescore.jobs.model import Cause, Job
from divescore.jobs.table import JobTable, now_ms
from divescore.jobs.transitions import Cancelled, Refusal, Replayed, transition
from divescore.ops.load.errors import NotPrepared
from divescore.stack.deployed import Stack
from divescore.uploads.store import UploadStore
from divescore.views import Status

KEPT_MS = 86_400_000  # records of a run go after a day, by the table's time to live
ROWS_A_WRITE, OBJECTS_A_DELETE = 25, 1000  # the services' own limits
WRITES_TRIED = 8
AT_A_TIME = 8
GATE_SEES_WITHIN = 300.0  # without any progress
HELD = Cause("HELD", "A load test holds this job until its start.", retryable=False)

Say = Callable[[str], None]
Item = TypeVar("Item")


@dataclass
class Stock:
    """Makes jobs of a run, and clears them away. `stop` ends the making early."""

    owner: Stack
    client: str  # whose jobs they are: the fair queue's group
    stop: threading.Event = field(default_factory=threading.Event)
    recorded: list[Job] = field(default_factory=list)  # whatever has a record, with or without a video

    def make(self, clips: Sequence[Path], count: int, say: Say) -> list[Job]:
        """`count` QUEUED jobs without a message. Raises NotPrepared, and what boto3 raises."""
        say(f"making {count} records")
        held = [self._held(clips[number % len(clips)]) for number in range(count)]
        self.recorded = held
        self._write(held)
        say(f"copying {len(clips)} video{'s' if len(clips) > 1 else ''} for {count} jobs")
        self.recorded = stored = self._fill(held, clips)
        say("waiting until the gate has seen them")
        self._let_the_gate_see()
        ready = [_ready(job) for job in stored]
        self._write(ready)
        return ready

    def cancel(self, job: Job) -> None:
        """Cancel a job that is still open, so that no worker takes it up."""
        self._table().apply(job, Cancelled())

    def read(self, job_id: str) -> Job:
        """The job's record as it is now."""
        return self._table().get(job_id)

    def withdraw(self, jobs: Iterable[Job]) -> None:
        """Remove jobs that were never sent: their records, then what video they may have."""
        name = self.owner.output("JobsTable")
        gone = list(jobs)
        self._batch_write(name, [{"DeleteRequest": {"Key": record_key(job.job_id)}} for job in gone])
        store = UploadStore(self.owner.output("UploadsBucket"), self.owner.client("s3"))
        self.erase(gone)
        # A copy that was being made when the making was stopped.
        for job in gone:
            if job.object_version is None:
                store.erase(job.job_id)

    def erase(self, jobs: Iterable[Job]) -> int:
        """Remove the videos of these jobs; how many."""
        s3, bucket = self.owner.client("s3"), self.owner.output("UploadsBucket")
        versions: list[Any] = [{"Key": job.key, "VersionId": job.object_version} for job in jobs if job.object_version]
        for some in pieces(versions, OBJECTS_A_DELETE):
            s3.delete_objects(Bucket=bucket, Delete={"Objects": some, "Quiet": True})
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
        )

    def _fill(self, jobs: Sequence[Job], clips: Sequence[Path]) -> list[Job]:
        """The same jobs with the version of their video: the first of each clip is uploaded, the others are copies."""
        s3, bucket = self.owner.client("s3"), self.owner.output("UploadsBucket")
        first = jobs[: len(clips)]

        def fill(number: int) -> Job:
            self._go_on()
            job, source = jobs[number], first[number % len(clips)]
            where: Any = {"Bucket": bucket, "Key": job.key}
            if job is source:
                body = clips[number].read_bytes()
                version = s3.put_object(**where, Body=body, ContentType=job.content_type)["VersionId"]
            else:
                version = s3.copy_object(**where, CopySource={"Bucket": bucket, "Key": source.key})["VersionId"]
            return replace(job, object_version=version)

        with ThreadPoolExecutor(AT_A_TIME) as pool:
            originals = list(pool.map(fill, range(len(first))))
            return [*originals, *pool.map(fill, range(len(first), len(jobs)))]

    def _write(self, jobs: Sequence[Job]) -> None:
        name = self.owner.output("JobsTable")
        self._batch_write(name, [{"PutRequest": {"Item": to_item(job)}} for job in jobs])

    def _batch_write(self, table: str, requests: Sequence[Any]) -> None:
        dynamodb = self.owner.client("dynamodb")

        def write(some: Sequence[Any]) -> None:
            left: Any = {table: list(some)}
            for attempt in range(WRITES_TRIED):
                left = dynamodb.batch_write_item(RequestItems=left).get("UnprocessedItems")
                if not left:
                    return
                time.sleep(0.05 * 2**attempt)
            raise NotPrepared("The jobs table took the records too slowly; try again, or with fewer jobs.")

        with ThreadPoolExecutor(AT_A_TIME) as pool:
            list(pool.map(write, pieces(requests, ROWS_A_WRITE)))

    def _table(self) -> JobTable:
        return JobTable(self.owner.output("JobsTable"), self.owner.client("dynamodb"))

    def _go_on(self) -> None:
        if self.stop.is_set():
            raise NotPrepared("The making of the jobs was stopped.")

    def _let_the_gate_see(self) -> None:
        """Wait until the queue of uploads has been empty three times in a row: its numbers are approximate."""
        empty, before, progress_at = 0, -1, time.monotonic()
        while empty < 3:
            self._go_on()
            left = sum(depth(self.owner.client("sqs"), self.owner.output("UploadsQueueUrl")))
            empty = 0 if left else empty + 1
            if left != before:
                before, progress_at = left, time.monotonic()
            if time.monotonic() - progress_at > GATE_SEES_WITHIN:
                raise NotPrepared(f"{left} notifications of uploads lie unread; is the gate (enqueue) running?")
            if empty < 3:
                time.sleep(0.2 if self.owner.local else 2.0)


def _ready(job: Job) -> Job:
    queued = transition(job, Replayed(), now_ms())
    if isinstance(queued, Refusal):
        raise NotPrepared(f"A held job could not be queued: {queued.reason}.")
    return queued


def pieces(items: Sequence[Item], size: int) -> Iterator[Sequence[Item]]:
    """The items in runs of at most `size`."""
    return (items[start : start + size] for start in range(0, len(items), size))


def depth(sqs: Any, url: str) -> tuple[int, int]:
    """About how many messages of a queue wait, and how many are being handled."""
    names = ("ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible")
    attributes = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=list(names))["Attributes"]
    return int(attributes[names[0]]), int(attributes[names[1]])
