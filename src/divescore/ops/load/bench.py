"""All measurements of a running system, one after the other, as one document."""

import asyncio
import contextlib
import os
import platform
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from divescore import __version__
from divescore.ops.load.fan_out import fan_out
from divescore.ops.load.flood import flood, flood_report
from divescore.ops.load.fresh_worker import fresh_worker
from divescore.ops.load.local_account import local_account
from divescore.ops.load.stages import one_by_one, summary
from divescore.stack import local_state
from divescore.stack.deployed import api_address, find_stack
from divescore.stack.errors import NoSystem

WARM_UP = 3


@dataclass(frozen=True)
class BenchOptions:
    """What to measure, on which system; parts of size 0 are left out. `timeout` is in seconds, for each part."""

    clip: Path
    stack: str | None = None
    api: str | None = None
    runs: int = 20
    jobs: int = 100
    at_once: int = 8
    watchers: int = 100
    workers: int | None = None
    weights: Path | None = None
    timeout: float = 900.0


async def measure(options: BenchOptions, say: Callable[[str], None]) -> dict[str, Any]:
    """The document of `divescore bench`. Raises ClientError, LoadError and NoSystem."""
    api, clip = api_address(options.api, options.stack), options.clip
    before = os.getloadavg()[0]
    say(f"{options.runs} dives, one after another")
    rows = await one_by_one(api, clip, options.runs, WARM_UP)
    document: dict[str, Any] = {
        "version": __version__,
        "machine": f"{platform.machine()}, {os.cpu_count()} cores",
        "clip": {"name": clip.name, "bytes": clip.stat().st_size},
        "runs": options.runs,
        "stages": summary(rows),
    }
    if options.jobs:
        workers = options.workers or await asyncio.to_thread(_workers, options.stack, options.api)
        # A flood finds workers running, or its first dives would measure their start.
        await flood(api, clip, min(options.jobs, 2 * options.at_once), options.at_once, options.timeout)
        say(f"{options.jobs} dives at once")
        account = local_account() if options.stack is None and options.api is None else None
        async with contextlib.nullcontext() if account is None else account.kept():
            log = await flood(api, clip, options.jobs, options.at_once, options.timeout)
        document["flood"] = flood_report(log, options.at_once, workers)
        document["flood"]["processor"] = account and account.report(options.jobs)
    if options.watchers:
        say(f"one dive, {options.watchers} watchers")
        document["fan_out"] = await fan_out(api, clip, options.watchers, options.timeout)
    weights = options.weights or _local_weights(options.stack, options.api)
    if weights is not None:
        say("a fresh worker")
        document["fresh_worker"] = await asyncio.to_thread(fresh_worker, weights, clip)
    document["load"] = [before, os.getloadavg()[0]]
    return document


def _workers(stack: str | None, api: str | None) -> int | None:
    """How many workers the system may run; None when only its owner could say."""
    if api is not None and stack is None:
        return None
    try:
        return find_stack(stack).number("WorkerConcurrency")
    except NoSystem:
        return None


def _local_weights(stack: str | None, api: str | None) -> Path | None:
    """The folder that the local system's worker loads from, if that is the system which is measured."""
    if stack is not None or api is not None:
        return None
    try:
        folder = local_state.find().weights
    except NoSystem:
        return None
    return Path(folder) if folder else None
