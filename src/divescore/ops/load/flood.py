"""Many dives at once: how fast they are scored, and what each of them took, which a simulation can be fed with."""

import asyncio
import time
from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from divescore.client.http import Http
from divescore.client.live import Live
from divescore.client.submit import Observer, Submission, submit
from divescore.ops.load.stages import NotScored, spread, written

JOBS_PER_SOCKET = 50


@dataclass
class _Door(Observer):
    """Lets the next upload begin when this one has ended, however it ended."""

    doors: asyncio.Semaphore
    inside: bool = True

    def uploaded(self, size: int, seconds: float) -> None:  # noqa: ARG002 - the observer's signature
        self.leave()

    def leave(self) -> None:
        if self.inside:
            self.inside = False
            self.doors.release()


async def flood(
    api: str, clip: Path, jobs: int, at_once: int, timeout: float, told: Callable[[int], None] = lambda _: None
) -> list[Submission]:
    """Upload `jobs` dives, `at_once` at a time, none waiting for another's score. Raises NotScored."""
    doors = asyncio.Semaphore(at_once)
    done = 0

    async def one(http: Http, live: Live) -> Submission:
        nonlocal done
        await doors.acquire()
        door = _Door(doors)
        try:
            run = await submit(http, live, clip, timeout=timeout, observer=door)
        finally:
            door.leave()
        if run.job is None or run.job.result is None:
            raise NotScored(run)
        done += 1
        told(done)
        return run

    async with AsyncExitStack() as stack:
        http = await stack.enter_async_context(Http(api))
        sockets = [await stack.enter_async_context(Live(http)) for _ in range(-(-jobs // JOBS_PER_SOCKET))]
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(one(http, sockets[number // JOBS_PER_SOCKET])) for number in range(jobs)]
    return [task.result() for task in tasks]


def report(runs: list[Submission], at_once: int, workers: int | None) -> dict[str, Any]:
    """The flood in figures, in seconds; `samples` are the dives in the order of their uploads' ends.

    drain: from the first upload's end until the last score was written. service: claimed until written. `workers`:
    how many the system may run, None when that is not known.
    """
    clock = time.time() - time.monotonic()
    rows = sorted(
        (((run.upload_ended or 0.0) + clock, written(run), run.events[-1].moment + clock) for run in runs),
        key=lambda row: row[0],
    )
    start = rows[0][0]
    sent = [ended - start for ended, _, _ in rows]
    states = {name: [times[name] - start for _, times, _ in rows] for name in ("QUEUED", "PROCESSING", "SCORED")}
    arrived = [moment - start for _, _, moment in rows]
    samples = {
        "sent": sent,
        "queued": states["QUEUED"],
        "claimed": states["PROCESSING"],
        "scored": states["SCORED"],
        "arrived": arrived,
    }
    drain = max(states["SCORED"])
    return {
        "jobs": len(runs),
        "at_once": at_once,
        "workers": workers if workers is not None else most_at_once(states["PROCESSING"], states["SCORED"]),
        "drain": round(drain, 3),
        "throughput": round(len(runs) / drain, 3),
        "uploading": round(sent[-1], 3),
        "service": spread([end - begin for begin, end in zip(states["PROCESSING"], states["SCORED"], strict=True)]),
        "wait": spread([begin - here for here, begin in zip(sent, states["PROCESSING"], strict=True)]),
        "total": spread([there - here for here, there in zip(sent, arrived, strict=True)]),
        "samples": {name: [round(value, 3) for value in values] for name, values in samples.items()},
    }


def most_at_once(begins: Sequence[float], ends: Sequence[float]) -> int:
    """The most dives that were being scored at one time."""
    busy = most = 0
    for _, change in sorted([(moment, 1) for moment in begins] + [(moment, -1) for moment in ends]):
        busy += change
        most = max(most, busy)
    return most
