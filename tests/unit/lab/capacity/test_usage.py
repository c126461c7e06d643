"""The usage is what the code does: one dive goes through the real code over fakes, and every call is counted."""

from collections import Counter
from collections.abc import Mapping
from math import ceil
from pathlib import Path
from typing import Any

import pytest

from divescore.api.bodies import AskForParts, CreateJob
from divescore.client.parts.patience import UploadTiming
from divescore.lab.capacity.usage import FORM_BYTES, PARTS_IN_A_QUESTION, Usage, usage_of_dive
from divescore.lab.capacity.workload import Inputs, Workload
from divescore.live.fanout import FanOut
from divescore.live.settled import Topic, settled_messages
from divescore.live.subscriptions import Subscriptions
from divescore.uploads.multipart import PART_BYTES
from divescore.views import Status
from tests.fakes.jobs import job_in
from tests.fakes.multipart import sha256_of
from tests.fakes.sns import FakeTopics
from tests.fakes.world import VIDEO, Report, World
from tests.unit.live.fakes import TABLE, LaggingTable
from tests.unit.live.fakes import change as changed
from tests.unit.test_template import source

ONE = Inputs(Workload(jobs_per_day=1000, result_kb=0.9))


def usage(**changes: Any) -> Usage:
    return usage_of_dive(Inputs(Workload(jobs_per_day=1000, **changes)), 0.2, 0.2)


def slowly(world: World) -> None:
    """Let each stage take 0.15 s, and the attempt 0.3 s."""

    def score(_path: Path, on_progress: Report) -> Mapping[str, Any]:
        for stage in ("decoding", "scoring"):
            world.clock.advance(0.15)
            on_progress(stage, 0.5)
        return {"score": 84.15, "timings": {"decode": 0.15, "infer": 0.15}}

    world.score = score


def scored_dive(world: World) -> dict[str, Counter[tuple[str, str]]]:
    """The calls of each function while one dive goes from its creation to its score."""
    calls: dict[str, Counter[tuple[str, str]]] = {}

    def during(who: str) -> None:
        calls[who] = Counter((call.service, call.operation) for call in world.network.calls)
        world.network.calls.clear()

    request = CreateJob(filename="dive.avi", content_type="video/avi", size_bytes=len(VIDEO))
    made = world.operations.create(request, "192.0.2.1", "a key")
    during("presign")
    job = world.table.get(made.job_id)
    world.post(job)
    world.network.calls.clear()
    assert world.enqueue_once()
    during("enqueue")
    world.work_once()
    during("worker")
    assert world.table.get(job.job_id).status is Status.SCORED
    return calls


@pytest.mark.parametrize(("who", "attempt"), [("presign", 0.05), ("enqueue", 0.05), ("worker", 0.05), ("worker", 0.3)])
def test_the_calls_of_a_dive_are_those_of_the_code(world: World, who: str, attempt: float) -> None:
    if attempt > 0.1:
        slowly(world)
    counted = scored_dive(world)[who]
    expected = Counter[tuple[str, str]]()
    for row in usage_of_dive(ONE, attempt, 0.2).rows:
        # Receiving and deleting is the event source's doing, not the function's.
        if row.who == who and row.operation != "receive_and_delete":
            expected[row.service, row.operation] += round(row.times)
    assert counted == expected


def test_the_calls_of_a_large_upload_are_those_of_the_code(world: World) -> None:
    """Three parts: one question, three parts, the completion."""
    size = 2 * PART_BYTES + 100
    parts = [bytes(PART_BYTES), bytes(PART_BYTES), bytes(100)]
    made = world.operations.create(CreateJob(filename="dive.avi", size_bytes=size), "192.0.2.1", "a key")
    asked = [{"number": number, "sha256": sha256_of(data)} for number, data in enumerate(parts, 1)]
    world.parts.addresses(made.job_id, AskForParts.model_validate({"parts": asked}))
    calls = Counter((call.service, call.operation) for call in world.network.calls)
    for number, data in enumerate(parts, 1):
        world.s3.multipart.put_part("u1", number, data)
    world.network.calls.clear()
    world.parts.complete(made.job_id)
    calls += Counter((call.service, call.operation) for call in world.network.calls)
    expected = Counter[tuple[str, str]]()
    found = usage(video_mb=size / 1e6)
    for row in found.rows:
        if row.who == "presign":
            expected[row.service, row.operation] += round(row.times)
    assert calls == expected
    assert found.calls("s3", "upload_part") == 3
    assert found.calls("s3", "post_object") == 0
    assert found.invocations["presign"] == 3
    assert (found.http_requests, usage().http_requests) == (6, 2)


