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
from divescore.ops.load import provenance, report, schedule
from divescore.ops.load.clock import Clock
from divescore.ops.load.errors import Misused
from divescore.ops.load.generator import Sends
from divescore.ops.load.job_log import Ledger
from divescore.ops.load.progress import View
from divescore.ops.load.queue_route import QueueRoute
from divescore.ops.load.quotas import stopped_by
from divescore.ops.load.run import Route, Run, carry_out
from divescore.ops.load.sampler import Sampler
from divescore.ops.load.sockets import Sockets, fewest
from divescore.ops.load.thresholds import Threshold, judge
from divescore.ops.load.upload_route import UploadRoute
from divescore.stack.deployed import Stack, find_stack
from divescore.stack.errors import as_no_system

DESCRIPTORS_A_JOB = 3  # a socket, an upload, a connection to the API
DESCRIPTORS_BESIDES = 256


@dataclass(frozen=True)
class Plan:
    """Which jobs arrive when: `arrivals` in seconds from the start, `words` for people, `seed` where chance is used."""

    arrivals: list[float]
    words: str
    seed: int


@dataclass(frozen=True)
class Options:
    """How they are sent and watched. `sockets` None: one for each job and watcher."""

    via: str
    clips: list[Path]
    sockets: int | None
    watchers: int
    most_at_once: int
    patience: float
    keep: bool
    command: list[str]


def plan(
    kind: str | None, jobs: int, rate: float | None, from_rate: float, size: int | None, every: float, seed: int
) -> Plan:
    """The plan that the options describe. Raises Misused."""
    kind = kind or ("burst" if rate is None else "constant")
    if kind == "burst":
        if rate is not None:
            raise Misused("A burst has no rate; give its size by --burst and the seconds between by --every.")
        words = "all at once" if size is None or size >= jobs else f"{size} every {every:g} s"
        return Plan(schedule.burst(jobs, size, every), words, seed)
    if size is not None or every:
        raise Misused("--burst and --every belong to --schedule burst.")
    if rate is None:
        raise Misused(f"A {kind} schedule needs --rate.")
    if kind == "ramp":
        return Plan(schedule.ramp(jobs, from_rate, rate), f"from {from_rate:g} to {rate:g} a second", seed)
    if kind == "poisson":
        return Plan(schedule.poisson(jobs, rate, seed), f"{rate:g} a second on average (Poisson, seed {seed})", seed)
    return Plan(schedule.constant(jobs, rate), f"{rate:g} a second", seed)


def execute(wanted: Plan, options: Options, stack: str | None, limits: list[Threshold]) -> dict[str, Any]:
    """Carry the plan out and report. Raises LoadError, ClientError."""
    owner = find_stack(stack)
    console = Console(stderr=True, highlight=False, soft_wrap=True)
    if options.via == "upload":
        for warning in stopped_by(owner, wanted.arrivals):
            console.print(f"  {warning}", style="yellow", markup=False)
    with as_no_system("The system refused what the run needs"):
        return asyncio.run(_execute(wanted, options, owner, limits, console))


async def _execute(
    wanted: Plan, options: Options, owner: Stack, limits: list[Threshold], console: Console
) -> dict[str, Any]:
    clock, jobs = Clock(), len(wanted.arrivals)
    ledger = Ledger(wanted.arrivals)
    sockets = Sockets(jobs, options.sockets, options.watchers, ledger, clock)
    _allow_descriptors(sockets.count + DESCRIPTORS_A_JOB * min(jobs, options.most_at_once) + DESCRIPTORS_BESIDES)
    run = Run(ledger, Sends(jobs), sockets)
    view = View(run, clock, console)
    route: Route
    if options.via == "upload":
        route, most_at_once = (
            UploadRoute(owner.output("ApiUrl"), options.clips, ledger, sockets, clock),
            options.most_at_once,
        )
    else:
        # A message waits for its batch and holds nothing: there is no reason to drop any.
        route = QueueRoute(owner, options.clips, ledger, sockets, clock, secrets.token_hex(4), options.keep, view.say)
        most_at_once = jobs
    source = provenance.describe(owner, options.via, wanted.words, wanted.seed, options.clips, options.command)
    showing = asyncio.create_task(view.show())
    try:
        await carry_out(route, run, Sampler(owner, clock), clock, most_at_once, options.patience, view.say)
    finally:
        showing.cancel()
        await asyncio.gather(showing, return_exceptions=True)
    source["model"] = await _model(owner)
    document = report.build(run, route.name, route.answers, source)
    return document | {"requirements": [verdict.document() for verdict in judge(document, limits)]}


async def _model(owner: Stack) -> dict[str, Any] | None:
    """The model that the newest worker loaded; None when the API does not say."""
    with contextlib.suppress(ClientError):
        async with Http(owner.output("ApiUrl")) as http:
            return (await http.health()).model
    return None


def _allow_descriptors(wanted: int) -> None:
    """Raise the limit on open files as far as this process may."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(
            resource.RLIMIT_NOFILE, (wanted if hard == resource.RLIM_INFINITY else min(wanted, hard), hard)
        )


def sockets_for(jobs: int, watchers: int, asked: int | None) -> int | None:
    """The number of sockets to share (None: one each): what was asked for, where 0 is one each, or the fewest."""
    return fewest(jobs, watchers) if asked is None else asked or None


def command_line() -> list[str]:
    """The words of this command, for the report."""
    return ["divescore", *sys.argv[1:]]
