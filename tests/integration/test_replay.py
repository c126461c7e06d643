"""Replays on the running system: killed and taken up again, told live, and pushed anew for the stream."""

import asyncio
import json
import random
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from websockets.asyncio.client import connect

from divescore.jobs.items import to_item
from divescore.jobs.model import Job
from divescore.ops.replay.resources import open_resources
from divescore.stack.deployed import Stack, find_stack
from divescore.tokens.tokens import HOLDER_SCOPES
from divescore.views import Status
from tests.chaos.dead_letters import make_dead_letters, waiting
from tests.chaos.replay import changes, kill_points, replay_with_kills, times_scored, wait_until_scored
from tests.conftest import divescore
from tests.integration.conftest import System

pytestmark = pytest.mark.stack

LETTERS, KILLS, SEED = 30, 3, 7
ARRIVES_WITHIN = 15.0  # a message of the last run, which is delayed by five seconds
SCORED_WITHIN = 120.0
PUSHED_WITHIN = 30.0
COMMAND_WITHIN = 60.0


@pytest.fixture
def deployed(system: System, monkeypatch: pytest.MonkeyPatch) -> Stack:
    monkeypatch.setenv("DIVESCORE_HOME", system.addresses["env"]["DIVESCORE_HOME"])
    return find_stack()


@contextmanager
def workers_at_rest(system: System, deployed: Stack) -> Iterator[None]:
    """Nobody reads the scoring queue, so that what a replay sent can be looked at."""
    record = json.loads((Path(system.addresses["env"]["DIVESCORE_HOME"]) / "stack.json").read_text())
    functions = deployed.client("lambda")
    (mapping,) = functions.list_event_source_mappings(FunctionName=record["worker"])["EventSourceMappings"]
    functions.update_event_source_mapping(UUID=mapping["UUID"], Enabled=False)
    try:
        yield
    finally:
        functions.update_event_source_mapping(UUID=mapping["UUID"], Enabled=True)


class Listener:
    """A socket of a job's holder, read by a thread of its own; `heard` is the job's news from the snapshot on."""

    def __init__(self) -> None:
        self.heard: list[dict[str, Any]] = []

    async def listen(self, url: str, token: str) -> None:
        async with connect(url, proxy=None) as socket:
            await socket.send(json.dumps({"action": "subscribe", "token": token}))
            async for message in socket:
                self.heard.append(json.loads(message)["job"])

    def wait(self, enough: Callable[[list[dict[str, Any]]], bool]) -> None:
        """Return when what was heard is enough; fails when it never is."""
        end = time.monotonic() + PUSHED_WITHIN
        while not enough(self.heard):
            assert time.monotonic() < end, self.heard
            time.sleep(0.02)


@contextmanager
def listening(system: System, job_id: str) -> Iterator[Listener]:
    """Somebody watches the job live, and has its snapshot."""
    token = system.tokens().issue(job_id, HOLDER_SCOPES, int(time.time()) + 600)
    answer = system.talk(lambda http, _live: http.get(job_id, token))
    listener, loop = Listener(), asyncio.new_event_loop()
    task = loop.create_task(listener.listen(answer.live.url, token))
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    try:
        listener.wait(lambda heard: len(heard) == 1)
        yield listener
    finally:
        loop.call_soon_threadsafe(task.cancel)
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.run_until_complete(asyncio.wait({task}))
        loop.close()


def replay(system: System, *words: str) -> tuple[int, Any]:
    done = divescore("replay", *words, "--json", timeout=COMMAND_WITHIN, env=system.addresses["env"])
    return done.returncode, json.loads(done.stdout)


