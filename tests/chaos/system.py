"""The local system with faults in it: its own folder and engine, wrapped worker, notify and settle, and restarts."""

import io
import json
import os
import time
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any
from unittest.mock import patch

import psutil

from divescore.stack import local_state
from divescore.stack.clients import ATTEMPTS, Clients, clients_of_engine
from divescore.stack.local import deploy, engine, lifecycle, package
from divescore.uploads.notifications import notification_body
from tests.chaos.injected.faults import SETTINGS, Faults

ROOT = Path(__file__).resolve().parents[2]
SAVED_WITHIN = 60.0  # a busy engine on a busy machine takes its time to end
# A message that a worker took and died of before its claim comes back after the queue's own time-out, six times this.
WORKER_TIMEOUT = "60"
WRAPPED = {"WorkerFunction": "worker", "NotifyFunction": "notify", "SettleFunction": "settle"}


@dataclass
class System:
    """A running local system whose functions obey a plan of faults."""

    home: Path
    current: local_state.LocalState
    faults: Faults

    @classmethod
    def start(
        cls,
        home: Path,
        port: int,
        environment: dict[str, str],
        say: Callable[[str], None],
        wrapping: Mapping[str, str] = WRAPPED,
    ) -> "System":
        """Start it; `environment` changes the worker's, which shortens leases in short runs.

        `wrapping`: function → the injected module in front of it.
        """
        home.mkdir(mode=0o700, parents=True, exist_ok=True)  # the faults lie in it before the system does
        os.environ["DIVESCORE_HOME"] = str(home)
        faults = Faults(home / "faults")
        faults.create()
        plain = deploy.packages

        def packages(root: Path, weights: Path) -> dict[str, package.Package]:
            code = plain(root, weights)
            return code | {name: wrapped(code[name], module, faults, environment) for name, module in wrapping.items()}

        with patch.object(deploy, "packages", packages):
            current = lifecycle.up(port, ROOT / "model_weights", {"WorkerTimeout": WORKER_TIMEOUT}, say)
        return cls(home, current, faults)

    @property
    def stack(self) -> local_state.StackOutputs:
        """The addresses of what was deployed."""
        if self.current.stack is None:
            raise RuntimeError("the stack is not deployed")
        return self.current.stack

    def restart(self) -> float:
        """Stop the engine gracefully and start it again with what it saved; the seconds it was away."""
        started = time.monotonic()
        before = self.current.engine
        self.faults.note("restarting")
        with patch.object(engine, "SAVED_WITHIN", SAVED_WITHIN):
            engine.stop(self.home, before, save=True)
        engine.forget_stream_positions(self.home)
        self.current.engine = engine.start(self.home, before.port, before.rootKeyId, before.rootSecret)
        self.current.save()
        self.faults.note("restarted")
        return time.monotonic() - started

    def stop(self) -> None:
        """Stop everything and remove what the engine kept."""
        lifecycle.down(keep=False)

    def workers(self) -> list[psutil.Process]:
        """The worker's processes."""
        found = []
        for process in engine.processes(self.home):
            try:
                if "awslambdaric" in process.cmdline():
                    found.append(process)
            except psutil.Error:
                continue  # gone meanwhile
        return found

    @cached_property
    def client(self) -> Clients:
        """Clients as the user that deploys. They wait for an engine that is away, which comes back at the same port."""
        keys = self.current.credentials
        if keys is None:
            raise RuntimeError("the stack is not deployed")
        return clients_of_engine(self.current.engine, keys, self.current.region, attempts=ATTEMPTS)

    @cached_property
    def dynamodb(self) -> Any:
        """The table's client."""
        return self.client("dynamodb")

    @cached_property
    def sqs(self) -> Any:
        """The queues' client."""
        return self.client("sqs")

    def record(self, job_id: str) -> dict[str, Any]:
        """A job's item in its wire form."""
        key = {"pk": {"S": f"JOB#{job_id}"}, "sk": {"S": "JOB"}}
        item: dict[str, Any] = self.dynamodb.get_item(TableName=self.stack.table, Key=key, ConsistentRead=True)["Item"]
        return item

    def records(self) -> dict[str, dict[str, Any]]:
        """Every job's item."""
        pages = self.dynamodb.get_paginator("scan").paginate(TableName=self.stack.table, ConsistentRead=True)
        items = [item for page in pages for item in page["Items"] if item["sk"]["S"] == "JOB"]
        return {item["jobId"]["S"]: item for item in items}

    def send_again(self, job_id: str, kind: str) -> None:
        """Deliver once more what started the job: its scoring `message` under a new id, or S3's `notification`."""
        version = self.record(job_id)["objectVersion"]["S"]
        if kind == "message":
            body = json.dumps({"jobId": job_id, "objectVersion": version})
            self.sqs.send_message(QueueUrl=self.stack.queues["scoring"], MessageBody=body, MessageGroupId="again")
        else:
            body = notification_body(self.stack.bucket, f"uploads/{job_id}/video", version)
            self.sqs.send_message(QueueUrl=self.stack.queues["uploads"], MessageBody=body)

    def messages(self, queue: str) -> int:
        """About how many messages a queue holds, under way ones and delayed ones included."""
        names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
        answer = self.sqs.get_queue_attributes(QueueUrl=self.stack.queues[queue], AttributeNames=names)
        return sum(int(answer["Attributes"][name]) for name in names)

    def dead_letters(self) -> list[dict[str, Any]]:
        """What lies in the scoring dead-letter queue: `{job, cause, attempts}`; it is emptied."""
        letters = []
        while True:
            answer = self.sqs.receive_message(
                QueueUrl=self.stack.queues["scoringDlq"], MaxNumberOfMessages=10, MessageAttributeNames=["All"]
            )
            for message in answer.get("Messages", []):
                attributes = message.get("MessageAttributes", {})
                letters.append(
                    {
                        "job": json.loads(message["Body"])["jobId"],
                        "cause": attributes.get("cause", {}).get("StringValue"),
                        "attempts": int(attributes.get("attempts", {}).get("StringValue", "0")),
                    }
                )
                self.sqs.delete_message(
                    QueueUrl=self.stack.queues["scoringDlq"], ReceiptHandle=message["ReceiptHandle"]
                )
            if not answer.get("Messages"):
                return letters


def wrapped(product: package.Package, module: str, faults: Faults, environment: dict[str, str]) -> package.Package:
    """The product's package with its handler renamed and the injected module of that name in front of it."""
    with zipfile.ZipFile(io.BytesIO(product.content)) as archive:
        files = {name: archive.read(name) for name in archive.namelist()}
    files["product.py"] = files.pop("app.py")
    files["app.py"] = f"from tests.chaos.injected.{module} import handler\n".encode()
    files[SETTINGS] = json.dumps({"folder": str(faults.folder), "environment": environment}).encode()
    for name in ("faults", module):
        path = f"tests/chaos/injected/{name}.py"
        files[path] = (ROOT / path).read_bytes()
    return package.pack(f"chaos-{module}", files, executable=frozenset({"bootstrap"} & files.keys()))
