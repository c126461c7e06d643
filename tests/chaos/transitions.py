"""Reads the jobs table's stream beside `notify`, and keeps at which versions each job became SCORED."""

import threading
import time
from collections import defaultdict
from collections.abc import Mapping
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from tests.chaos.system import System

POLL_SECONDS = 0.5


class Transitions(threading.Thread):
    """Runs until `end` is called. Survives restarts of the engine, which keeps the stream's records."""

    def __init__(self, system: System) -> None:
        super().__init__(name="transitions", daemon=True)
        self.scored: dict[str, set[int]] = defaultdict(set)
        self.records = 0
        self._system = system
        self._ending = threading.Event()

    def end(self) -> None:
        """Read what is left, then stop."""
        self._ending.set()
        self.join(timeout=30)

    def run(self) -> None:
        streams = self._system.client("dynamodbstreams")
        iterator = None
        while True:
            last = self._ending.is_set()
            try:
                iterator = iterator or self._start(streams)
                answer = streams.get_records(ShardIterator=iterator)
                while answer["Records"]:
                    for record in answer["Records"]:
                        self._take(record["dynamodb"])
                    iterator = answer["NextShardIterator"]
                    answer = streams.get_records(ShardIterator=iterator)
                iterator = answer["NextShardIterator"]
            except (BotoCoreError, ClientError):
                iterator = None  # the engine is away; afterwards all it has is read, which counts nothing twice
            if last:
                return
            time.sleep(POLL_SECONDS)

    def _start(self, streams: Any) -> str:
        table = self._system.client("dynamodb").describe_table(TableName=self._system.stack.table)["Table"]
        arn = table["LatestStreamArn"]
        shard = streams.describe_stream(StreamArn=arn)["StreamDescription"]["Shards"][0]["ShardId"]
        answer = streams.get_shard_iterator(StreamArn=arn, ShardId=shard, ShardIteratorType="TRIM_HORIZON")
        return str(answer["ShardIterator"])

    def _take(self, change: Mapping[str, Any]) -> None:
        self.records += 1
        old, new = change.get("OldImage", {}), change.get("NewImage", {})
        if new.get("sk", {}).get("S") != "JOB" or new["status"]["S"] != "SCORED":
            return
        same = old.get("status") == new["status"] and old.get("result") == new.get("result")
        if not same:
            self.scored[new["jobId"]["S"]].add(int(new["version"]["N"]))
