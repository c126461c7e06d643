"""Everything that the system does, once: what a role lacks makes some part of it fail or never end."""

import asyncio
import json
import tempfile
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from websockets.asyncio.client import ClientConnection, connect

from divescore.client.errors import ApiError
from divescore.client.http import Http
from divescore.client.models import Created, UploadInParts
from divescore.client.parts.sender import PartsSender
from divescore.client.upload import upload
from divescore.jobs.items import to_item
from divescore.jobs.model import Job
from divescore.jobs.table import JobTable
from divescore.jobs.transitions import QUEUE_RETENTION_MS
from divescore.sweep.overdue import UNCLAIMED_MS
from divescore.views import Status
from tests.corpus.writing import rewrite
from tests.rights.system import System

LOOK_EVERY = 0.2
HANDED_BACK_SECONDS = 2
LONG_AGO = 1
LARGE = 16 * 2**20 + 100  # just above what is sent as a form


@dataclass(frozen=True)
class Watched:
    """A job and a socket that hears of it."""

    made: Created
    socket: ClientConnection

    async def ask(self, **message: str) -> dict[str, Any]:
        """The answer to a message."""
        await self.socket.send(json.dumps(message))
        return await self.hear()

    async def hear(self) -> dict[str, Any]:
        """The next message."""
        heard: dict[str, Any] = json.loads(await self.socket.recv())
        return heard

    async def until(self, status: str) -> list[dict[str, Any]]:
        """The job as it was pushed, up to that status."""
        jobs: list[dict[str, Any]] = []
        while not jobs or jobs[-1]["status"] != status:
            news = await self.hear()
            assert news["type"] == "job", news
            jobs.append(news["job"])
        return jobs


