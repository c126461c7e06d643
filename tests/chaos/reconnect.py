"""The Python client on the running system while its connections end in every way, again and again.

    python -m tests.chaos.reconnect --jobs 100 --cuts 200 --json

Clients submit rendered dives and follow them through proxies that close, kill and freeze connections, half of them in
the middle of a message. At the end each client must know exactly what the table holds, and must never have gone back to
an older version. Prints a report; the exit code is 1 when that was broken or the cuts could not all be made.
`--quick` shortens the client's waits (a half-open connection is noticed in 2 s instead of up to 20), for short runs.
"""

import argparse
import asyncio
import contextlib
import json
import random
import sys
import tempfile
import time
from collections import Counter
from collections.abc import AsyncIterator, Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime
from itertools import pairwise
from pathlib import Path
from statistics import median
from typing import Any
from urllib.parse import urlsplit

import httpx

from divescore.client.connection import SocketTimeouts
from divescore.client.http import Http
from divescore.client.live import Live
from divescore.client.messages import JobMessage, Message
from divescore.client.models import Created, JobAnswer
from divescore.client.models import Live as LiveAddress
from divescore.client.protocol import Protocol
from divescore.client.submit import Submission, submit
from divescore.client.timing import Timing
from divescore.jobs.table import JobTable
from divescore.jobs.view import job_view
from divescore.views import to_json
from tests.chaos.proxy import Cut, Link, Proxy
from tests.conftest import STACK_STARTS_WITHIN, STACK_STOPS_WITHIN, divescore, free_port
from tests.integration.conftest import System

CLIENTS = 20
IN_FLIGHT = 12  # below the number of open jobs that the service allows one client
# All clients have one address here.
QUOTAS = {"OpenJobsPerClient": "100", "JobsPerDayPerClient": "5000"}
START_EVERY = 0.8  # seconds: not all at once, or the engine starts processes for each, and none in time
UPLOAD_TAKES = 30.0  # seconds at most; a job is watched meanwhile
CREATIONS = 5
# Seconds between cuts, on average: connections must live a while, or clients rightly wait longer and longer.
CUT_EVERY = 0.4
AT_DATA = 0.5  # the share of cuts that strike in the middle of what the service sends
RENDER_WITHIN = 120.0
JOB_WITHIN = 300.0
QUICK = Timing(first_backoff=0.1, longest_backoff=1.0, proven_after=1.0, answer_within=2.0)
QUICK_START_EVERY, QUICK_CUT_EVERY, QUICK_UPLOAD_TAKES = 0.1, 0.15, 1.0
QUICK_TIMEOUTS = SocketTimeouts(ping_every=1.0, pong_within=1.0, closes_within=0.2)


class Detour(Http):
    """The HTTP API as it is, but for live addresses, which lead through the proxy, and uploads, which take a while."""

    def __init__(self, api: str, port: int, upload_takes: float) -> None:
        super().__init__(api)
        self.port = port
        self.upload_takes = upload_takes
        self.client.event_hooks["request"].append(self._dawdle)

    async def create(self, *arguments: Any, **more: Any) -> Created:
        """As the API answers, through the proxy."""
        made = await super().create(*arguments, **more)
        return made.model_copy(update={"live": self._through(made.live)})

    async def get(self, job_id: str, token: str) -> JobAnswer:
        """As the API answers, through the proxy."""
        answer = await super().get(job_id, token)
        return answer.model_copy(update={"live": self._through(answer.live) if answer.live else None})

    async def _dawdle(self, request: httpx.Request) -> None:
        if not str(request.url).startswith(self.api):
            await asyncio.sleep(random.uniform(0, self.upload_takes))

    def _through(self, live: LiveAddress) -> LiveAddress:
        parts = urlsplit(live.url)
        return LiveAddress(url=parts._replace(netloc=f"127.0.0.1:{self.port}").geturl())


class Counting(Protocol):
    """Counts the messages about jobs, and those of them that were not news any more."""

    heard = 0
    stale = 0

    def received(self, message: Message, now: float) -> None:
        """As the protocol does it, counted before."""
        if isinstance(message, JobMessage):
            self.heard += 1
            watch = self.watched.get(message.job.job_id)
            self.stale += watch is None or message.job.version <= watch.version
        super().received(message, now)


@dataclass
class Client:
    """One client, behind a proxy of its own."""

    proxy: Proxy
    protocol: Counting
    http: Http
    live: Live
    busy: int = 0  # jobs that it has not seen end


