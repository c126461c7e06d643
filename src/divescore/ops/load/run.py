"""One run from its preparation to its account: arrivals, watchers, sampler and view side by side."""

import asyncio
import contextlib
import os
import signal
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Protocol

from divescore.client.errors import ClientError
from divescore.ops.load.clock import Clock
from divescore.ops.load.errors import SendFailed
from divescore.ops.load.generator import Sends, generate
from divescore.ops.load.job_log import Ledger
from divescore.ops.load.sampler import Depth, Sampler
from divescore.ops.load.sockets import Sockets
from divescore.ops.load.upload_route import State
from divescore.views import SETTLED

LEAD = 0.2  # between the end of the preparation and the first arrival
CHECKED_EVERY = 0.1
CANCELS_WITHIN = 15.0
SETTLES_WITHIN = 10.0  # pushes of jobs that were cancelled at the end
# A push may overtake the end of another socket's; what comes twice mostly comes at once.
LISTENS_AFTER = 1.0
SIGNALS = (signal.SIGINT, signal.SIGTERM)


class Route(Protocol):
    """How a job reaches the system."""

    name: str
    answers: Counter[str]

    async def prepare(self) -> None:
        """What has to be there before the first arrival."""

    async def send(self, number: int) -> None:
        """Send one job; it is noted as sent. Raises ClientError, SendFailed."""

    async def read(self, number: int) -> State | None:
        """The job's state, asked for."""

    async def cancel(self, number: int) -> None:
        """Give a job up."""

    async def close(self) -> None:
        """Clear away."""


@dataclass
class Run:
    """What happened, for the report and, while it happens, for the view."""

    ledger: Ledger
    sends: Sends
    sockets: Sockets
    depths: list[Depth] = field(default_factory=list)
    depths_missed: int = 0  # reads of the queues that failed
    stage: str = "preparing"
    prepared_in: float = 0.0
    ended_at: float = 0.0
    interrupted: bool = False
    out_of_patience: bool = False
    dead_letters: dict[str, int] | None = None
    load: tuple[float, float] = (0.0, 0.0)
    read: dict[int, str] = field(default_factory=dict)  # states of jobs whose end was not heard, read at the end


async def carry_out(
    route: Route,
    run: Run,
    sampler: Sampler,
    clock: Clock,
    most_at_once: int,
    patience: float,
    say: Callable[[str], None],
) -> None:
    """Prepare, send by the plan, wait for every end, and read what was not heard.

    Waiting ends after `patience` seconds without any news. SIGINT and SIGTERM end the run: nothing more is sent, what
    is open is cancelled, and the account is drawn up as usual; a second one ends the program.
    """
    stop = _on_signals(say)
    stopping = asyncio.create_task(stop.wait())
    run.load = (os.getloadavg()[0], 0.0)
    sampling: asyncio.Task[None] | None = None
    begun = clock()
    try:
        if await _unless(stopping, route.prepare()):
            run.prepared_in = clock() - begun
            sampling = asyncio.create_task(sampler.run())
            run.depths = sampler.samples
            run.stage = "sending"
            say(f"sending {run.sends.planned} jobs")
            intended = run.ledger.start(clock() + LEAD)
            if await _unless(stopping, generate(intended, _sender(route, run, clock), run.sends, most_at_once, clock)):
                run.stage = "waiting"
                await _unless(stopping, _drained(run, clock, patience))
        else:
            run.ledger.start(clock())
        run.interrupted = stop.is_set()
        run.stage = "settling"
        say("drawing up the account")
        await _settle(route, run)
        run.ended_at = clock()
        run.depths_missed = sampler.failed
        run.dead_letters = await asyncio.to_thread(sampler.dead_letters)
        run.load = (run.load[0], os.getloadavg()[0])
    finally:
        tasks = [task for task in (stopping, sampling) if task is not None]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        for number in SIGNALS:
            asyncio.get_running_loop().remove_signal_handler(number)
        run.stage = "clearing away"
        await run.sockets.close()
        await route.close()


def _on_signals(say: Callable[[str], None]) -> asyncio.Event:
    """An event that the first SIGINT or SIGTERM sets; the second finds the handlers gone."""
    stop, loop = asyncio.Event(), asyncio.get_running_loop()

    def interrupted() -> None:
        say("Ending: nothing more is sent, what is open is cancelled. Once more ends it at once, without a report.")
        stop.set()
        for number in SIGNALS:
            loop.remove_signal_handler(number)

    for number in SIGNALS:
        loop.add_signal_handler(number, interrupted)
    return stop


async def _unless(stopping: asyncio.Task[bool], work: Awaitable[None]) -> bool:
    """Do the work, but no longer than until the run is stopped; whether it was done. Raises what the work raises."""
    task = asyncio.ensure_future(work)
    try:
        await asyncio.wait({task, stopping}, return_when=asyncio.FIRST_COMPLETED)
        if task.done():
            await task
            return True
        return False
    finally:
        if not task.done():
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)


def _sender(route: Route, run: Run, clock: Clock) -> Callable[[int], Awaitable[None]]:
    async def send(number: int) -> None:
        run.ledger.began(number, clock())
        try:
            await route.send(number)
        except (ClientError, SendFailed) as error:
            run.ledger.refused(number, error.reason if isinstance(error, SendFailed) else error.code)

    return send


async def _drained(run: Run, clock: Clock, patience: float) -> None:
    """Return when every job's end is known, or when there was no news for too long."""
    ledger, begun = run.ledger, clock()
    while ledger.waiting:
        if clock() - max(ledger.heard_at, begun) > patience:
            run.out_of_patience = True
            return
        await asyncio.sleep(CHECKED_EVERY)
    await asyncio.sleep(LISTENS_AFTER)


async def _settle(route: Route, run: Run) -> None:
    """Cancel what is open if the run was interrupted, and read what became of jobs whose end was not heard."""
    ledger = run.ledger
    if run.interrupted:
        named = [entry.number for entry in ledger.entries if entry.began and entry.job_id and not entry.ended]
        # A system that is overwhelmed may not take even this; it then expires or scores them by itself.
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(CANCELS_WITHIN):
                await asyncio.gather(*(route.cancel(number) for number in named))
        for _ in range(round(SETTLES_WITHIN / CHECKED_EVERY)):
            if not ledger.waiting:
                break
            await asyncio.sleep(CHECKED_EVERY)

    async def read(number: int) -> None:
        state = await route.read(number)
        run.read[number] = "UNKNOWN" if state is None else state.status
        if state is not None:
            ledger.settle(number, state.version, state.status, state.written if state.status in SETTLED else 0.0)

    await asyncio.gather(*(read(number) for number in ledger.open))
