"""A system of fakes: failed jobs, dead letters, and the resources through which a replay reaches them."""

import io
import json
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from divescore.jobs.items import to_item
from divescore.jobs.messages import ScoringMessage
from divescore.jobs.model import Cause, Job
from divescore.ops.replay import operations, resources
from divescore.ops.replay.dead_letters import DeadLetter, QueueName
from divescore.ops.replay.in_flight import InFlight
from divescore.ops.replay.operations import RedriveOptions
from divescore.ops.replay.queues import SourceQueue
from divescore.ops.replay.resources import Resources
from divescore.ops.replay.selection import Selection
from divescore.ops.replay.streams import StreamFunction, StreamReader
from divescore.views import Status
from tests.fakes.network import Call, Killed, Moment, refused
from tests.fakes.sqs import Message, Queue
from tests.fakes.world import SCORING, SCORING_DLQ, UPLOADS, UPLOADS_DLQ, World

STREAM_DLQ, SETTLE_DLQ = "stream-dlq", "settle-dlq"
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
    """Lambda: what notify and settle were invoked with; `unreachable` are jobs whose watchers notify cannot reach."""

    def __init__(self) -> None:
        self.pushed: list[dict[str, Any]] = []
        self.settled: list[dict[str, Any]] = []
        self.unreachable: set[str] = set()
        self.broken: str | None = None

    def invoke(self, *, FunctionName: str, Payload: bytes) -> dict[str, Any]:
        assert FunctionName in ("notify", "settle")
        if self.broken is not None:
            return {
                "FunctionError": "Unhandled",
                "Payload": io.BytesIO(json.dumps({"errorMessage": self.broken}).encode()),
            }
        records = json.loads(Payload)["Records"]
        if FunctionName == "settle":
            self.settled += records
            return {"Payload": io.BytesIO(json.dumps({"published": len(records)}).encode())}
        self.pushed += records
        numbers = [record["dynamodb"]["SequenceNumber"] for record in records]
        failures = [{"itemIdentifier": number} for number in numbers if number in self.unreachable]
        return {"Payload": io.BytesIO(json.dumps({"batchItemFailures": failures}).encode())}


class FakeSystem:
    """Has failed jobs and dead letters made, runs replays, and counts what came of it."""

    def __init__(self, home: Path, batches_keep_traces: bool = True) -> None:
        self.world = World()
        for queue in (STREAM_DLQ, SETTLE_DLQ):
            self.world.sqs.queues[queue] = Queue(retention=14 * 86_400)
        self.streams, self.functions = FakeStreams(), FakeFunctions()
        sqs: Any = self.world.sqs
        dynamodb: Any = self.world.dynamodb
        functions: Any = self.functions
        streams: Any = self.streams
        uploads, scoring = (SourceQueue(url, sqs, batches_keep_traces) for url in (UPLOADS, SCORING))
        self.resources = Resources(
            name="fake",
            journal=home / "replay" / "fake.jsonl",
            table=self.world.table,
            store=self.world.store,
            stream=StreamReader(streams, dynamodb, "jobs"),
            stream_functions={
                QueueName.STREAM: StreamFunction(functions, "notify", "notify"),
                QueueName.SETTLED: StreamFunction(functions, "settle", "settle"),
            },
            dynamodb=dynamodb,
            sqs=sqs,
            dead_letter_queues={
                QueueName.UPLOADS: UPLOADS_DLQ,
                QueueName.SCORING: SCORING_DLQ,
                QueueName.STREAM: STREAM_DLQ,
                QueueName.SETTLED: SETTLE_DLQ,
            },
            source_queues={QueueName.UPLOADS: uploads, QueueName.SCORING: scoring, QueueName.JOBS: scoring},
        )

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

    def dead_letter(
        self, job: Job, attributes: Mapping[str, Any] = ATTRIBUTES, trace: str | None = "Root=1-2-3"
    ) -> Message:
        """A dead letter of the scoring queue about a job."""
        body = ScoringMessage(job_id=job.job_id, object_version=job.object_version or "").model_dump_json(by_alias=True)
        return self.send_to(SCORING_DLQ, body, group=job.client, attributes=attributes, trace=trace)

    def send_to(
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

    def in_dlq(self, queue: str = SCORING_DLQ) -> list[Message]:
        """What lies in a dead-letter queue, visible or not."""
        return self.world.sqs.queues[queue].messages

    def visible(self, queue: str = SCORING_DLQ) -> int:
        """How many dead letters anybody could receive now."""
        return sum(message.visible_at <= self.world.clock() for message in self.in_dlq(queue))

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

    def in_flight(self, seconds: int = 600, **more: Any) -> InFlight:
        """With which dead letters can be received, for this long."""
        return InFlight(self.resources.dead_letter_queues, self.resources.sqs, seconds, **more)

    def receive(self) -> list[DeadLetter]:
        """All dead letters of the scoring queue; they stay in flight."""
        return self.in_flight().receive([QueueName.SCORING])

    def run(self, *queues: str, **options: Any) -> dict[str, Any]:
        """A run to its end, of everything or of these queues; gives its document."""
        return operations.run(self.resources, Selection(queues or tuple(QueueName)), given(**options))

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


def given(**options: Any) -> RedriveOptions:
    """Options of a run that waits for nothing."""
    return RedriveOptions(**({"canary_seconds": 0} | options))


@pytest.fixture
def system(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeSystem]:
    """A system that the commands find."""
    system = FakeSystem(tmp_path)
    monkeypatch.setattr(resources, "open_resources", lambda _stack: system.resources)
    yield system
    system.world.network.gate = None


@pytest.fixture(autouse=True)
def _no_long_polls(monkeypatch: pytest.MonkeyPatch) -> None:
    """Moto waits for real."""
    monkeypatch.setattr("divescore.ops.replay.in_flight.LONG_POLL_SECONDS", 0)