def test_a_video_is_large_where_the_template_says_so() -> None:
    assert source()["Parameters"]["PartsAboveBytes"]["Default"] == FORM_BYTES
    assert UploadTiming().parts_at_once == PARTS_IN_A_QUESTION
    assert usage(video_mb=FORM_BYTES / 1e6).calls("s3", "post_object") == 1


def test_the_writes_of_a_dive_are_those_of_the_code(world: World) -> None:
    scored_dive(world)
    rows = usage_of_dive(ONE, 0.2, 0.2).rows
    index = 0
    for change in world.dynamodb.history:
        for names in (("openShard", "deadline"), ("openClient", "createdAt")):
            before, after = (
                tuple(item[name] for name in names) if item and all(name in item for name in names) else None
                for item in (change.old, change.new)
            )
            if before != after:
                index += (before is not None) + (after is not None)
    ours = [row for row in rows if row.who in ("presign", "enqueue", "worker")]
    assert len(world.dynamodb.history) == sum(row.times * row.records for row in ours)
    assert index == sum(row.times * row.index_writes for row in ours)
    # Four items are created in a transaction, which counts twice; three updates are left, all of items below 1 KB.
    assert sum(row.times * row.writes for row in ours) == 2 * 4 + 3


def test_the_writes_of_a_watcher_are_those_of_the_code() -> None:
    table = LaggingTable()
    subscriptions = Subscriptions(TABLE, table, lambda: 1_800_000_000.0)
    subscriptions.connect("c")
    subscriptions.subscribe("c", "a" * 32)
    subscriptions.forget("c")
    expected = {
        row.operation: row.times
        for row in usage_of_dive(ONE, 0.2, 0.2).rows
        if row.who == "ws_connect" and row.service == "dynamodb" and row.operation != "get_item"
    }
    assert dict(table.calls) == expected


def test_notify_asks_once_for_the_watchers_of_a_change() -> None:
    assert FanOut.__dataclass_fields__["subscriptions"] is not None
    rows = [row for row in usage().rows if row.who == "notify"]
    assert [(row.operation, row.times) for row in rows] == [("query", 4), ("post_to_connection", 3)]


def test_settle_publishes_each_dive_once() -> None:
    sns: Any = FakeTopics()
    changes = [changed(job_in(status)) for status in (Status.AWAITING_UPLOAD, Status.QUEUED, Status.SCORED)]
    Topic("arn:topic", sns).publish(settled_messages(changes))
    found = usage()
    assert found.calls("sns", "publish", who="settle") == len(sns.published) == 1
    assert found.invocations["settle"] == 1


def test_under_load_settle_takes_several_dives_at_once() -> None:
    many = usage_of_dive(Inputs(Workload(jobs_per_day=10_000_000)), 0.2, 0.2).invocations["settle"]
    assert 1 / 10 <= many < 1


@pytest.mark.parametrize(("attempt", "progress", "beats"), [(0.2, 0, 0), (0.9, 1, 0), (12.0, 24, 1), (35.0, 70, 3)])
def test_long_attempts_write_progress_and_renew_their_lease(attempt: float, progress: int, beats: int) -> None:
    found = usage_of_dive(Inputs(), attempt, 0.0)
    assert found.calls("dynamodb", "query", who="notify") == 4 + progress
    assert found.calls("sqs", "change_message_visibility") == 1 + beats
    assert found.calls("dynamodb", "update_item", who="worker") == 2 + progress + beats


def test_the_score_is_written_by_the_kilobyte() -> None:
    small, large = usage(result_kb=0.9), usage(result_kb=14.3)
    assert large.total("writes") - small.total("writes") == ceil(14.3) - 1


def test_watchers_add_and_their_absence_costs_nothing() -> None:
    none, one, five = (usage(watchers=count) for count in (0, 1, 5))
    assert none.posts == none.messages == none.connection_minutes == 0
    assert five.posts == 5 * one.posts
    assert five.total("writes") - none.total("writes") == 5 * (one.total("writes") - none.total("writes"))


def test_who_waits_long_subscribes_again() -> None:
    soon, late = (usage_of_dive(Inputs(), 0.2, wait) for wait in (1.0, 500.0))
    assert late.messages > soon.messages
    assert late.connection_minutes > soon.connection_minutes
