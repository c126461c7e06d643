"""The generator: jobs are sent when the schedule says so, however the ones before them fare (an open loop).

A closed loop (send, wait, send) slows down with the system it measures and never sees the queue that would have formed.
Here a send that is due starts at once, beside all others; what cannot start is counted, not forgotten.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from divescore.ops.load.clock import Clock, now


@dataclass
class Sends:
    """What the generator did. `lags`: seconds from each send's intended start to its start."""

    planned: int
    started: int = 0
    dropped: int = 0  # too many sends were under way
    lags: list[float] = field(default_factory=list)

    @property
    def unsent(self) -> int:
        """Neither started nor dropped: the run ended before their time."""
        return self.planned - self.started - self.dropped


async def generate(
    intended: list[float],
    send: Callable[[int], Awaitable[None]],
    sends: Sends,
    most_at_once: int,
    clock: Clock = now,
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    closed: bool = False,
) -> None:
    """Call `send(number)` for each arrival at its moment (by `clock`, in seconds) and return when all have ended.

    An arrival that finds `most_at_once` sends under way is dropped, or in a `closed` loop waits until one of them has
    ended. `send` must not raise; when this is cancelled, what is under way is cancelled too.
    """
    under_way: set[asyncio.Task[None]] = set()
    try:
        for number, at in enumerate(intended):
            while (early := at - clock()) > 0:
                await sleep(early)
            for _ in range(2):
                # A burst keeps the loop from running sends, and from taking out those that have ended.
                if len(under_way) >= most_at_once:
                    await asyncio.sleep(0)
            while closed and len(under_way) >= most_at_once:
                await asyncio.wait(under_way, return_when=asyncio.FIRST_COMPLETED)
            if len(under_way) >= most_at_once:
                sends.dropped += 1
                continue
            sends.lags.append(max(0.0, clock() - at))
            sends.started += 1
            task = asyncio.ensure_future(send(number))
            under_way.add(task)
            task.add_done_callback(under_way.discard)
        while under_way:
            ended, _ = await asyncio.wait(under_way)
            for task in ended:
                task.result()
    finally:
        for task in under_way:
            task.cancel()
        await asyncio.gather(*under_way, return_exceptions=True)
