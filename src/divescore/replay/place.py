"""The system to replay in: the one on this machine or a deployed stack, its names and the clients to reach it."""

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from divescore.client.errors import NoSystem
from divescore.client.place import START_IT, STATE_FILE, deployed, homes
from divescore.jobs.table import JobTable
from divescore.replay.errors import NoQueue, NotReachable
from divescore.replay.letters import Source
from divescore.replay.mail import Mailbox, Outbox
from divescore.replay.streams import StreamReader, Teller
from divescore.uploads.store import UploadStore

LOCAL = "local"
LANES = 8  # requests at a time while jobs and videos are looked up
CONNECT_SECONDS, READ_SECONDS = 3, 30
_OUTPUTS = {
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
    """One system: what its parts are called, and where it keeps what a replay has to remember."""

    name: str
    home: Path
    names: Mapping[str, str]  # the keys of _OUTPUTS
    session: Any
    endpoint: str | None = None  # of a local engine

    @cached_property
    def table(self) -> JobTable:
        """The jobs."""
        return JobTable(self.names["table"], self.client("dynamodb"))

    @cached_property
    def store(self) -> UploadStore:
        """The videos."""
        return UploadStore(self.names["bucket"], self.client("s3"))

    @cached_property
    def sqs(self) -> Any:
        """The queues' client."""
        return self.client("sqs")

    @cached_property
    def stream(self) -> StreamReader:
        """The jobs behind positions in the stream."""
        return StreamReader(self.client("dynamodbstreams"), self.client("dynamodb"), self.names["table"])

    @cached_property
    def teller(self) -> Teller:
        """Pushes jobs again."""
        return Teller(self.client("lambda"), self.names["notify"])

    @property
    def journal(self) -> Path:
        """The file in which a run writes down what it is sure of."""
        return self.home / "replay" / f"{self.name}.jsonl"

    def mailbox(self, source: Source) -> Mailbox:
        """A dead-letter queue."""
        return Mailbox(source, self.names[f"{source}Dlq"], self.sqs)

    def outbox(self, source: Source) -> Outbox:
        """The queue that a dead-letter queue stands behind; that of `jobs` is the scoring queue."""
        url = self.names["uploads" if source is Source.UPLOADS else "scoring"]
        return Outbox(url, self.sqs, batches_keep_traces=self.endpoint is None)

    def client(self, service: str) -> Any:
        """A boto3 client with this place's credentials."""
        from botocore.config import Config

        config = Config(
            connect_timeout=CONNECT_SECONDS,
            read_timeout=READ_SECONDS,
            max_pool_connections=LANES + 2,
            retries={"mode": "standard", "total_max_attempts": 3 if self.endpoint is None else 1},
            signature_version="s3v4" if service == "s3" else None,
            s3={"addressing_style": "virtual" if self.endpoint is None else "path"},
            proxies={} if self.endpoint else None,  # a proxy is for the world outside
        )
        return self.session.client(service, endpoint_url=self.endpoint, config=config)


def open_place(stack: str | None) -> Place:
    """The deployed stack of that name, or without one the system on this machine.

    Raises NoSystem when there is none; whether it answers shows at the first call.
    """
    import boto3

    if stack is None:
        return _local()
    outputs = deployed(stack)
    missing = sorted({name for name in _OUTPUTS.values() if name not in outputs})
    if missing:
        raise NoQueue(f"The stack {stack} has no output {missing[0]}; is it a Divescore stack of this version?")
    home = Path(os.environ.get("DIVESCORE_HOME") or Path.cwd() / ".divescore")
    names = {name: outputs[output] for name, output in _OUTPUTS.items()}
    return Place(f"stack-{stack.rpartition('/')[2]}", home, names, boto3.Session())


def _local() -> Place:
    import boto3

    home, record = _record()
    try:
        names = {
            "table": record["table"],
            "bucket": record["bucket"],
            "notify": record["functions"]["notify"],
            **record["queues"],
        }
        session = boto3.Session(
            aws_access_key_id=record["credentials"]["accessKeyId"],
            aws_secret_access_key=record["credentials"]["secretAccessKey"],
            region_name=record["region"],
        )
        return Place(LOCAL, home, names, session, record["engine"]["endpoint"])
    except (KeyError, TypeError) as error:
        raise NotReachable(
            f"The system on this machine is still being deployed, or its start failed. {START_IT}"
        ) from error


def _record() -> tuple[Path, dict[str, Any]]:
    for home in homes():
        try:
            record: dict[str, Any] = json.loads((home / STATE_FILE).read_text())
        except FileNotFoundError:
            continue
        except (OSError, ValueError) as error:
            raise NoSystem(f"{home / STATE_FILE} cannot be read ({error}). {START_IT}") from error
        return home, record
    raise NoSystem(f"The system is not running on this machine. {START_IT}, or name a deployed one with --stack.")
