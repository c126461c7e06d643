"""How fast a change reaches those who watch: `python -m tests.bench.fanout --sockets 1000 --json`.

Starts a system of its own, writes job records past the API, and times the messages on real sockets: one job watched by
all sockets, against posting to the same connections one by one; and each socket watching a job of its own.
"""

import argparse
import asyncio
import json
import os
import resource
import secrets
import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from websockets.asyncio.client import ClientConnection, connect

from divescore.jobs.items import to_item
from divescore.jobs.model import Job
from divescore.jobs.table import JobTable, now_ms
from divescore.jobs.transitions import Fence, Finished, Progressed
from divescore.live.connections import Connections
from divescore.live.messages import job_message
from divescore.live.push import POST_TIMEOUTS, Pusher
from divescore.ops.load.percentiles import percentile, spread
from divescore.tokens.tokens import Scope, Tokens
from divescore.views import Status
from tests.conftest import STACK_STARTS_WITHIN, STACK_STOPS_WITHIN, divescore, free_port
from tests.integration.conftest import System

ARRIVES_WITHIN = 120.0
CONNECTS_AT_A_TIME = 32
# About what a real result weighs: most of it is the strip of frames.
RESULT = {"score": 84.15, "strip": {"data": "x" * 10_000}, "segments": [{"start": 0.0, "end": 0.5}] * 8}
FENCE = Fence("bench", 1)


def say(text: str) -> None:
    sys.stderr.write(text + "\n")


@dataclass
class Watcher:
    """One socket and when it first saw each version of each job."""

    socket: ClientConnection
    seen: dict[tuple[str, int], float] = field(default_factory=dict)
    news: asyncio.Event = field(default_factory=asyncio.Event)

    async def listen(self) -> None:
        async for text in self.socket:
            at = time.perf_counter()
            message = json.loads(text)
            if message["type"] == "job":
                self.seen.setdefault((message["job"]["jobId"], message["job"]["version"]), at)
            elif message["type"] == "error":
                raise AssertionError(message)
            self.news.set()

    async def until(self, job_id: str, version: int) -> float:
        while (job_id, version) not in self.seen:
            self.news.clear()
            await self.news.wait()
        return self.seen[(job_id, version)]


class Bench:
    """A running system, from both sides."""

    def __init__(self, system: System) -> None:
        self.dynamodb = system.owner("dynamodb")
        self.name = system.addresses["table"]
        self.table = JobTable(self.name, self.dynamodb)
        self.tokens: Tokens = system.tokens()
        self.live: str = system.addresses["live"]
        record = json.loads((Path(system.addresses["env"]["DIVESCORE_HOME"]) / "stack.json").read_text())
        self.credentials = record["credentials"]
        self.region = record["region"]

    def new_job(self) -> Job:
        """A job that a worker has in hand and that nobody else will touch."""
        now = now_ms()
        far = now + 86_400_000
        job_id = secrets.token_hex(16)
        job = Job(job_id, "bench", "dive.webm", "video/webm", 1000, now, far, Status.PROCESSING, version=3, rev=3)
        job = replace(job, updated_at=now, deadline=far, attempt=1, owner="bench", stage="scoring", lease_until=far)
        self.dynamodb.put_item(TableName=self.name, Item=to_item(job))
        return job

    def pusher(self) -> Pusher:
        """Posts as `notify` does."""
        os.environ["AWS_ACCESS_KEY_ID"] = self.credentials["accessKeyId"]
        os.environ["AWS_SECRET_ACCESS_KEY"] = self.credentials["secretAccessKey"]
        os.environ["AWS_DEFAULT_REGION"] = self.region
        endpoint = self.live.replace("ws://", "http://")
        return Pusher(Connections(endpoint, POST_TIMEOUTS))

    async def open(self, count: int) -> list[Watcher]:
        places = asyncio.Semaphore(CONNECTS_AT_A_TIME)

        async def one() -> Watcher:
            async with places:
                url = f"{self.live}?ticket={self.tokens.ticket('bench')}"
                return Watcher(await connect(url, proxy=None, compression=None, ping_interval=None, open_timeout=60))

        return list(await asyncio.gather(*(one() for _ in range(count))))

    async def subscribe(self, watchers: list[Watcher], jobs: list[Job]) -> None:
        places = asyncio.Semaphore(CONNECTS_AT_A_TIME)

        async def one(watcher: Watcher, job: Job) -> None:
            async with places:
                token = self.tokens.issue(job.job_id, [Scope.READ], int(time.time()) + 3600)
                await watcher.socket.send(json.dumps({"action": "subscribe", "token": token}))
                await watcher.until(job.job_id, job.version)

        await asyncio.gather(*(one(watcher, job) for watcher, job in zip(watchers, jobs, strict=True)))

    def reference(self) -> float:
        """What one round trip to the system costs at this moment, in milliseconds: the median of 50 reads."""
        times = []
        for _ in range(50):
            began = time.perf_counter()
            self.dynamodb.get_item(TableName=self.name, Key={"pk": {"S": "none"}, "sk": {"S": "none"}})
            times.append(time.perf_counter() - began)
        return percentile(sorted(times), 0.5) * 1000

    async def one_job(self, watchers: list[Watcher]) -> dict[str, Any]:
        """All watch one job: seconds from the write until the last has it, and posting one by one to compare."""
        job = await asyncio.to_thread(self.new_job)
        await self.subscribe(watchers, [job] * len(watchers))
        connections = await asyncio.to_thread(self._connections, job.job_id)
        assert len(connections) == len(watchers)

        async def timed(version: int, work: Callable[[], Any]) -> tuple[float, float]:
            began = time.perf_counter()
            working = asyncio.create_task(asyncio.to_thread(work))
            async with asyncio.timeout(ARRIVES_WITHIN):
                arrived = [await watcher.until(job.job_id, version) for watcher in watchers]
            await working
            return percentile(sorted(arrived), 0.5) - began, max(arrived) - began

        # A first change through the whole path, so that nothing of what is timed starts cold.
        await timed(4, lambda: self.table.apply(job, Progressed(FENCE, "scoring", 0.5)))
        half, last = await timed(5, lambda: self.table.apply(job, Finished(FENCE, RESULT)))
        done = await asyncio.to_thread(self.table.get, job.job_id)
        message, pusher = job_message(replace(done, version=6)), self.pusher()

        def one_by_one() -> None:
            for connection in connections:
                pusher.post(connection, message)

        half_serial, last_serial = await timed(6, one_by_one)
        return {
            "watchers": len(watchers),
            "message_bytes": message.size,
            "fan_out": {"median": round(half, 3), "last": round(last, 3)},
            "one_by_one": {"median": round(half_serial, 3), "last": round(last_serial, 3)},
            "times_faster": round(last_serial / last, 2),
        }

    async def own_jobs(self, watchers: list[Watcher], rate: float) -> dict[str, Any]:
        """Each watches a job of its own; jobs finish at `rate` a second. Milliseconds from write to push."""
        with ThreadPoolExecutor(8) as pool:
            loop = asyncio.get_running_loop()
            jobs = await asyncio.gather(*(loop.run_in_executor(pool, self.new_job) for _ in watchers))
            await self.subscribe(watchers, list(jobs))
            writing: list[asyncio.Future[float]] = []

            def finish(job: Job) -> float:
                began = time.perf_counter()
                self.table.apply(job, Finished(FENCE, RESULT))
                return began

            start = time.perf_counter()
            for number, job in enumerate(jobs):
                await asyncio.sleep(max(0.0, start + number / rate - time.perf_counter()))
                writing.append(loop.run_in_executor(pool, finish, job))
            written = list(await asyncio.gather(*writing))
            async with asyncio.timeout(ARRIVES_WITHIN):
                arrived = [await watcher.until(job.job_id, 4) for watcher, job in zip(watchers, jobs, strict=True)]
        delays = [(there - here) * 1000 for here, there in zip(written, arrived, strict=True)]
        figures = spread(delays)
        return {
            "sockets": len(watchers),
            "arrived": len(delays),
            "rate": rate,
            "write_to_push_ms": {name: round(figures[name], 1) for name in ("p50", "p95", "p99", "max")},
        }

    def _connections(self, job_id: str) -> list[str]:
        pages = self.dynamodb.get_paginator("query").paginate(
            TableName=self.name,
            KeyConditionExpression="pk = :job AND begins_with(sk, :sub)",
            ExpressionAttributeValues={":job": {"S": f"JOB#{job_id}"}, ":sub": {"S": "SUB#"}},
        )
        return [item["sk"]["S"].removeprefix("SUB#") for page in pages for item in page["Items"]]