def test_a_replay_that_is_killed_three_times_loses_and_doubles_and_alters_nothing(
    system: System, deployed: Stack, clips: dict[str, Path]
) -> None:
    chance = random.Random(SEED)
    dynamodb, table = deployed.client("dynamodb"), deployed.output("JobsTable")
    run = f"{chance.randrange(16**8):08x}{time.time_ns():016x}"
    made = make_dead_letters(deployed, LETTERS, clips["one"].read_bytes(), chance, run)
    watched = next(iter(made))
    points = kill_points(chance, KILLS, made.values())

    with listening(system, watched) as watcher:
        with workers_at_rest(system, deployed):
            replay_with_kills(system.addresses["env"], points, lambda _: None)
            messages = waiting(deployed.client("sqs"), deployed.output("ScoringQueueUrl"), made.keys(), ARRIVES_WITHIN)
        assert {message.job_id for message in messages} >= made.keys()
        assert [message for message in messages if message != made.get(message.job_id, message)] == []
        states = wait_until_scored(dynamodb, table, list(made), SCORED_WITHIN)
        assert states == {Status.SCORED: LETTERS}
        watcher.wait(lambda heard: heard[-1]["status"] == "SCORED")
    times = times_scored(dynamodb, deployed.client("dynamodbstreams"), table)
    assert {times[job_id] for job_id in made} == {1}

    assert list(dict.fromkeys(job["status"] for job in watcher.heard)) == ["FAILED", "QUEUED", "PROCESSING", "SCORED"]
    assert not open_resources(None).journal.exists(), "a run that ended leaves nothing behind"
    code, document = replay(system, "list", "--queue", "scoring")
    assert code == 0
    assert [one for one in document["letters"] if set(one["jobs"]) & made.keys()] == []


def test_a_dead_letter_of_the_stream_has_its_jobs_pushed_again(system: System, deployed: Stack) -> None:
    now = time.time_ns() // 1_000_000
    given = {"filename": "dive.webm", "content_type": "video/webm", "size_bytes": 1, "client": "c"}
    times = {"created_at": now, "updated_at": now, "expires_at": now + 3_600_000}
    job = Job(job_id=f"{now:032x}", status=Status.SCORED, version=5, result={"score": 80.0}, **given, **times)  # type: ignore[arg-type]  # each fits its field
    dynamodb, table = deployed.client("dynamodb"), deployed.output("JobsTable")
    dynamodb.put_item(TableName=table, Item=to_item(job))
    stream = dynamodb.describe_table(TableName=table)["Table"]["LatestStreamArn"]
    streams = deployed.client("dynamodbstreams")
    (sequence,) = [
        change["SequenceNumber"]
        for change in changes(streams, stream)
        if change["Keys"]["pk"]["S"] == f"JOB#{job.job_id}"
    ]
    (shard,) = streams.describe_stream(StreamArn=stream)["StreamDescription"]["Shards"]
    moment = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(now / 1000))
    position = {
        "shardId": shard["ShardId"],
        "startSequenceNumber": sequence,
        "endSequenceNumber": sequence,
        "approximateArrivalOfFirstRecord": moment,
        "approximateArrivalOfLastRecord": moment,
        "batchSize": 1,
        "streamArn": stream,
    }
    body = {"requestContext": {"condition": "RetryAttemptsExhausted"}, "DDBStreamBatchInfo": position}
    queue = deployed.output("StreamDlqUrl")
    letter = deployed.client("sqs").send_message(QueueUrl=queue, MessageBody=json.dumps(body))

    with listening(system, job.job_id) as watcher:
        code, document = replay(system, "run", "--yes", "--queue", "stream", "--job", job.job_id)
        watcher.wait(lambda heard: len(heard) == 2)
    assert code == 0
    (one,) = document["letters"]
    assert (one["messageId"], one["outcome"]) == (letter["MessageId"], "pushed")
    assert (one["cause"], one["jobs"]) == ("RetryAttemptsExhausted", [job.job_id])
    assert [(told["status"], told["version"]) for told in watcher.heard] == [("SCORED", 5)] * 2
    assert replay(system, "list", "--queue", "stream", "--job", job.job_id)[1]["letters"] == []