@dataclass(frozen=True)
class Report:
    """What came of it.

    `differ`: jobs whose client ended with something else than the table; `went_back`: jobs of which a client applied a
    version that was not newer; `unheard`: jobs without an end that reached their client.
    """

    jobs: int
    clients: int
    cuts: dict[str, int]
    cuts_in_a_message: int
    cuts_ordered_while_waiting_for_news: int
    connections: int
    messages: int
    stale_messages: int
    applied: int
    applied_over_http: int
    final_states: dict[str, int]
    write_to_client_seconds: dict[str, float]
    wall_seconds: float
    differ: list[str] = field(default_factory=list)
    went_back: list[str] = field(default_factory=list)
    unheard: list[str] = field(default_factory=list)

    @property
    def holds(self) -> bool:
        """Whether every promise was kept."""
        return not (self.differ or self.went_back or self.unheard)


class Run:
    """Submits `jobs` dives and makes `cuts` cuts while they are under way."""

    def __init__(
        self, system: System, jobs: int, cuts: int, clips: list[Path], quick: bool, in_flight: int, seed: int
    ) -> None:
        self.system = system
        self.jobs, self.cuts, self.clips = jobs, cuts, clips
        self.timing = QUICK if quick else Timing()
        self.timeouts = QUICK_TIMEOUTS if quick else SocketTimeouts()
        self.start_every = QUICK_START_EVERY if quick else START_EVERY
        self.cut_every = QUICK_CUT_EVERY if quick else CUT_EVERY
        self.upload_takes = QUICK_UPLOAD_TAKES if quick else UPLOAD_TAKES
        self.chance = random.Random(seed)
        self.at_once = min(in_flight, max(1, jobs // 2))
        self.in_flight = 0
        self.waiting_cut = 0
        self.changed = asyncio.Condition()
        self.clients: list[Client] = []

    async def run(self) -> Report:
        """All of it."""
        began = time.monotonic()
        async with contextlib.AsyncExitStack() as stack:
            for _ in range(min(CLIENTS, self.jobs)):
                self.clients.append(await stack.enter_async_context(self._client()))
            cutting = asyncio.create_task(self._cut())
            try:
                runs = list(await asyncio.gather(*(self._job(number) for number in range(self.jobs))))
                # On a fast machine the jobs may be over before all cuts were made, which are promised.
                while self.made.total() < self.cuts:
                    runs.append(await self._job(len(runs)))
            finally:
                cutting.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await cutting
            return await asyncio.to_thread(self._report, runs, time.monotonic() - began)

    @property
    def made(self) -> Counter[tuple[Cut, bool]]:
        """The cuts so far."""
        return sum((client.proxy.made for client in self.clients), Counter())

    @contextlib.asynccontextmanager
    async def _client(self) -> AsyncIterator[Client]:
        engine = urlsplit(self.system.addresses["live"])
        protocol = Counting(self.timing)
        async with (
            Proxy(engine.hostname or "", engine.port or 0).running() as proxy,
            Detour(self.system.api, proxy.port, self.upload_takes) as http,
            Live(http, protocol=protocol, timeouts=self.timeouts) as live,
        ):
            yield Client(proxy, protocol, http, live)

    async def _job(self, number: int) -> Submission:
        """Submit one dive when it is its turn: the jobs are spread over the cuts, which need something to cut."""
        client = self.clients[number % len(self.clients)]
        due = self.cuts * (number + 1 - self.at_once) / (self.jobs + 1 - self.at_once) if number < self.jobs else 0
        async with self.changed:
            await self.changed.wait_for(
                lambda: self.in_flight < self.at_once and (self.made.total() >= due or not self._links(self.clients))
            )
            self.in_flight += 1
            await asyncio.sleep(self.start_every)
        client.busy += 1
        try:
            for _ in range(CREATIONS):
                run = await submit(client.http, client.live, self.clips[number % len(self.clips)], timeout=JOB_WITHIN)
                if run.job is not None:
                    break  # what never became a job is no matter of its connection
            return run
        finally:
            client.busy -= 1
            async with self.changed:
                self.in_flight -= 1
                self.changed.notify_all()

    def _links(self, clients: Iterable[Client]) -> list[Link]:
        return [link for client in clients for link in client.proxy.open_links()]

    async def _cut(self) -> None:
        """End connections, each in a way of its own: of clients that wait for news, or if there are none of any."""
        while self.made.total() < self.cuts:
            await asyncio.sleep(self.chance.uniform(0, 2 * self.cut_every))
            async with self.changed:
                self.changed.notify_all()
            waiting = self._links(client for client in self.clients if client.busy)
            if links := waiting or self._links(self.clients):
                self.waiting_cut += bool(waiting)
                self.chance.choice(links).end(self.chance.choice(list(Cut)), self.chance.random() < AT_DATA)

    def _report(self, runs: list[Submission], wall: float) -> Report:
        table = JobTable(self.system.addresses["table"], self.system.owner("dynamodb"))
        differ, went_back, unheard, delays = [], [], [], []
        for run in runs:
            if run.job is None or run.error is not None or not run.job.final:
                unheard.append(f"{run.path.name}: {run.error}")
                continue
            stored = table.get(run.job.job_id)
            if run.job.document() != to_json(job_view(stored)):
                differ.append(run.job.job_id)
            if any(before.job.version >= after.job.version for before, after in pairwise(run.events)):
                went_back.append(run.job.job_id)
            delays.append(datetime.fromisoformat(run.events[-1].at).timestamp() - stored.updated_at / 1000)
        events = [event for run in runs for event in run.events]
        made = self.made
        return Report(
            jobs=len(runs),
            clients=len(self.clients),
            cuts={how.value: made[how, False] + made[how, True] for how in Cut},
            cuts_in_a_message=sum(count for (_, at_data), count in made.items() if at_data),
            cuts_ordered_while_waiting_for_news=self.waiting_cut,
            connections=sum(client.proxy.opened for client in self.clients),
            messages=sum(client.protocol.heard for client in self.clients),
            stale_messages=sum(client.protocol.stale for client in self.clients),
            applied=len(events),
            applied_over_http=sum(event.type == "read" for event in events),
            final_states=dict(Counter(run.job.status for run in runs if run.job is not None)),
            write_to_client_seconds=spread(delays),
            wall_seconds=round(wall, 1),
            differ=differ,
            went_back=went_back,
            unheard=unheard,
        )


def spread(seconds: list[float]) -> dict[str, float]:
    """Median, 95th percentile and maximum."""
    ordered = sorted(seconds) or [0.0]
    return {
        "median": round(median(ordered), 3),
        "p95": round(ordered[int(0.95 * (len(ordered) - 1))], 3),
        "max": round(ordered[-1], 3),
    }


def reconnect(
    system: System,
    jobs: int,
    cuts: int,
    clips: list[Path],
    quick: bool = False,
    in_flight: int = IN_FLIGHT,
    seed: int | None = None,
) -> Report:
    """Run it on a system that is there."""
    number = random.randrange(10**6) if seed is None else seed

    async def inside() -> Report:
        return await Run(system, jobs, cuts, clips, quick, in_flight, number).run()

    return asyncio.run(inside())


@contextlib.contextmanager
def own_system(parameters: Mapping[str, str]) -> Iterator[System]:
    """A local system for the length of the block, with these parameters of the template changed."""
    with tempfile.TemporaryDirectory(prefix="divescore-reconnect-") as home:
        env = {"DIVESCORE_HOME": home}
        started = divescore(
            *("up", "--detach", "--json", "--port", str(free_port())),
            *(word for pair in parameters.items() for word in ("--parameter", "=".join(pair))),
            timeout=STACK_STARTS_WITHIN,
            env=env,
        )
        try:
            assert started.returncode == 0, started.stderr
            yield System(json.loads(started.stdout) | {"env": env})
        finally:
            divescore("down", timeout=STACK_STOPS_WITHIN, env=env)


def main() -> int:
    """Start a system, run, stop it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--jobs", type=int, default=100)
    parser.add_argument("--cuts", type=int, default=200)
    parser.add_argument("--in-flight", type=int, default=20, help="jobs at a time")
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--seed", type=int, default=random.randrange(10**6))
    parser.add_argument("--json", action="store_true", help="nothing but the report on standard output (always so)")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="clips-") as folder:
        clip = Path(folder) / "dive.webm"
        done = divescore("render", "--dive", "107B", "--seed", "7", "--out", str(clip), timeout=RENDER_WITHIN)
        assert done.returncode == 0, done.stderr
        with own_system(QUOTAS) as system:
            report = reconnect(
                system, options.jobs, options.cuts, [clip], options.quick, options.in_flight, options.seed
            )
    print(json.dumps({"seed": options.seed, "holds": report.holds} | asdict(report), indent=2))  # noqa: T201 - what the command is for
    return 0 if report.holds and sum(report.cuts.values()) >= options.cuts else 1


if __name__ == "__main__":
    sys.exit(main())
