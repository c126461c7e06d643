"""Jobs through the whole system while workers are killed, messages doubled, pushes failed and the engine restarted."""

import asyncio
import contextlib
import random
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil

from divescore.client.http import Http
from divescore.client.live import Event, Live
from divescore.client.models import Created
from divescore.client.submit import Observer, Submission, submit
from divescore.views import OPEN
from tests.chaos.injected.faults import STAGES
from tests.chaos.report import Heard, Report, Spread, kills, lost, restarts, scored_twice
from tests.chaos.subscriber import Subscriber
from tests.chaos.system import System
from tests.chaos.transitions import Transitions

SOCKETS = 4
ARRIVE_EVERY = 0.3  # seconds between jobs, at least: a function that starts cold many times at once starts slowly
IDLE_EVERY = 4.0  # seconds between the jobs of the idle phase, which leave the queue empty
QUIET_WITHIN = 90.0
_STAGE_NAMES = {"downloading": "download", "decoding": "decode", "scoring": "inference"}


@dataclass(frozen=True)
class Orders:
    """How much of what. `idle_kills` jobs come after the storm, one by one, so that the queue is empty."""

    jobs: int
    kills: int
    duplicates: int
    push_failures: int
    publish_failures: int
    engine_restarts: int = 2
    socket_cuts: int = 10
    outside_kills: int = 10
    idle_kills: int = 8
    in_flight: int = 10
    calm: bool = False  # restart the engine only while every message that was taken is claimed
    seed: int = 1
    timeout: float = 900.0


class Door:
    """Lets requests through, or one restart of the engine: an upload that is cut off is another test's matter."""

    def __init__(self) -> None:
        self._inside = 0
        self._closed = False
        self._changed = asyncio.Condition()

    async def enter(self) -> None:
        """Wait until the engine is there."""
        async with self._changed:
            await self._changed.wait_for(lambda: not self._closed)
            self._inside += 1

    async def leave(self) -> None:
        """Done with the engine, for now."""
        async with self._changed:
            self._inside -= 1
            self._changed.notify_all()

    @contextlib.asynccontextmanager
    async def closed(self) -> AsyncIterator[None]:
        """Nobody is inside meanwhile."""
        async with self._changed:
            self._closed = True
            await self._changed.wait_for(lambda: self._inside == 0)
        try:
            yield
        finally:
            async with self._changed:
                self._closed = False
                self._changed.notify_all()


@dataclass
class Dive(Observer):
    """One job of the storm and what is to happen to it."""

    storm: "Storm"
    clip: Path
    kill: str | None = None
    again: tuple[str, str] | None = None  # status at which something is delivered again, and what
    job_id: str = ""
    upload_ended: float = 0.0
    _left: bool = False

    def created(self, made: Created) -> None:
        self.job_id = made.job_id
        if self.kill is not None:
            self.storm.system.faults.plan_kill(made.job_id, self.kill)

    def uploaded(self, size: int, seconds: float) -> None:
        self.upload_ended = time.monotonic()
        self.leave()

    def event(self, event: Event, since: float | None) -> None:
        if self.again is not None and event.job.status == self.again[0]:
            self.deliver_again()

    def deliver_again(self) -> None:
        """Once only."""
        if self.again is not None:
            (_, kind), self.again = self.again, None
            self.storm.start(self.storm.send_again(self.job_id, kind))

    def leave(self) -> None:
        """The upload is over, however."""
        if not self._left:
            self._left = True
            self.storm.start(self.storm.door.leave())