@dataclass(frozen=True)
class Exercise:
    """The parts of the exercise, each a coroutine without arguments that raises when something is not as promised."""

    system: System
    http: Http
    film: Path
    began: int  # System.decided() of then

    @property
    def parts(self) -> list[Callable[[], Any]]:
        """All parts; they may run at the same time."""
        return [
            self.a_dive_is_scored_shown_shared_and_erased,
            self.an_unplayable_film_gets_a_rendition,
            self.servers_are_told_of_a_settled_dive,
            self.a_subscription_ends,
            self.a_dead_watcher_is_forgotten,
            self.a_late_upload_is_erased,
            self.a_large_upload_is_completed,
            self.a_large_upload_is_given_up,
            self.an_upload_that_fails_at_the_gate_comes_back_soon,
            self.a_busy_job_is_handed_back_and_taken_over,
            self.a_spent_job_becomes_a_dead_letter,
            self.sweep_finds_an_upload_that_nobody_told_of,
            self.sweep_finds_a_dead_worker,
            self.sweep_finds_a_lost_message,
            self.sweep_ends_a_job_without_a_video,
            self.sweep_gives_up_a_large_upload,
            self.the_service_knows_its_model,
        ]

    # --- parts --------------------------------------------------------------------------------------------------------

    async def a_dive_is_scored_shown_shared_and_erased(self) -> None:
        async with self.watched() as dive:
            await upload(self.http.client, dive.made.form, self.film)
            seen = await dive.until("SCORED")
            (queued,) = [job for job in seen if job["status"] == "QUEUED"]
            assert "ahead" in queued, "enqueue did not learn how long the queue is"
            job_id, token = dive.made.job_id, dive.made.token
            shared = await self.http.share(job_id, token, expires_in=60)
            assert (await self.http.get(job_id, shared.token)).job.status == "SCORED"
            await self.http.amend(job_id, token, dive="107B", height=3.0)
            await self.http.mark(job_id, token, score=80.0, consent=True)
            shown = await self.http.client.get((await self.http.video(job_id, token)).url)
            assert shown.content == self.film.read_bytes(), shown.status_code
            await self.http.cancel(job_id, token)
            assert await self.versions(job_id) == []
            with pytest.raises(ApiError, match="CONFLICT"):
                await self.http.video(job_id, token)

    async def an_unplayable_film_gets_a_rendition(self) -> None:
        with tempfile.TemporaryDirectory() as folder:
            film = Path(folder) / "film.avi"
            await asyncio.to_thread(rewrite, self.film, film, "mjpeg")
            async with self.watched(film) as dive:
                made = dive.made
                await upload(self.http.client, made.form, film)
                await dive.until("SCORED")
                while (link := await self.http.video(made.job_id, made.token)).rendition is None:
                    await asyncio.sleep(LOOK_EVERY)
                shown = await self.http.client.get(link.rendition.url)
                assert shown.headers["content-type"] == "video/mp4", shown.status_code
                await self.http.cancel(made.job_id, made.token)
                assert (await self.http.client.get(link.rendition.url)).status_code == 404

    async def servers_are_told_of_a_settled_dive(self) -> None:
        made = await self.announced()
        await self.http.cancel(made.job_id, made.token)
        sqs, url = self.system.client("sqs"), self.system.stack.queues["settled"]
        while True:
            answer = await asyncio.to_thread(sqs.receive_message, QueueUrl=url, MaxNumberOfMessages=10)
            if any(made.job_id in message["Body"] for message in answer.get("Messages", [])):
                return
            await asyncio.sleep(LOOK_EVERY)

    async def a_subscription_ends(self) -> None:
        async with self.watched() as dive:
            await dive.socket.send(json.dumps({"action": "unsubscribe", "jobId": dive.made.job_id}))
            while (heard := await dive.hear())["type"] == "job":
                pass  # that the job was created may be pushed late
            assert heard["type"] == "unsubscribed", heard
            assert await dive.ask(action="ping") == {"type": "pong"}

    async def a_dead_watcher_is_forgotten(self) -> None:
        made = await self.announced()
        ghost = {"pk": {"S": f"JOB#{made.job_id}"}, "sk": {"S": "SUB#ghost"}}
        dynamodb, table = self.system.client("dynamodb"), self.system.stack.table
        await asyncio.to_thread(dynamodb.put_item, TableName=table, Item=ghost | {"ttl": {"N": "2000000000"}})
        await self.http.cancel(made.job_id, made.token)
        while "Item" in await asyncio.to_thread(dynamodb.get_item, TableName=table, Key=ghost, ConsistentRead=True):
            await asyncio.sleep(LOOK_EVERY)

    async def a_late_upload_is_erased(self) -> None:
        made = await self.announced()
        await self.http.cancel(made.job_id, made.token)
        await upload(self.http.client, made.form, self.film)
        while await self.versions(made.job_id):
            await asyncio.sleep(LOOK_EVERY)

    async def an_upload_that_fails_at_the_gate_comes_back_soon(self) -> None:
        """Enqueue fails at a broken record; once that is mended, the message must not wait for the queue's time-out."""
        async with self.watched() as dive:
            job = await self.record(dive.made.job_id)
            await self.rewind(job, status="BROKEN")
            await upload(self.http.client, dive.made.form, self.film)
            # Only a message that failed has its time-out changed, and no other part has one that fails here.
            while not self.asked("EnqueueRole", "sqs:ChangeMessageVisibility"):
                await asyncio.sleep(LOOK_EVERY)
            await self.rewind(job)
            await dive.until("SCORED")

    async def a_busy_job_is_handed_back_and_taken_over(self) -> None:
        """A message that finds a living lease comes back when that has lapsed, long before the queue's time-out."""
        seconds = HANDED_BACK_SECONDS
        async with self.scored() as (dive, job):
            while not await self.handed_back(job):  # a slow worker comes after the lease: a longer one, then
                lease = int(time.time() * 1000) + seconds * 1000
                busy = {"attempt": 1, "owner": "nobody", "lease_until": lease, "deadline": lease + 600_000}
                await self.rewind(await self.record(job.job_id), status=Status.PROCESSING, **busy)
                await self.send(job)
                await dive.until("PROCESSING")
                await dive.until("SCORED")
                seconds *= 2

    async def a_spent_job_becomes_a_dead_letter(self) -> None:
        async with self.scored() as (dive, job):
            spent = {"attempt": 3, "owner": "nobody", "lease_until": LONG_AGO, "deadline": int(time.time() * 1000) * 2}
            await self.rewind(job, status=Status.PROCESSING, **spent)
            await self.send(job)
            assert (await dive.until("FAILED"))[-1]["error"]["code"] == "ATTEMPTS_SPENT"
            sqs, url = self.system.client("sqs"), self.system.stack.queues["scoringDlq"]
            while True:
                answer = await asyncio.to_thread(sqs.receive_message, QueueUrl=url, MaxNumberOfMessages=10)
                letters = [message["Body"] for message in answer.get("Messages", [])]
                if any(job.job_id in letter for letter in letters):
                    return
                await asyncio.sleep(LOOK_EVERY)

    async def sweep_finds_an_upload_that_nobody_told_of(self) -> None:
        async with self.scored() as (dive, job):
            just_now = int(time.time() * 1000) - 1  # what nobody admits within a day of it fails
            await self.rewind(job, status=Status.AWAITING_UPLOAD, object_version=None, deadline=just_now)
            await self.swept(dive, "SCORED")

    async def sweep_finds_a_dead_worker(self) -> None:
        async with self.scored() as (dive, job):
            died = {"attempt": 1, "owner": "nobody", "lease_until": LONG_AGO, "deadline": LONG_AGO}
            await self.rewind(job, status=Status.PROCESSING, **died)
            await self.swept(dive, "SCORED")

    async def sweep_finds_a_lost_message(self) -> None:
        async with self.scored() as (dive, job):
            deadline = int(time.time() * 1000) + QUEUE_RETENTION_MS - UNCLAIMED_MS
            await self.rewind(job, status=Status.QUEUED, attempt=0, deadline=deadline)
            await self.swept(dive, "SCORED")

    async def sweep_ends_a_job_without_a_video(self) -> None:
        async with self.watched() as dive:
            await self.rewind(await self.record(dive.made.job_id), deadline=LONG_AGO)
            await self.swept(dive, "EXPIRED")

    async def a_large_upload_is_completed(self) -> None:
        with tempfile.TemporaryDirectory() as folder:
            film = large(Path(folder))
            async with self.watched(film) as dive:
                job_id, token = dive.made.job_id, dive.made.token
                assert isinstance(dive.made.upload, UploadInParts)
                await PartsSender(self.http, (job_id, token), dive.made.upload.parts, film, LARGE).run()
                await dive.until("REJECTED")
                # As if nobody had been told yet that it is complete, nor the sender: asked again, the service looks.
                job = await self.record(job_id)
                await self.rewind(job, status=Status.AWAITING_UPLOAD, object_version=None, error=None)
                answer = await self.http.complete(job_id, token)
                assert answer.status == "AWAITING_UPLOAD", answer

    async def a_large_upload_is_given_up(self) -> None:
        made = await self.http.create("large.mp4", None, LARGE)
        await self.http.ask_for_parts(made.job_id, made.token, [])
        await self.http.cancel(made.job_id, made.token)
        assert await self.uploads(made.job_id) == 0

    async def sweep_gives_up_a_large_upload(self) -> None:
        with tempfile.TemporaryDirectory() as folder:
            async with self.watched(large(Path(folder))) as dive:
                await self.http.ask_for_parts(dive.made.job_id, dive.made.token, [])
                assert await self.uploads(dive.made.job_id) == 1
                await self.rewind(await self.record(dive.made.job_id), deadline=LONG_AGO)
                await self.swept(dive, "EXPIRED")
                while await self.uploads(dive.made.job_id):  # the push comes first
                    await asyncio.sleep(LOOK_EVERY)

    async def the_service_knows_its_model(self) -> None:
        model = (await self.http.health()).model
        assert model is not None
        assert model["id"]

    # --- what they are made of ----------------------------------------------------------------------------------------

    async def announced(self, film: Path | None = None) -> Created:
        film = film or self.film
        return await self.http.create(film.name, "video/webm", film.stat().st_size)

    @asynccontextmanager
    async def watched(self, film: Path | None = None) -> AsyncIterator[Watched]:
        made = await self.announced(film)
        async with connect(made.live.url, proxy=None) as socket:
            dive = Watched(made, socket)
            assert (await dive.ask(action="subscribe", token=made.token))["type"] == "job"
            yield dive

    @asynccontextmanager
    async def scored(self) -> AsyncIterator[tuple[Watched, Job]]:
        """A dive with its score: a job with a video, whose record may be put back to any earlier state."""
        async with self.watched() as dive:
            await upload(self.http.client, dive.made.form, self.film)
            await dive.until("SCORED")
            yield dive, await self.record(dive.made.job_id)

    async def record(self, job_id: str) -> Job:
        table = JobTable(self.system.stack.table, self.system.client("dynamodb"))
        return await asyncio.to_thread(table.get, job_id)

    async def rewind(self, job: Job, **change: Any) -> None:
        """Write the record past all rules, as time or a crash would leave it; watchers hear of it."""
        change = {"result": None, "version": job.version + 1, "rev": job.rev + 1, **change}
        dynamodb = self.system.client("dynamodb")
        item = to_item(replace(job, **change))
        await asyncio.to_thread(dynamodb.put_item, TableName=self.system.stack.table, Item=item)

    async def send(self, job: Job) -> None:
        body = json.dumps({"jobId": job.job_id, "objectVersion": job.object_version})
        sqs, url = self.system.client("sqs"), self.system.stack.queues["scoring"]
        await asyncio.to_thread(sqs.send_message, QueueUrl=url, MessageBody=body, MessageGroupId=job.client)

    async def swept(self, dive: Watched, status: str) -> None:
        """Sweep again and again until the job is there: what one sweep knows of the queue is up to a second old."""
        arrived = asyncio.ensure_future(dive.until(status))
        functions, name = self.system.client("lambda"), self.system.stack.functions["sweep"]
        try:
            while not arrived.done():
                await asyncio.to_thread(functions.invoke, FunctionName=name, Payload=b"{}")
                await asyncio.wait([arrived], timeout=5 * LOOK_EVERY)
            arrived.result()
        finally:
            arrived.cancel()

    async def handed_back(self, job: Job) -> bool:
        """Whether a worker found the job busy."""
        logs = await asyncio.to_thread(self.system.logs, "WorkerLogs", job.created_at)
        return any(job.job_id in line and '"outcome":"busy"' in line for line in logs)

    async def versions(self, job_id: str) -> list[str]:
        s3 = self.system.client("s3")
        answer = await asyncio.to_thread(
            s3.list_object_versions, Bucket=self.system.stack.bucket, Prefix=f"uploads/{job_id}/"
        )
        return [version["VersionId"] for version in answer.get("Versions", [])]

    async def uploads(self, job_id: str) -> int:
        """How many multipart uploads S3 has of a job."""
        s3 = self.system.client("s3")
        answer = await asyncio.to_thread(s3.list_multipart_uploads, Bucket=self.system.stack.bucket)
        return sum(job_id in upload["Key"] for upload in answer.get("Uploads", []))

    def asked(self, role: str, action: str) -> bool:
        """Whether the role asked for that since the exercise began."""
        return any((one.role, one.action) == (role, action) for one in self.system.decisions(self.began))


