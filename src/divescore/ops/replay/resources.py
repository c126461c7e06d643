"""The parts of one system that a replay works on, as its owner reaches them, and where a run keeps its journal."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from divescore.jobs.table import JobTable
from divescore.ops.replay.dead_letters import QueueName
from divescore.ops.replay.queues import SourceQueue
from divescore.ops.replay.streams import StreamFunction, StreamReader
from divescore.stack.deployed import find_stack
from divescore.stack.local_state import STATE_FILE, homes
from divescore.uploads.store import UploadStore

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_sqs import SQSClient

# CloudFormation's outputs. What failed while it was scored, with or without a dead letter, goes back to be scored.
DEAD_LETTER_QUEUES = {
    QueueName.UPLOADS: "UploadsDlqUrl",
    QueueName.SCORING: "ScoringDlqUrl",
    QueueName.STREAM: "StreamDlqUrl",
    QueueName.SETTLED: "SettleDlqUrl",
}
# What is to have the jobs behind a dead letter of the stream once more: the function, and the output that names it.
STREAM_FUNCTIONS = {QueueName.STREAM: ("notify", "NotifyFunction"), QueueName.SETTLED: ("settle", "SettleFunction")}
SOURCE_QUEUES = {
    QueueName.UPLOADS: "UploadsQueueUrl",
    QueueName.SCORING: "ScoringQueueUrl",
    QueueName.JOBS: "ScoringQueueUrl",
}


@dataclass(frozen=True)
class Resources:
    """One system's table, videos, queues and functions."""

    name: str  # `local`, or the stack's with `stack-` before it
    journal: Path  # the file in which a run writes down what it is sure of
    table: JobTable
    store: UploadStore
    stream: StreamReader
    stream_functions: Mapping[QueueName, StreamFunction]
    dynamodb: "DynamoDBClient"
    sqs: "SQSClient"
    dead_letter_queues: Mapping[QueueName, str]  # their addresses
    source_queues: Mapping[QueueName, SourceQueue]


def open_resources(stack: str | None) -> Resources:
    """Of the deployed stack of that name, or without one of the system on this machine. Raises NoSystem."""
    system = find_stack(stack)
    name = "local" if system.local else f"stack-{system.name}"
    candidates = list(homes())
    home = next((folder for folder in candidates if (folder / STATE_FILE).exists()), candidates[0])
    dynamodb, sqs = system.client("dynamodb"), system.client("sqs")
    table = system.output("JobsTable")
    return Resources(
        name=name,
        journal=home / "replay" / f"{name}.jsonl",
        table=JobTable(table, dynamodb),
        store=UploadStore(system.output("UploadsBucket"), system.client("s3")),
        stream=StreamReader(system.client("dynamodbstreams"), dynamodb, table),
        stream_functions={
            queue: StreamFunction(system.client("lambda"), system.output(output), name)
            for queue, (name, output) in STREAM_FUNCTIONS.items()
        },
        dynamodb=dynamodb,
        sqs=sqs,
        dead_letter_queues={queue: system.output(url) for queue, url in DEAD_LETTER_QUEUES.items()},
        # The local engine forgets system attributes of messages that come in a batch.
        source_queues={
            queue: SourceQueue(system.output(url), sqs, batches_keep_traces=not system.local)
            for queue, url in SOURCE_QUEUES.items()
        },
    )
