"""Puts a run together from what was asked for, has it carried out, and gives its report."""

import asyncio
import contextlib
import resource
import secrets
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.console import Console

from divescore.client.errors import ClientError
from divescore.client.http import Http
from divescore.ops.load import provenance, report
from divescore.ops.load.clock import now
from divescore.ops.load.generator import Sends
from divescore.ops.load.job_log import JobLog
from divescore.ops.load.local_account import local_account
from divescore.ops.load.progress import ProgressDisplay
from divescore.ops.load.queue_route import QueueRoute
from divescore.ops.load.quotas import check_quotas
from divescore.ops.load.run import LoadRun, Route, carry_out
from divescore.ops.load.sampler import Sampler
from divescore.ops.load.schedule import Schedule, make_schedule
from divescore.ops.load.sockets import Sockets, fewest
from divescore.ops.load.thresholds import Threshold, judge
from divescore.ops.load.upload_route import UploadRoute
from divescore.stack.deployed import Stack, find_stack
from divescore.stack.errors import as_no_system

FILES_A_JOB = 3  # a socket, an upload, a connection to the API
FILES_BESIDES = 256


@dataclass(frozen=True)
class LoadOptions:
    """The command's options: when jobs arrive, how they are sent, how they are watched."""

    jobs: int
    via: str
    schedule: str | None
    rate: float | None
    from_rate: float
    burst: int | None
    every: float
    seed: int
    sockets: int | None  # None: as few as can be; 0: one for each job and watcher
    watchers: int
    at_once: int
    patience: float
    keep: bool

    def make_schedule(self) -> Schedule:
        """When jobs arrive. Raises InvalidOptions."""
        return make_schedule(self.schedule, self.jobs, self.rate, self.from_rate, self.burst, self.every, self.seed)


def execute(
    options: LoadOptions, schedule: Schedule, clips: list[Path], name: str | None, limits: list[Threshold]
) -> dict[str, Any]:
    """Carry the schedule out on the stack of that name, and report. Raises LoadError, ClientError, NoSystem."""
    stack = find_stack(name)
    console = Console(stderr=True, highlight=False, soft_wrap=True)
    if options.via == "upload":
        for warning in check_quotas(stack, schedule.arrivals):
            console.print(f"  {warning}", style="yellow", markup=False)
    with as_no_system("The system refused what the run needs"):
        document = asyncio.run(_execute(options, schedule, clips, stack, console))
    return document | {"requirements": judge(document, limits)}


async def _execute(
    options: LoadOptions, schedule: Schedule, clips: list[Path], stack: Stack, console: Console
) -> dict[str, Any]:
    log, jobs, at_once = JobLog(schedule.arrivals), options.jobs, options.at_once
    sockets = Sockets(jobs, sockets_for(jobs, options.watchers, options.sockets), options.watchers, log, now)
    _allow_open_files(sockets.count + FILES_A_JOB * min(jobs, at_once) + FILES_BESIDES)
    run = LoadRun(log, Sends(jobs), sockets, account=local_account() if stack.local else None)
    display = ProgressDisplay(run, console)
    route: Route
    if options.via == "upload":
        route = UploadRoute(stack.output("ApiUrl"), clips, log, sockets)
    else:
        # A message waits for its batch and holds nothing: there is no reason to drop any.
        at_once = jobs
        route = QueueRoute(stack, clips, log, sockets, secrets.token_hex(4), options.keep, display.say)
    source = provenance.describe(stack, options.via, schedule, clips, ["divescore", *sys.argv[1:]])
    showing = asyncio.create_task(display.show())
    try:
        await carry_out(route, run, Sampler(stack), at_once, options.patience, display.say)
    finally:
        showing.cancel()
        await asyncio.gather(showing, return_exceptions=True)
    source["model"] = await _model(stack)
    return report.build(run, route.name, route.answers, source)


async def _model(stack: Stack) -> dict[str, Any] | None:
    """The model that the newest worker loaded; None when the API does not say."""
    with contextlib.suppress(ClientError):
        async with Http(stack.output("ApiUrl")) as http:
            return (await http.health()).model
    return None


def _allow_open_files(wanted: int) -> None:
    """Raise the limit on open files as far as this process may."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        reachable = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (reachable, hard))


def sockets_for(jobs: int, watchers: int, asked: int | None) -> int | None:
    """The number of sockets to share (None: one each): what was asked for, where 0 is one each, or the fewest."""
    return fewest(jobs, watchers) if asked is None else asked or None
