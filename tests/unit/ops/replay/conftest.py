"""A graveyard: failed jobs and dead letters in a world of fakes, and a place through which a replay reaches them."""

import io
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest

from divescore.jobs.items import to_item
from divescore.jobs.messages import ScoringMessage
from divescore.jobs.model import Cause, Job
from divescore.jobs.table import JobTable
from divescore.ops.replay import operations
from divescore.ops.replay.operations import Orders, Selection
from divescore.ops.replay.resources import OUTPUTS, Place
from divescore.ops.replay.selection import Filter
from divescore.views import Status
from tests.fakes.network import Call, Killed, Moment, refused
from tests.fakes.sqs import Message, Queue
from tests.fakes.world import SCORING, SCORING_DLQ, UPLOADS, UPLOADS_DLQ, World

STREAM_DLQ = "stream-dlq"
CAUSE = Cause("INTERNAL", "A fault of ours.", True)
ATTRIBUTES: Mapping[str, Any] = {
    "cause": {"DataType": "String", "StringValue": "INTERNAL"},
    "attempts": {"DataType": "Number", "StringValue": "3"},
    "bytes": {"DataType": "Binary", "BinaryValue": b"\x00\xff"},
    "seconds": {"DataType": "Number.seconds", "StringValue": "1.50"},
}


class FakeStreams:
    """One shard of records; `trimmed` makes it forget."""

    def __init__(self) -> None:
        self.records: list[dict[str, Any]] = []
        self.trimmed = False
        self.page = 2

    def get_shard_iterator(self, *, SequenceNumber: str, **_: Any) -> dict[str, str]:
        if self.trimmed:
            raise refused("TrimmedDataAccessException", "GetShardIterator")
        start = next(i for i, record in enumerate(self.records) if record["SequenceNumber"] == SequenceNumber)
        return {"ShardIterator": str(start)}

    def get_records(self, *, ShardIterator: str) -> dict[str, Any]:
        start = int(ShardIterator)
        page = self.records[start : start + self.page]
        return {"Records": [{"dynamodb": record} for record in page], "NextShardIterator": str(start + len(page))}


class FakeFunctions:
    """Lambda: `told` holds what notify was invoked with; `unreachable` are jobs whose watchers it cannot reach."""

    def __init__(self) -> None:
        self.told: list[dict[str, Any]] = []
        self.unreachable: set[str] = set()
        self.broken: str | None = None

    def invoke(self, *, FunctionName: str, Payload: bytes) -> dict[str, Any]:
        assert FunctionName == "notify"
        if self.broken is not None:
            return {
                "FunctionError": "Unhandled",
                "Payload": io.BytesIO(json.dumps({"errorMessage": self.broken}).encode()),
            }
        records = json.loads(Payload)["Records"]
        self.told += records
        numbers = [record["dynamodb"]["SequenceNumber"] for record in records]
        failures = [{"itemIdentifier": number} for number in numbers if number in self.unreachable]
        return {"Payload": io.BytesIO(json.dumps({"batchItemFailures": failures}).encode())}


@dataclass(frozen=True)
class FakePlace(Place):
    """The place with the world's clock."""

    world: World = field(default_factory=World)

    @property
    def table(self) -> JobTable:
        """The world's."""
        return self.world.table


