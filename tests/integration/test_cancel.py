"""Cancelling, erasing, expiring, and what `sweep` heals, on the running system."""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

import pytest

from divescore.client.http import Http
from divescore.client.live import Feed, Live
from divescore.client.models import Created
from divescore.client.upload import upload
from divescore.jobs.transitions import QUEUE_RETENTION_MS
from divescore.sweep.overdue import UNCLAIMED_MS
from tests.integration.conftest import System

pytestmark = pytest.mark.stack

ERASED_WITHIN = 20.0
HEALED_WITHIN = 60.0
STAYS_CANCELLED = 3.0  # longer than the attempt that was under way would have taken
LONG_SECONDS = 20  # of a film whose decoding takes long enough to cancel it meanwhile


@pytest.fixture(scope="session")
def long_film(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A film that a worker is busy with for a while: noise, which is slow to decode; so faint that a form takes it."""
    import cv2
    import numpy as np

    path = tmp_path_factory.mktemp("long") / "long.avi"
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"MJPG"), 25, (320, 240))
    noise = np.random.default_rng(1).integers(0, 40, (8, 240, 320, 3), dtype=np.uint8)
    for index in range(LONG_SECONDS * 25):
        writer.write(noise[index % len(noise)])
    writer.release()
    return path


async def announce(http: Http, film: Path) -> Created:
    kind = "video/x-msvideo" if film.suffix == ".avi" else "video/webm"
    return await http.create(film.name, kind, film.stat().st_size)


async def status_of(feed: Feed, *wanted: str) -> str:
    async for event in feed:
        if event.job.status in wanted:
            return str(event.job.status)
    raise AssertionError(f"never {wanted}")


async def stored(system: System, job_id: str) -> list[str]:
    return await asyncio.to_thread(system.stored, job_id)


async def erased(system: System, job_id: str) -> bool:
    """Whether nothing is left of the video, now or soon."""
    end = time.monotonic() + ERASED_WITHIN
    while await stored(system, job_id):
        if time.monotonic() > end:
            return False
        await asyncio.sleep(0.2)
    return True


def record(system: System, job_id: str) -> dict[str, Any]:
    key = {"pk": {"S": f"JOB#{job_id}"}, "sk": {"S": "JOB"}}
    answer = system.owner("dynamodb").get_item(TableName=system.addresses["table"], Key=key, ConsistentRead=True)
    return dict(answer["Item"])


def change(system: System, job_id: str, **values: dict[str, str]) -> None:
    """Write attributes of a job past all rules, as time or a crash would leave them."""
    system.owner("dynamodb").update_item(
        TableName=system.addresses["table"],
        Key={"pk": {"S": f"JOB#{job_id}"}, "sk": {"S": "JOB"}},
        UpdateExpression="SET " + ", ".join(f"#{name} = :{name}" for name in values),
        ExpressionAttributeNames={f"#{name}": name for name in values},
        ExpressionAttributeValues={f":{name}": value for name, value in values.items()},
    )


def sweep(system: System) -> dict[str, int]:
    """Run sweep now; what it counted."""
    state = json.loads((Path(system.addresses["env"]["DIVESCORE_HOME"]) / "stack.json").read_text())
    answer = system.owner("lambda").invoke(FunctionName=state["functions"]["sweep"], Payload=b"{}")
    counts: dict[str, int] = json.loads(answer["Payload"].read())
    assert "FunctionError" not in answer, counts
    return counts


@contextmanager
def notifications_lost(system: System) -> Iterator[None]:
    """S3 tells nobody of what is uploaded meanwhile."""
    s3, bucket = system.owner("s3"), system.addresses["bucket"]
    told = s3.get_bucket_notification_configuration(Bucket=bucket)
    before: Any = {name: value for name, value in told.items() if name != "ResponseMetadata"}
    s3.put_bucket_notification_configuration(Bucket=bucket, NotificationConfiguration={})
    try:
        yield
    finally:
        s3.put_bucket_notification_configuration(Bucket=bucket, NotificationConfiguration=before)


@asynccontextmanager
async def lost_upload(system: System, http: Http, live: Live, film: Path) -> AsyncIterator[tuple[Created, Feed]]:
    """A job whose video arrived, of which nobody was told."""
    made = await announce(http, film)
    feed = live.watch(made.job_id, made.token, made.live.url)
    await feed.subscribed.wait()
    with notifications_lost(system):
        await upload(http.client, made.form, film)
    yield made, feed


def test_deleting_stops_the_work_and_erases_every_version(system: System, long_film: Path) -> None:
    async def work(http: Http, live: Live) -> None:
        made = await announce(http, long_film)
        feed = live.watch(made.job_id, made.token, made.live.url)
        await upload(http.client, made.form, long_film)
        await upload(http.client, made.form, long_film)
        assert await status_of(feed, "PROCESSING", "SCORED", "REJECTED") == "PROCESSING"
        cancelled = await http.cancel(made.job_id, made.token)
        assert cancelled.status == "CANCELLED"
        assert await erased(system, made.job_id)
        assert await status_of(feed, "CANCELLED") == "CANCELLED"
        await asyncio.sleep(STAYS_CANCELLED)
        item = await asyncio.to_thread(record, system, made.job_id)
        assert (item["status"]["S"], item["version"]["N"]) == ("CANCELLED", str(cancelled.version))
        assert "result" not in item
        assert "owner" not in item
        assert await stored(system, made.job_id) == []

    system.talk(work)


def test_an_upload_after_the_end_is_erased(system: System, clips: dict[str, Path]) -> None:
    async def work(http: Http, live: Live) -> None:
        made = await announce(http, clips["one"])
        assert (await http.cancel(made.job_id, made.token)).status == "CANCELLED"
        await upload(http.client, made.form, clips["one"])
        assert await erased(system, made.job_id)
        assert (await http.get(made.job_id, made.token)).job.status == "CANCELLED"

    system.talk(work)


async def healed(system: System, feed: Feed) -> str:
    """Sweep again and again, as the schedule does only later, until the job is at its end; how it ended.

    One sweep may not do: what it knows of the queue's depth is up to a second old, and other tests' messages wait.
    """
    ended = asyncio.ensure_future(status_of(feed, "SCORED", "FAILED", "EXPIRED"))
    async with asyncio.timeout(HEALED_WITHIN):
        while not ended.done():
            await asyncio.to_thread(sweep, system)
            await asyncio.wait([ended], timeout=1.5)
    return await ended


def test_a_lost_notification_is_healed(system: System, clips: dict[str, Path]) -> None:
    async def work(http: Http, live: Live) -> None:
        async with lost_upload(system, http, live, clips["one"]) as (made, feed):
            passed = str(int(time.time() * 1000) - 1)
            await asyncio.to_thread(change, system, made.job_id, deadline={"N": passed})
            assert await healed(system, feed) == "SCORED"

    system.talk(work)


def test_a_worker_that_died_and_whose_message_is_lost_is_replaced(system: System, clips: dict[str, Path]) -> None:
    async def work(http: Http, live: Live) -> None:
        async with lost_upload(system, http, live, clips["one"]) as (made, feed):
            (version,) = await stored(system, made.job_id)
            died = {
                "status": {"S": "PROCESSING"},
                "objectVersion": {"S": version},
                "attempt": {"N": "1"},
                "owner": {"S": "nobody"},
                "leaseUntil": {"N": "1"},
                "deadline": {"N": "1"},
            }
            await asyncio.to_thread(lambda: change(system, made.job_id, **died))
            assert await healed(system, feed) == "SCORED"
            assert (await asyncio.to_thread(record, system, made.job_id))["attempt"]["N"] == "2"

    system.talk(work)


def test_a_message_that_died_with_its_worker_is_sent_again(system: System, clips: dict[str, Path]) -> None:
    async def work(http: Http, live: Live) -> None:
        async with lost_upload(system, http, live, clips["one"]) as (made, feed):
            (version,) = await stored(system, made.job_id)
            queued = int(time.time() * 1000) - UNCLAIMED_MS
            taken = {
                "status": {"S": "QUEUED"},
                "objectVersion": {"S": version},
                "deadline": {"N": str(queued + QUEUE_RETENTION_MS)},
            }
            await asyncio.to_thread(lambda: change(system, made.job_id, **taken))
            assert await healed(system, feed) == "SCORED"

    system.talk(work)


def test_a_job_without_a_video_expires_and_says_so(system: System, clips: dict[str, Path]) -> None:
    async def work(http: Http, live: Live) -> None:
        made = await announce(http, clips["one"])
        feed = live.watch(made.job_id, made.token, made.live.url)
        await feed.subscribed.wait()
        await asyncio.to_thread(change, system, made.job_id, deadline={"N": "1"})
        await asyncio.to_thread(sweep, system)
        assert await status_of(feed, "EXPIRED") == "EXPIRED"

    system.talk(work)


def test_time_removes_every_row(system: System, clips: dict[str, Path]) -> None:
    async def work(http: Http, live: Live) -> None:
        made = await announce(http, clips["one"])
        feed = live.watch(made.job_id, made.token, made.live.url)
        await feed.subscribed.wait()
        await http.mark(made.job_id, made.token, score=80.0, consent=True)
        await asyncio.to_thread(rows_end)
        await http.cancel(made.job_id, made.token)

    def rows_end() -> None:
        table = system.addresses["table"]
        dynamodb = system.owner("dynamodb")
        rows = [item for page in dynamodb.get_paginator("scan").paginate(TableName=table) for item in page["Items"]]
        kinds = {row["sk"]["S"].split("#")[0] for row in rows}
        assert kinds >= {"JOB", "MARKS", "SUB", "CONN", "QUOTA", "IDEM", "MODEL"}
        endless = [row["pk"]["S"] for row in rows if int(row.get("ttl", {"N": "0"})["N"]) < time.time()]
        assert endless == ["MODEL"], "the one row that says which model the newest worker has"

    system.talk(work)
