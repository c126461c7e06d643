"""No settled version of 300 jobs stays untold, whatever kills their workers and fails the topic.

Jobs live their whole lives over fakes; what they wrote is read from the stream as Lambda reads it, and as the local
engine does, with a topic that refuses messages, takes them and loses the answer, or has its function killed.
"""

import json
import random
from collections import Counter
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from divescore.jobs.amendment import Amended
from divescore.jobs.items import from_item
from divescore.jobs.transitions import Cancelled
from divescore.live.settled import Topic
from divescore.views import SETTLED, Status
from functions.observability import metrics
from functions.settle import app
from tests.fakes.lambdas import context
from tests.fakes.network import Call, Killed, Moment, refused
from tests.fakes.results import kept_result
from tests.fakes.world import NOT_A_VIDEO, VIDEO, Report, World

JOBS, BATCH = 300, 10
FAULTS = 0.1  # of a write, to kill whoever makes it
TROUBLE = 0.15  # of a message, to fail in one of three ways
Batch = list[dict[str, Any]]


class Troubled:
    """A topic that fails at random; what it has taken it delivers."""

    def __init__(self, chance: random.Random) -> None:
        self.chance = chance
        self.heard: Counter[tuple[str, int]] = Counter()
        self.failed: Counter[str] = Counter()

    def publish(self, **message: Any) -> None:
        how = self.chance.choice(("refused", "answer lost", "killed")) if self.chance.random() < TROUBLE else "taken"
        self.failed[how] += 1
        if how != "refused":
            body = json.loads(message["Message"])
            self.heard[body["jobId"], body["version"]] += 1
        if how == "killed":
            raise Killed
        if how != "taken":
            raise refused("InternalErrorException", "Publish")


@pytest.fixture(scope="module")
def stream() -> Batch:
    """What 300 jobs wrote in their lives, as records of the stream in order."""
    world, chance = World(), random.Random(7)

    def kill(call: Call, moment: Moment) -> None:
        if call.writes and chance.random() < FAULTS / 2:
            raise Killed

    def score(_path: Path, _report: Report) -> Mapping[str, Any]:
        if chance.random() < 0.2:
            raise RuntimeError("a fault of ours")
        return kept_result() | {"timings": {"decode": 0.01, "infer": 0.02}}

    world.score = score
    for _ in range(JOBS // 10):  # as many at a time as one client may have open
        world.clock.now += 2 * 3_600_000  # one client may create so many in a day
        jobs = [world.create() for _ in range(10)]
        for job in jobs:
            fate = chance.choice(("good", "good", "good", "bad", "never", "cancelled"))
            if fate in ("good", "bad"):
                world.post(job, VIDEO if fate == "good" else NOT_A_VIDEO, notify=chance.random() < 0.9)
            elif fate == "cancelled":
                world.table.apply(world.read(job), Cancelled())
        world.network.gate = kill
        world.run_fairly(*jobs)
        world.network.gate = None
        for job in map(world.read, jobs):
            if job.status is Status.SCORED and chance.random() < 0.3:
                world.table.apply(job, Amended(difficulty=2.0))
    return [
        {
            "dynamodb": {
                "Keys": {"pk": change.new["pk"], "sk": change.new["sk"]},
                "SequenceNumber": str(number),
                "NewImage": change.new,
                **({"OldImage": change.old} if change.old else {}),
            }
        }
        for number, change in enumerate(world.dynamodb.history)
    ]


def passed(record: dict[str, Any]) -> bool:
    """Whether the mapping's filter lets a record through."""
    image = record["dynamodb"]["NewImage"]
    return image["sk"] == {"S": "JOB"} and image["status"]["S"] in SETTLED


def works(batch: Batch) -> bool:
    try:
        app.handler({"Records": batch}, context())
    except (app.BatchFailed, Killed):
        return False
    return True


def as_lambda_reads(records: Batch) -> None:
    """A batch that fails is halved; what is alone is tried again."""
    waiting = [records[start : start + BATCH] for start in range(0, len(records), BATCH)]
    while waiting:
        batch = waiting.pop(0)
        if not works(batch):
            half = (len(batch) + 1) // 2
            waiting = [part for part in (batch[:half], batch[half:]) if part] + waiting


def as_the_local_engine_reads(records: Batch) -> None:
    """A batch that fails comes again as it is."""
    for start in range(0, len(records), BATCH):
        while not works(records[start : start + BATCH]):
            pass


@pytest.mark.filterwarnings("ignore:No application metrics")  # of an invocation that is killed
@pytest.mark.parametrize("read", [as_lambda_reads, as_the_local_engine_reads])
def test_every_settled_version_is_told(
    stream: Batch, read: Callable[[Batch], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    sns: Any = Troubled(random.Random(11))
    monkeypatch.setattr(metrics, "namespace", "Divescore")
    monkeypatch.setattr(app, "topic", lambda: Topic("arn:topic", sns))
    settled = [record for record in stream if passed(record)]
    read(settled)
    jobs = [from_item(record["dynamodb"]["NewImage"]) for record in settled]
    versions = {(job.job_id, job.version) for job in jobs}
    assert versions - set(sns.heard) == set()
    assert set(sns.heard) == versions, "nor was anything else told"
    assert len({job.job_id for job in jobs}) == JOBS
    assert {job.status for job in jobs} == SETTLED
    assert len(versions) > JOBS, "some were amended"
    assert all(sns.failed[how] > 10 for how in ("refused", "answer lost", "killed"))
