"""Films that kill whoever opens them, among good ones."""

import asyncio
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

from divescore.client.http import Http
from divescore.client.live import Live
from divescore.client.submit import Submission, submit
from tests.chaos.injected.faults import POISON
from tests.chaos.system import System

IN_FLIGHT = 50
TIMEOUT = 1800.0
ATTEMPTS = 3


async def poison(
    system: System, good: int, bad: int, clips: list[Path], folder: Path, say: Callable[[str], None]
) -> tuple[dict[str, Any], bool]:
    """Send `good` and `bad` films in one flood; the report, and whether all is as promised.

    Promised: every good one is SCORED; every bad one is FAILED after three attempts, with a cause and a dead letter.
    """
    began = time.monotonic()
    deadly = folder / "deadly.webm"
    deadly.write_bytes(clips[0].read_bytes() + POISON)
    every = good // bad  # bad ones lie evenly among the good ones
    films = [deadly if index % (every + 1) == 0 and index // (every + 1) < bad else None for index in range(good + bad)]
    slots = asyncio.Semaphore(IN_FLIGHT)
    ended = 0

    async with Http(system.stack.api) as http, Live(http) as live:

        async def one(index: int, film: Path | None) -> Submission:
            nonlocal ended
            async with slots:
                run = await submit(http, live, film or clips[index % len(clips)], timeout=TIMEOUT)
            ended += 1
            if ended % 25 == 0:
                say(f"{ended} of {good + bad} jobs ended")
            return run

        runs = await asyncio.gather(*(one(index, film) for index, film in enumerate(films)))
    records = system.records()
    letters = system.dead_letters()
    scored = Counter(run.job.status if run.job else "none" for run, film in zip(runs, films, strict=True) if not film)
    victims = []
    for run, film in zip(runs, films, strict=True):
        if film and run.job:
            item = records[run.job.job_id]
            own = [letter for letter in letters if letter["job"] == run.job.job_id]
            victims.append(
                {
                    "status": item["status"]["S"],
                    "heard": run.job.status,
                    "attempts": int(item["attempt"]["N"]),
                    "cause": run.job.error.code if run.job.error else None,
                    "dead_letters": own,
                }
            )
    died = Counter(note["job"] for note in system.faults.notes() if note["event"] == "killed")
    holds = scored == {"SCORED": good} and len(victims) == bad
    for victim in victims:
        holds &= victim["status"] == victim["heard"] == "FAILED" and victim["attempts"] == ATTEMPTS
        holds &= bool(victim["cause"]) and any(letter["cause"] for letter in victim["dead_letters"])
    document = {
        "good": dict(scored),
        "poisoned": victims,
        "workers_killed": sum(died.values()),
        "dead_letters": len(letters),
        "wall_seconds": round(time.monotonic() - began, 1),
    }
    return document, holds
