"""One run from its preparation to its end: generator, watchers, sampler and progress side by side."""

import asyncio
import contextlib
import os
import signal
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from divescore.client.errors import ClientError
from divescore.ops.load.clock import now
from divescore.ops.load.errors import SendFailed
from divescore.ops.load.generator import Sends, generate
from divescore.ops.load.job_log import JobLog
from divescore.ops.load.sampler import QueueDepth, Sampler
from divescore.ops.load.sockets import Sockets

if TYPE_CHECKING:
    from divescore.ops.load.processor_time import SystemAccount

LEAD = 0.2  # between the end of the preparation and the first arrival
CHECKED_EVERY = 0.1
CANCELS_WITHIN = 15.0
PUSHES_WITHIN = 10.0  # of jobs that were cancelled at the end
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
        """Send one job; it is logged as sent. Raises ClientError, SendFailed."""

    async def read(self, number: int) -> str:
        """Read and log the job's state; its status, or UNKNOWN."""

    async def cancel(self, number: int) -> None:
        """Give a job up."""

    async def close(self) -> None:
        """Clear away."""


@dataclass
class LoadRun:
    """What happened, for the report and, while it happens, for the display."""

    log: JobLog
    sends: Sends
    sockets: Sockets
    depths: list[QueueDepth] = field(default_factory=list)
    depths_missed: int = 0  # reads of the queues that failed
    stage: str = "preparing"
    prepared_in: float = 0.0
    ended_at: float = 0.0
    interrupted: bool = False
    out_of_patience: bool = False
    dead_letters: dict[str, int] | None = None
    load: tuple[float, float] = (0.0, 0.0)
    account: "SystemAccount | None" = None  # of a system on this machine
    read: dict[int, str] = field(default_factory=dict)  # states of jobs whose end was not pushed, read at the end


async def carry_out(
    route: Route, run: LoadRun, sampler: Sampler, most_at_once: int, patience: float, say: Callable[[str], None]
) -> None:
    """Prepare, send by the schedule, wait for every end, and read what was not pushed.

    Waiting ends after `patience` seconds without any message. SIGINT and SIGTERM end the run: nothing more is sent,
    what is open is cancelled, and the report is written as usual; a second one ends the program.
    """
    load_before = os.getloadavg()[0]
    work = asyncio.create_task(_send_and_wait(route, run, sampler, most_at_once, patience, say))
    try:
        with _cancelled_by_signals(work, say):
            await asyncio.wait({work})
            run.interrupted = work.cancelled()
            if not run.interrupted:
                work.result()  # raises what the work raised
            elif not run.log.started_at:
                run.log.start(now())
            run.stage = "settling"
            say("ending the run")
            if run.interrupted:
                await cancel_open(route, run.log)
            unheard = sorted(run.log.open)
            run.read = dict(zip(unheard, await asyncio.gather(*map(route.read, unheard)), strict=True))
            run.ended_at = now()
            run.depths_missed = sampler.failed
            run.dead_letters = await asyncio.to_thread(sampler.dead_letters)
            run.load = (load_before, os.getloadavg()[0])
    finally:
        work.cancel()
        await asyncio.gather(work, return_exceptions=True)
        await sampler.stop()
        run.stage = "clearing away"
        await run.sockets.close()
        await route.close()


async def _send_and_wait(
    route: Route, run: LoadRun, sampler: Sampler, most_at_once: int, patience: float, say: Callable[[str], None]
) -> None:
    began = now()
    await route.prepare()
    run.prepared_in = now() - began
    sampler.start()
    run.depths = sampler.samples
    run.stage = "sending"
    say(f"sending {run.sends.planned} jobs")
    async with contextlib.nullcontext() if run.account is None else run.account.kept():
        await generate(run.log.start(now() + LEAD), logged_send(route, run.log), run.sends, most_at_once)
        run.stage = "waiting"
        await _all_heard(run, patience)
    if not run.out_of_patience:
        await asyncio.sleep(LISTENS_AFTER)


async def _all_heard(run: LoadRun, patience: float) -> None:
    waiting_since = now()
    while run.log.open:
        if now() - max(run.log.heard_at, waiting_since) > patience:
            run.out_of_patience = True
            return
        await asyncio.sleep(CHECKED_EVERY)


@contextlib.contextmanager
def _cancelled_by_signals(work: asyncio.Task[None], say: Callable[[str], None]) -> Iterator[None]:
    """The first SIGINT or SIGTERM cancels the work; the second finds the handlers gone, and ends the program."""
    loop = asyncio.get_running_loop()

    def interrupted() -> None:
        say("Ending: nothing more is sent, what is open is cancelled. Once more ends it at once, without a report.")
        work.cancel()
        for number in SIGNALS:
            loop.remove_signal_handler(number)

    for number in SIGNALS:
        loop.add_signal_handler(number, interrupted)
    try:
        yield
    finally:
        for number in SIGNALS:
            loop.remove_signal_handler(number)


def logged_send(route: Route, log: JobLog) -> Callable[[int], Awaitable[None]]:
    """Sends one job by the route, and logs its begin and its refusal."""

    async def send(number: int) -> None:
        log.began(number, now())
        try:
            await route.send(number)
        except (ClientError, SendFailed) as error:
            log.refused(number, error.code, error.message)

    return send


async def cancel_open(route: Route, log: JobLog) -> None:
    """Cancel every job that has begun and not ended, and wait a while for the pushes of that."""
    begun = [job.number for job in log.jobs if job.began and job.job_id and not job.ended]
    # A system that is overwhelmed may not take even this; it then expires or scores them by itself.
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(CANCELS_WITHIN):
            await asyncio.gather(*(route.cancel(number) for number in begun))
    for _ in range(round(PUSHES_WITHIN / CHECKED_EVERY)):
        if not log.open:
            break
        await asyncio.sleep(CHECKED_EVERY)