class Graveyard:
    """Buries, replays and counts."""

    def __init__(self, home: Path) -> None:
        self.world = World()
        self.world.sqs.queues[STREAM_DLQ] = Queue(retention=14 * 86_400)
        self.streams, self.functions = FakeStreams(), FakeFunctions()
        names = dict.fromkeys(OUTPUTS, "") | {
            "table": "jobs",
            "bucket": "bucket",
            "notify": "notify",
            "uploads": UPLOADS,
            "scoring": SCORING,
            "uploadsDlq": UPLOADS_DLQ,
            "scoringDlq": SCORING_DLQ,
            "streamDlq": STREAM_DLQ,
        }
        clients = {
            "dynamodb": self.world.dynamodb,
            "dynamodbstreams": self.streams,
            "s3": self.world.s3,
            "sqs": self.world.sqs,
            "lambda": self.functions,
        }
        self.place = FakePlace("fake", home, names, clients, world=self.world)

    def job(self, status: Status = Status.FAILED, **changes: Any) -> Job:
        """A job in this state, whose video was uploaded and accepted."""
        job = self.world.create()
        version = self.world.post(job, notify=False)
        settled: dict[str, Any] = {"error": CAUSE, "attempt": 3} if status is Status.FAILED else {}
        return self.put(replace(job, **(settled | {"status": status, "object_version": version} | changes)))

    def put(self, job: Job) -> Job:
        """Set a record; the job as it is read back."""
        self.world.dynamodb.items[f"JOB#{job.job_id}", "JOB"] = to_item(job)
        return self.world.read(job)

    def letter(self, job: Job, attributes: Mapping[str, Any] = ATTRIBUTES, trace: str | None = "Root=1-2-3") -> Message:
        """A dead letter of the scoring queue about a job."""
        body = ScoringMessage(job_id=job.job_id, object_version=job.object_version or "").model_dump_json(by_alias=True)
        return self.bury(SCORING_DLQ, body, group=job.client, attributes=attributes, trace=trace)

    def bury(
        self,
        queue: str,
        body: str,
        group: str | None = None,
        attributes: Mapping[str, Any] | None = None,
        trace: str | None = None,
    ) -> Message:
        """Any dead letter."""
        header = {"AWSTraceHeader": {"DataType": "String", "StringValue": trace}} if trace else {}
        with self.world.network.quiet():
            self.world.sqs.send_message(
                QueueUrl=queue,
                MessageBody=body,
                MessageGroupId=group,
                MessageAttributes=attributes,
                MessageSystemAttributes=header,
            )
        return self.world.sqs.sent.pop()[1]

    def dead(self, queue: str = SCORING_DLQ) -> list[Message]:
        """What lies in a dead-letter queue, visible or not."""
        return self.world.sqs.queues[queue].messages

    def visible(self, queue: str = SCORING_DLQ) -> int:
        """How many letters anybody could receive now."""
        return sum(message.visible_at <= self.world.clock() for message in self.dead(queue))

    def sent(self, queue: str = SCORING) -> list[Message]:
        """Everything that was ever sent to a queue."""
        return [message for url, message in self.world.sqs.sent if url == queue]

    def status(self, job: Job) -> Status:
        """How the job stands."""
        return self.world.read(job).status

    def on_its_way(self, job: Job) -> bool:
        """Whether a message for the job waits for a worker, now or soon."""
        return any(job.job_id in message.body for message in self.world.sqs.queues[SCORING].messages)

    def times_scored(self, job: Job) -> int:
        """How often the job became SCORED."""
        return sum(
            new.status is Status.SCORED and (old is None or old.status is not Status.SCORED)
            for old, new in self.world.writes_of(job)
        )

    def run(self, *queues: str, **orders: Any) -> dict[str, Any]:
        """A run to its end; gives its document."""
        return operations.send(choose(*queues), given(**orders))

    def run_until_killed(self, number: int, moment: Moment) -> bool:
        """A run that dies at its `number`-th write; False when it ended before.

        A dead process makes no further call, whatever its error handling would.
        """
        network = self.world.network
        writes, dead = 0, False

        def gate(call: Call, now: Moment) -> None:
            nonlocal writes, dead
            writes += call.writes and now == "before"
            dead = dead or (call.writes and writes == number and now == moment)
            if dead:
                raise Killed

        network.gate = gate
        try:
            self.run()
        except Killed:
            return True
        finally:
            network.gate = None
        return False


def choose(*queues: str, **wanted: Any) -> Selection:
    """A selection of everything, or of these queues."""
    return Selection(queues or ("uploads", "scoring", "stream", "jobs"), Filter(**wanted), None)


def given(**orders: Any) -> Orders:
    """Orders of a quiet run."""
    return Orders(**({"rate": None, "canaries": 0, "canary_seconds": 0, "limit": None, "quiet": True} | orders))


@pytest.fixture
def graveyard(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Graveyard]:
    """A graveyard that commands find as their place."""
    graveyard = Graveyard(tmp_path)
    monkeypatch.setattr(operations, "open_place", lambda _stack: graveyard.place)
    yield graveyard
    graveyard.world.network.gate = None
