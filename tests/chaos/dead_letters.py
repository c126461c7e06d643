"""Failed jobs with videos, and dead letters about them that carry every type of attribute."""

import json
import random
import string
import time
from collections.abc import Collection, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import Any

from divescore.jobs.items import to_item
from divescore.jobs.messages import ScoringMessage
from divescore.jobs.model import Cause, Job
from divescore.stack.deployed import Stack
from divescore.views import Status

THREADS = 8
DAY_MS = 86_400_000
ALL: Any = {"MessageAttributeNames": ["All"], "MessageSystemAttributeNames": ["All"]}


@dataclass(frozen=True)
class SentMessage:
    """What a message consists of, apart from what the queue adds."""

    body: str
    attributes: Mapping[str, Mapping[str, Any]]
    group: str | None
    trace: str | None

    @classmethod
    def of(cls, message: Mapping[str, Any]) -> "SentMessage":
        """From an answer of ReceiveMessage."""
        system = message.get("Attributes", {})
        attributes = message.get("MessageAttributes", {})
        return cls(message["Body"], attributes, system.get("MessageGroupId"), system.get("AWSTraceHeader"))

    @property
    def job_id(self) -> str:
        """The job that it is about."""
        return str(json.loads(self.body)["jobId"])

    @property
    def arguments(self) -> dict[str, Any]:
        """For SendMessage."""
        header = {"AWSTraceHeader": {"DataType": "String", "StringValue": self.trace}}
        return {
            "MessageBody": self.body,
            "MessageAttributes": self.attributes,
            **({"MessageGroupId": self.group} if self.group else {}),
            **({"MessageSystemAttributes": header} if self.trace else {}),
        }


def draw(chance: random.Random, body: str, client: str) -> SentMessage:
    """A message with attributes of every type: what our worker writes, and what other tools may have added."""
    text = "".join(chance.choices(string.ascii_letters + "äößλ漢🤿 ", k=chance.randint(1, 40)))
    attributes: dict[str, dict[str, Any]] = {
        "cause": {"DataType": "String", "StringValue": chance.choice(["INTERNAL", "OUT_OF_MEMORY", "UNAVAILABLE"])},
        "causeMessage": {"DataType": "String", "StringValue": text},
        "attempts": {"DataType": "Number", "StringValue": chance.choice(["1", "2", "3", "3.0e0", "-0"])},
        "bytes": {"DataType": "Binary", "BinaryValue": chance.randbytes(chance.randint(1, 64))},
        "custom": {"DataType": "Number.seconds", "StringValue": str(chance.random())},
        "picture": {"DataType": "Binary.png", "BinaryValue": b"\x89PNG\x00\xff" + chance.randbytes(8)},
        "kind": {"DataType": "String.kind", "StringValue": "née\tx"},
    }
    names = ["cause", "causeMessage", "attempts", *chance.sample(["bytes", "custom", "picture", "kind"], 3)]
    trace = f"Root=1-{chance.randrange(16**8):08x}-{chance.randrange(16**24):024x};Sampled=1"
    return SentMessage(
        body, {name: attributes[name] for name in names}, client, trace if chance.random() < 0.7 else None
    )


def make_dead_letters(
    stack: Stack, count: int, video: bytes, chance: random.Random, run: str
) -> dict[str, SentMessage]:
    """Make `count` failed jobs, each with its video and a dead letter; the dead letters by job id."""
    dynamodb, s3, sqs = stack.client("dynamodb"), stack.client("s3"), stack.client("sqs")
    table, bucket, queue = stack.output("JobsTable"), stack.output("UploadsBucket"), stack.output("ScoringDlqUrl")
    now = time.time_ns() // 1_000_000

    def one(number: int, seed: int) -> tuple[str, SentMessage]:
        job = Job(
            job_id=f"{run}{number:0{32 - len(run)}x}",
            client=f"client-{number % 7}",
            filename="dive.webm",
            content_type="video/webm",
            size_bytes=len(video),
            created_at=now,
            updated_at=now,
            expires_at=now + DAY_MS,
            status=Status.FAILED,
            attempt=3,
            version=9,
            rev=12,
            error=Cause("INTERNAL", "A fault of ours.", True),
        )
        # First the record: enqueue erases what no job waits for, and leaves a failed one alone.
        dynamodb.put_item(TableName=table, Item=to_item(job))
        version = s3.put_object(Bucket=bucket, Key=job.key, Body=video)["VersionId"]
        dynamodb.put_item(TableName=table, Item=to_item(replace(job, object_version=version)))
        body = ScoringMessage(job_id=job.job_id, object_version=version).model_dump_json(by_alias=True)
        message = draw(random.Random(seed), body, job.client)
        sqs.send_message(QueueUrl=queue, **message.arguments)
        return job.job_id, message

    seeds = [chance.randrange(2**32) for _ in range(count)]
    with ThreadPoolExecutor(THREADS) as pool:
        return dict(pool.map(one, range(count), seeds))


def waiting(sqs: Any, url: str, jobs: Collection[str], seconds: float) -> list[SentMessage]:
    """What waits in a queue that nobody reads, once it has a message for each of `jobs` or the time is over.

    They are visible again afterwards.
    """
    found: dict[str, dict[str, Any]] = {}
    end = time.monotonic() + seconds
    while time.monotonic() < end and not {SentMessage.of(message).job_id for message in found.values()} >= set(jobs):
        answer = sqs.receive_message(
            QueueUrl=url, MaxNumberOfMessages=10, VisibilityTimeout=60, WaitTimeSeconds=1, **ALL
        )
        found |= {message["MessageId"]: message for message in answer.get("Messages", [])}
    for message in found.values():
        sqs.change_message_visibility(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"], VisibilityTimeout=0)
    return [SentMessage.of(message) for message in found.values()]
