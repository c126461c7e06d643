"""The system to replay in: its tables and queues as its owner reaches them, and where a run keeps its journal."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from divescore.jobs.table import JobTable
from divescore.ops.replay.dead_letters import Source
from divescore.ops.replay.queues import Mailbox, Outbox
from divescore.ops.replay.streams import StreamReader, Teller
from divescore.stack.deployed import find_stack
from divescore.stack.local_state import STATE_FILE, homes
from divescore.uploads.store import UploadStore

OUTPUTS = {
    "table": "JobsTable",
    "bucket": "UploadsBucket",
    "notify": "NotifyFunction",
    "uploads": "UploadsQueueUrl",
    "scoring": "ScoringQueueUrl",
    "uploadsDlq": "UploadsDlqUrl",
    "scoringDlq": "ScoringDlqUrl",
    "streamDlq": "StreamDlqUrl",
}


@dataclass(frozen=True)
class Place:
    """One system: what its parts are called, and clients with its owner's rights."""

    name: str
    home: Path
    names: Mapping[str, str]  # the keys of OUTPUTS
    clients: Mapping[str, Any]  # service → client
    batches_keep_traces: bool = True

    @cached_property
    def table(self) -> JobTable:
        """The jobs."""
        return JobTable(self.names["table"], self.clients["dynamodb"])

    @property
    def store(self) -> UploadStore:
        """The videos."""
        return UploadStore(self.names["bucket"], self.clients["s3"])

    @property
    def stream(self) -> StreamReader:
        """The jobs behind positions in the stream."""
        return StreamReader(self.clients["dynamodbstreams"], self.clients["dynamodb"], self.names["table"])

    @property
    def teller(self) -> Teller:
        """Pushes jobs again."""
        return Teller(self.clients["lambda"], self.names["notify"])

    @property
    def journal(self) -> Path:
        """The file in which a run writes down what it is sure of."""
        return self.home / "replay" / f"{self.name}.jsonl"

    def mailbox(self, source: Source) -> Mailbox:
        """A dead-letter queue."""
        return Mailbox(source, self.names[f"{source}Dlq"], self.clients["sqs"])

    def outbox(self, source: Source) -> Outbox:
        """The queue that a dead-letter queue stands behind; that of `jobs` is the scoring queue."""
        url = self.names["uploads" if source is Source.UPLOADS else "scoring"]
        return Outbox(url, self.clients["sqs"], self.batches_keep_traces)


def open_place(stack: str | None) -> Place:
    """The deployed stack of that name, or without one the system on this machine. Raises NoSystem."""
    owner = find_stack(stack)
    candidates = list(homes())
    home = next((folder for folder in candidates if (folder / STATE_FILE).exists()), candidates[0])
    services = ("dynamodb", "dynamodbstreams", "s3", "sqs", "lambda")
    return Place(
        name="local" if owner.local else f"stack-{owner.name}",
        home=home,
        names={name: owner.output(output) for name, output in OUTPUTS.items()},
        clients={service: owner.client(service) for service in services},
        # The local engine forgets system attributes of messages that come in a batch.
        batches_keep_traces=not owner.local,
    )