def large(folder: Path) -> Path:
    """A file that is sent in parts; no video, so that it is at its end once it arrived."""
    path = folder / "large.mp4"
    with path.open("wb") as file:
        file.truncate(LARGE)
    return path


@asynccontextmanager
async def going(system: System, film: Path) -> AsyncIterator[list[asyncio.Task[None]]]:
    """All parts at once, each a task named for it, none of which ends another; what still goes on is ended after."""
    async with Http(system.stack.api) as http:
        parts = Exercise(system, http, film, system.decided()).parts
        tasks = [asyncio.create_task(part(), name=part.__name__) for part in parts]
        try:
            yield tasks
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)


async def run(system: System, film: Path, within: float) -> dict[str, float]:
    """How many seconds each part took; raises an ExceptionGroup of what failed or did not end within seconds."""
    began = time.monotonic()
    took: dict[str, float] = {}
    errors: list[BaseException] = []  # pytest's "did not raise" is no Exception
    async with going(system, film) as parts:
        for part in parts:
            part.add_done_callback(lambda done: took.setdefault(done.get_name(), time.monotonic() - began))
        _, late = await asyncio.wait(parts, timeout=within)
        for part in parts:
            error = TimeoutError(f"not within {within} s") if part in late else part.exception()
            if error is not None:
                error.add_note(f"in {part.get_name()}")
                errors.append(error)
    if errors:
        raise BaseExceptionGroup("the exercise failed", errors)
    return took