@dataclass
class Storm:
    """Runs the orders against a system. Everything random comes from the seed but the order of events."""

    system: System
    orders: Orders
    clips: list[Path]
    say: Callable[[str], None]
    door: Door = field(default_factory=Door)
    done: int = 0
    counts: Counter[str] = field(default_factory=Counter)
    away: list[float] = field(default_factory=list)
    _tasks: set[asyncio.Task[Any]] = field(default_factory=set)

    def start(self, work: Any) -> None:
        """Run beside the storm; an error of it ends the run at its end."""
        self._tasks.add(asyncio.get_running_loop().create_task(work))

    async def run(self) -> Report:
        """Do everything, wait until all is quiet, and report."""
        orders, chance = self.orders, random.Random(self.orders.seed)
        began = time.monotonic()
        for number in range(orders.push_failures):
            self.system.faults.plan_push(number, chance.choice(("error", "error", "slow")))
        dives = self._plan(chance)
        split = orders.jobs - orders.idle_kills
        for number in range(orders.publish_failures):
            self.system.faults.plan_publish(number, chance.choice(("refused", "answer lost")))
        transitions, subscriber = Transitions(self.system), Subscriber(self.system)
        transitions.start()
        subscriber.start()
        async with Http(self.system.stack.api) as http, contextlib.AsyncExitStack() as stack:
            await http.health()  # the API is warm before many clients want it at once
            lives = [await stack.enter_async_context(Live(http)) for _ in range(SOCKETS)]
            restarting = asyncio.create_task(self._restart_engine(split, subscriber))
            cutting = asyncio.create_task(self._cut_sockets(lives, split))
            killing = asyncio.create_task(self._kill_outside(chance))
            slots = asyncio.Semaphore(orders.in_flight)
            runs = await asyncio.gather(
                *(
                    self._one(dive, http, lives[index % SOCKETS], slots, index * ARRIVE_EVERY)
                    for index, dive in enumerate(dives[:split])
                )
            )
            drained = time.monotonic()
            # A fast storm may end before its last restart or cut, which are promised; kills need jobs to hit.
            await asyncio.gather(restarting, cutting)
            killing.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await killing
            self.say(f"storm over after {drained - began:.0f} s; idle phase")
            idle = [
                self._one(dive, http, lives[index % SOCKETS], slots, index * IDLE_EVERY)
                for index, dive in enumerate(dives[split:])
            ]
            runs += await asyncio.gather(*idle)
            await asyncio.gather(*self._tasks)
            await asyncio.to_thread(self._quiet)
            await asyncio.to_thread(self._told, subscriber)
        transitions.end()
        subscriber.end()
        last = max(dive.upload_ended for dive in dives[:split])
        return self._report(dives, split, runs, transitions, subscriber, drained - last, time.monotonic() - began)

    def _plan(self, chance: random.Random) -> list[Dive]:
        orders = self.orders
        dives = [Dive(self, chance.choice(self.clips)) for _ in range(orders.jobs)]
        split = orders.jobs - orders.idle_kills
        stages = [STAGES[index % len(STAGES)] for index in range(orders.kills - orders.idle_kills)]
        for dive, stage in zip(chance.sample(dives[:split], len(stages)), stages, strict=True):
            dive.kill = stage
        for index, dive in enumerate(dives[split:]):
            dive.kill = STAGES[index % 4]  # the fifth leaves nothing to restart
        for index, dive in enumerate(chance.sample(dives[:split], orders.duplicates)):
            dive.again = (chance.choice(("QUEUED", "PROCESSING", "SCORED")), ("message", "notification")[index % 2])
        return dives

    async def _one(self, dive: Dive, http: Http, live: Live, slots: asyncio.Semaphore, wait: float = 0.0) -> Submission:
        await asyncio.sleep(wait)
        async with slots:
            await self.door.enter()
            try:
                run = await submit(http, live, dive.clip, timeout=self.orders.timeout, observer=dive)
            finally:
                dive.leave()
            dive.deliver_again()
        self.done += 1
        if self.done % 25 == 0:
            self.say(f"{self.done} of {self.orders.jobs} jobs ended")
        return run

    async def send_again(self, job_id: str, kind: str) -> None:
        """Deliver a message or notification again."""
        await asyncio.sleep(random.uniform(0, 0.5))
        await self.door.enter()
        try:
            await asyncio.to_thread(self.system.send_again, job_id, kind)
        finally:
            await self.door.leave()
        self.counts[kind] += 1

    async def _restart_engine(self, jobs: int, subscriber: Subscriber) -> None:
        for number in range(self.orders.engine_restarts):
            await self._until(jobs * (number + 1) / (self.orders.engine_restarts + 1))
            async with self.door.closed():
                while self.orders.calm and not await asyncio.to_thread(self._calm):
                    await asyncio.sleep(0.1)
                self.away.append(await asyncio.to_thread(self.system.restart))
                self.counts["forgotten"] += await asyncio.to_thread(subscriber.hand_over_what_the_engine_forgot)
            self.say(f"engine restarted: away for {self.away[-1]:.1f} s")

    async def _cut_sockets(self, lives: list[Live], jobs: int) -> None:
        for number in range(self.orders.socket_cuts):
            await self._until(jobs * (number + 0.5) / self.orders.socket_cuts)
            socket = lives[number % len(lives)]._connection._socket
            if socket is not None:
                socket.transport.abort()
                self.counts["cut"] += 1

    async def _kill_outside(self, chance: random.Random) -> None:
        """Kill workers without regard to where they are, but none whose job was killed before."""
        left = self.orders.outside_kills
        while left:
            await asyncio.sleep(chance.uniform(0.5, 4.0))
            left -= await asyncio.to_thread(self._kill_one)

    def _kill_one(self) -> bool:
        notes = self.system.faults.notes()
        spared = {note["job"] for note in notes if note["event"] == "killed"}
        latest = {
            note["pid"]: note for note in notes if "job" in note and note["event"] in ("claimed", "stage", "scored")
        }
        for process in random.sample(found := self.system.workers(), len(found)):
            note = latest.get(process.pid)
            if note is None or note["event"] == "scored" or note["job"] in spared:
                continue
            if self.system.faults.kill_of(note["job"]) is not None:
                continue
            with contextlib.suppress(psutil.NoSuchProcess):
                process.kill()
                stage = _STAGE_NAMES.get(note.get("stage", ""), "start")
                self.system.faults.note(
                    "killed", stage=f"{stage}, from outside", job=note["job"], attempt=note["attempt"]
                )
                return True
        return False

    async def _until(self, jobs: float) -> None:
        while self.done < jobs:
            await asyncio.sleep(0.2)

    def _calm(self) -> bool:
        """Whether every job is with a worker or at its end: a message on its way to one would come back late."""
        latest = {note["job"]: note["event"] for note in self.system.faults.notes() if "job" in note}
        return all(
            item["status"]["S"] not in OPEN or latest.get(job) in ("claimed", "stage", "scored")
            for job, item in self.system.records().items()
        )

    def _quiet(self) -> None:
        """Wait until no message is left to deliver: the last duplicates are still acknowledged."""
        end = time.monotonic() + QUIET_WITHIN
        while time.monotonic() < end and (self.system.messages("uploads") or self.system.messages("scoring")):
            time.sleep(0.5)

    def _told(self, subscriber: Subscriber) -> None:
        """Wait until the subscriber has heard of everything; what it has not by then, it never will."""
        end = time.monotonic() + QUIET_WITHIN
        while time.monotonic() < end and subscriber.missing():
            time.sleep(0.5)

    def _report(
        self,
        dives: list[Dive],
        split: int,
        runs: list[Submission],
        seen: Transitions,
        told: Subscriber,
        drain: float,
        wall: float,
    ) -> Report:
        notes = self.system.faults.notes()
        statuses = {job: item["status"]["S"] for job, item in self.system.records().items()}
        heard = [
            Heard(dive.job_id, run.job.status if run.job else None, run.error.message if run.error else None)
            for dive, run in zip(dives, runs, strict=True)
        ]
        for one in heard:
            if one.error is not None:
                self.say(f"client of {one.job_id or 'no job'}: {one.error}")
        pushes = Counter(note["how"] for note in notes if note["event"] == "push failed")
        return Report(
            jobs=len(dives),
            faults={
                "kills": {"total": sum(kills(notes).values()), **kills(notes)},
                "duplicates": {name: self.counts[name] for name in ("message", "notification")},
                "push_failures": dict(pushes),
                "publish_failures": dict(Counter(note["how"] for note in notes if note["event"] == "publish failed")),
                "sockets_cut": self.counts["cut"],
                "engine_restarts": len(self.away),
                "engine_away_seconds": [round(seconds, 1) for seconds in self.away],
            },
            final_states=dict(Counter(statuses.values())),
            lost=lost(heard, statuses),
            scored_twice=scored_twice(notes, seen.scored),
            stuck=sorted(job for job, status in statuses.items() if status in OPEN),
            untold=told.missing(),
            messages={
                "versions": len(told.heard),
                "twice": sum(count > 1 for count in told.heard.values()),
                "forgotten_by_the_engine": self.counts["forgotten"],
            },
            dead_letters=len(self.system.dead_letters()),
            drain_seconds=round(drain, 1),
            restart_seconds=Spread.of(restarts(notes)),
            restart_seconds_idle=Spread.of(restarts(notes, {dive.job_id for dive in dives[split:]})),
            wall_seconds=round(wall, 1),
        )
