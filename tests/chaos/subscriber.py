"""A subscriber of `DiveSettled` while faults strike: hears of each settled version, and counts how often."""

import threading
import time
from collections import Counter

from botocore.exceptions import BotoCoreError, ClientError

from divescore.jobs.items import from_item
from divescore.ops.replay.streams import StreamFunction
from divescore.ops.settled.messages import parse_settled
from divescore.views import SETTLED
from tests.chaos.system import System

POLL_SECONDS = 0.2
Version = tuple[str, int]  # job, version


class Subscriber(threading.Thread):
    """Empties the local system's queue until `end` is called. Survives restarts of the engine, which keeps it."""

    def __init__(self, system: System) -> None:
        super().__init__(name="subscriber", daemon=True)
        self.heard: Counter[Version] = Counter()
        self._system = system
        self._ending = threading.Event()

    def end(self) -> None:
        """Stop after what is there now."""
        self._ending.set()
        self.join(timeout=30)

    def run(self) -> None:
        while True:
            last = self._ending.is_set()
            try:
                while self.take():
                    pass
            except (BotoCoreError, ClientError):
                pass  # the engine is away, and has what was not taken when it is back
            if last:
                return
            time.sleep(POLL_SECONDS)

    def take(self) -> int:
        """Hear a batch of messages; how many."""
        sqs, url = self._system.sqs, self._system.stack.queues["settled"]
        messages = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages", [])
        for message in messages:
            sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
            self.heard[parse_settled(message).key] += 1
        return len(messages)

    def missing(self) -> list[str]:
        """Jobs whose last state is settled and was not heard of."""
        return sorted(
            job
            for job, item in self._system.records().items()
            if item["status"]["S"] in SETTLED and (job, int(item["version"]["N"])) not in self.heard
        )

    def hand_over_what_the_engine_forgot(self) -> int:
        """After a restart: have settle told of settled jobs whose records were not read; how many jobs.

        The engine forgets the stream when it ends. DynamoDB does not: there settle would go on where it was.
        """
        system = self._system
        while self.take():
            pass
        forgotten = set(self.missing())
        jobs = [from_item(item) for job, item in system.records().items() if job in forgotten]
        function = StreamFunction(system.client("lambda"), system.stack.functions["settle"], "settle")
        while jobs:
            failed = function.hand(jobs)
            jobs = [job for job in jobs if job.job_id in failed]
        return len(forgotten)
