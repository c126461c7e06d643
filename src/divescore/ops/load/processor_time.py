"""Where a system on this machine spends the processor: the time of all its processes, those that ended too, by stage.

Looked at every few seconds. A process that has ended since then has left its time to its parent, which is where the
rest of it is found. What one did in the moment between the last look and its end is lost only where its parent had
ended first: some process of the system's outside has it then.
"""

import asyncio
import contextlib
import re
from collections import defaultdict
from collections.abc import AsyncIterator, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import psutil

LOOKS_EVERY = 5.0
ENGINE, WORKER, DECODER, GENERATOR = "engine", "worker", "decoder", "generator"
_FUNCTION = re.compile(r"ministack-lambda-\w+?-([A-Z][A-Za-z]+)Function")
_DECODER = "divescore.video.forkserver"


@dataclass(frozen=True)
class Consumption:
    """What one process has used so far, in seconds: itself, and its children that ended and their children."""

    pid: int
    parent: int
    stage: str
    own: float
    ended: float


class ProcessorTime:
    """Adds up what processes use from the first look on."""

    def __init__(self) -> None:
        self.stages: dict[str, float] = defaultdict(float)
        """Seconds by stage."""
        self._before: dict[int, Consumption] = {}
        self._begun = False

    def add(self, found: Iterable[Consumption]) -> None:
        """The next look. What was used before the first one is not counted."""
        now = {process.pid: process for process in found}
        counted = self._counted_of_ended(now)
        for pid, process in now.items():
            before = self._before.get(pid) or (_nothing(process) if self._begun else process)
            self.stages[process.stage] += process.own - before.own
            # Of a worker's children there is one, the forkserver.
            stage = DECODER if process.stage == WORKER else process.stage
            self.stages[stage] += max(process.ended - before.ended - counted[pid], 0.0)
        self._before, self._begun = now, True

    def _counted_of_ended(self, now: Mapping[int, Consumption]) -> dict[int, float]:
        """What is counted already of processes that have ended since, by the one that has inherited their time."""
        counted: dict[int, float] = defaultdict(float)
        for pid, gone in self._before.items():
            if pid not in now:
                heir = gone.parent
                while heir not in now and heir in self._before:
                    heir = self._before[heir].parent
                counted[heir] += gone.own + gone.ended
        return counted


def _nothing(process: Consumption) -> Consumption:
    return replace(process, own=0.0, ended=0.0)


class SystemAccount:
    """The processor time of the engine at process `engine`, of all that it started, and of this process."""

    def __init__(self, engine: int) -> None:
        self._engine = psutil.Process(engine)
        self._time = ProcessorTime()
        self._known: dict[int, psutil.Process] = {}
        self._machine: list[float] = []

    def look(self) -> None:
        """Take note of all processes as they are now."""
        self._machine = [*self._machine[:1], busy_seconds()]
        self._time.add([*self._system(), consumption(psutil.Process(), GENERATOR)])

    def report(self, dives: int) -> dict[str, Any]:
        """Seconds and milliseconds a dive, by stage and in all, beside the machine's own count of what it did."""
        seconds = {stage: value for stage, value in sorted(self._time.stages.items()) if value > 0}
        total, machine = sum(seconds.values()), self._machine[-1] - self._machine[0]
        return {
            "seconds": {stage: round(value, 2) for stage, value in seconds.items()},
            "total": round(total, 2),
            "machine": round(machine, 2),
            "share_of_machine": round(total / machine, 3) if machine else None,
            "ms_per_dive": {stage: round(1000 * value / dives, 1) for stage, value in seconds.items()} if dives else {},
        }

    @contextlib.asynccontextmanager
    async def kept(self) -> AsyncIterator[None]:
        """Look at the begin, at the end, and every LOOKS_EVERY seconds between."""

        async def go_on() -> None:
            while True:
                await asyncio.sleep(LOOKS_EVERY)
                await asyncio.to_thread(self.look)

        self.look()
        looking = asyncio.create_task(go_on())
        try:
            yield
        finally:
            looking.cancel()
            await asyncio.gather(looking, return_exceptions=True)
            self.look()

    def _system(self) -> Iterable[Consumption]:
        """Every process that descends from the engine, also when those between have ended since it was seen first."""
        known = {process.pid: process for process in self._known.values() if process.is_running()}
        for root in (self._engine, *known.values()):
            if root.pid in known and known[root.pid] is not root:
                continue  # it was found below another
            with contextlib.suppress(psutil.NoSuchProcess):
                known |= {process.pid: process for process in (root, *root.children(recursive=True))}
        self._known = known
        for process in known.values():
            with contextlib.suppress(psutil.Error):  # gone meanwhile
                # Asked every time: between fork and exec a process looks like its parent.
                command = "" if process.pid == self._engine.pid else " ".join(process.cmdline())
                yield consumption(process, stage_of(command))


def consumption(process: psutil.Process, stage: str) -> Consumption:
    """What a process has used so far. Raises psutil.Error when it has ended."""
    with process.oneshot():
        times = process.cpu_times()
        # macOS tells nothing of children that ended: what they did after the last look is missing there.
        ended = getattr(times, "children_user", 0.0) + getattr(times, "children_system", 0.0)
        return Consumption(process.pid, process.ppid(), stage, times.user + times.system, ended)


def stage_of(command: str) -> str:
    """The stage that a process below the engine works at, by its command line: a function's folder, or the decoder."""
    if _DECODER in command:
        return DECODER
    if function := _FUNCTION.search(command):
        return re.sub(r"(?<!^)(?=[A-Z])", "_", function[1]).lower()
    return WORKER if "awslambdaric" in command else ENGINE


def busy_seconds() -> float:
    """Seconds that the machine's processors have worked since it started, all processes together."""
    times = psutil.cpu_times()
    waiting = ("idle", "iowait", "steal", "guest", "guest_nice")  # what guests use is in `user` already
    return float(sum(times) - sum(getattr(times, name, 0.0) for name in waiting))