async def measure(system: System, sockets: int, rate: float) -> dict[str, Any]:
    """All figures of one run."""
    bench = Bench(system)
    reference = await asyncio.to_thread(bench.reference)
    say(f"opening {sockets} sockets")
    began = time.perf_counter()
    watchers = await bench.open(sockets)
    opening = time.perf_counter() - began
    listening = [asyncio.create_task(watcher.listen()) for watcher in watchers]
    try:
        say("one job, watched by all")
        one_job = await bench.one_job(watchers)
        say("a job for each")
        own_jobs = await bench.own_jobs(watchers, rate)
        failed = [task.exception() for task in listening if task.done()]
        assert not failed, f"{len(failed)} sockets did not last: {failed[0]!r}"
    finally:
        for task in listening:
            task.cancel()
        await asyncio.gather(*(watcher.socket.close() for watcher in watchers), return_exceptions=True)
    return {
        "reference_ms": round(reference, 2),
        "opened_per_second": round(sockets / opening, 1),
        "one_job": one_job,
        "own_jobs": own_jobs,
        "p50_over_reference": round(own_jobs["write_to_push_ms"]["p50"] / reference, 1),
    }


def main() -> None:
    """Start a system, measure, stop it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sockets", type=int, default=1000)
    parser.add_argument(
        "--rate", type=float, default=50.0, help="jobs that finish in a second, of those watched singly"
    )
    parser.add_argument("--json", action="store_true", help="print one JSON document on standard output")
    options = parser.parse_args()
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = 4 * options.sockets + 1024
    if soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (min(wanted, hard), hard))
    with tempfile.TemporaryDirectory(prefix="divescore-bench-") as home:
        env = {"DIVESCORE_HOME": home}
        arguments = ("up", "--detach", "--json", "--port", str(free_port()))
        started = divescore(*arguments, timeout=STACK_STARTS_WITHIN, env=env)
        try:
            assert started.returncode == 0, started.stderr
            system = System(json.loads(started.stdout) | {"env": env})
            figures = asyncio.run(measure(system, options.sockets, options.rate))
        finally:
            divescore("down", timeout=STACK_STOPS_WITHIN, env=env)
    if options.json:
        sys.stdout.write(json.dumps(figures) + "\n")
        return
    one, own = figures["one_job"], figures["own_jobs"]
    sys.stdout.write(
        f"one job, {one['watchers']} watchers: the last has it after {one['fan_out']['last']} s, "
        f"one by one after {one['one_by_one']['last']} s\n"
        f"{own['sockets']} jobs, one watcher each: write to push {own['write_to_push_ms']} ms\n"
    )


if __name__ == "__main__":
    main()
