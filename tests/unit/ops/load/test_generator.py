"""The open model, in a time of its own: nothing here waits, and nothing depends on the machine."""

import asyncio
import heapq
from collections.abc import Awaitable, Callable

import pytest

from divescore.ops.load.generator import Sends, generate
from divescore.ops.load.percentiles import percentile
from divescore.ops.load.schedule import constant


class Time:
    """A clock that moves when everything waits for it."""

    def __init__(self) -> None:
        self.now = 0.0
        self._waiting: list[tuple[float, int, asyncio.Event]] = []
        self._count = 0

    def __call__(self) -> float:
        return self.now

    async def sleep(self, seconds: float) -> None:
        event = asyncio.Event()
        self._count += 1
        heapq.heappush(self._waiting, (self.now + seconds, self._count, event))
        await event.wait()

    async def run(self, work: Awaitable[None]) -> None:
        task = asyncio.ensure_future(work)
        while not task.done():
            for _ in range(20):  # let everything that can go on do so
                await asyncio.sleep(0)
            if self._waiting and not task.done():
                due, _, event = heapq.heappop(self._waiting)
                self.now = max(self.now, due)
                event.set()
        await task


def run(
    arrivals: list[float], send: Callable[[Time, int], Awaitable[None]], most: int = 1000, closed: bool = False
) -> tuple[Sends, dict[int, float], dict[int, float]]:
    """The generator's account, and when each send began and ended."""
    began: dict[int, float] = {}
    ended: dict[int, float] = {}

    async def inside() -> Sends:
        time, sends = Time(), Sends(len(arrivals))

        async def one(number: int) -> None:
            began[number] = time()
            await send(time, number)
            ended[number] = time()

        await time.run(generate(arrivals, one, sends, most, time, time.sleep, closed))
        return sends

    return asyncio.run(inside()), began, ended


async def takes_a_while(time: Time, _number: int) -> None:
    await time.sleep(5.0)


def test_arrivals_do_not_wait_for_each_other() -> None:
    sends, began, ended = run(constant(20, 10.0), takes_a_while)
    assert [round(began[number], 6) for number in range(20)] == [round(number / 10, 6) for number in range(20)]
    assert ended[19] == pytest.approx(6.9)
    assert (sends.started, sends.dropped, sends.unsent) == (20, 0, 0)
    assert max(sends.lags) == pytest.approx(0.0, abs=1e-9)


def test_a_stall_of_the_system_shows_in_the_tail() -> None:
    """From 1 s to 3 s nothing is answered; an instrument that waited its turn would see one slow answer of 50."""

    async def stalls(time: Time, _number: int) -> None:
        await time.sleep(0.01 if not 1 <= time() < 3 else 3.01 - time())

    arrivals = constant(50, 10.0)
    _, _, ended = run(arrivals, stalls)
    waits = sorted(ended[number] - at for number, at in enumerate(arrivals))
    assert percentile(waits, 0.99) == pytest.approx(2.01)
    assert sum(wait > 0.5 for wait in waits) == 16  # all that arrived in the first 1.5 s of it


def test_a_generator_that_is_held_up_says_so_and_sends_all_the_same() -> None:
    async def hold_up(time: Time, number: int) -> None:
        if number == 3:
            time.now += 1.0  # the program itself was not given the processor

    sends, began, _ = run(constant(10, 10.0), hold_up)
    assert sends.started == 10
    assert max(sends.lags) == pytest.approx(0.9)
    assert began[4] == pytest.approx(1.3)


def test_what_cannot_start_is_dropped_and_counted() -> None:
    sends, began, _ = run(constant(30, 10.0), takes_a_while, most=8)
    assert (sends.started, sends.dropped) == (8, 22)
    assert sorted(began) == list(range(8))


def test_in_a_closed_loop_what_cannot_start_waits_for_a_place() -> None:
    sends, began, _ = run([0.0] * 9, takes_a_while, most=4, closed=True)
    assert (sends.started, sends.dropped) == (9, 0)
    assert sorted(began.values()) == [0.0] * 4 + [5.0] * 4 + [10.0]


def test_a_burst_within_the_limit_starts_whole() -> None:
    async def at_once(_time: Time, _number: int) -> None:
        return

    sends, _, ended = run([0.0] * 100, at_once, most=10)
    assert (sends.started, sends.dropped) == (100, 0)
    assert len(ended) == 100


def test_a_run_that_is_ended_leaves_the_rest_unsent_and_cancels_what_is_under_way() -> None:
    async def inside() -> tuple[Sends, int]:
        time, sends, cancelled = Time(), Sends(10), []

        async def never(number: int) -> None:
            try:
                await asyncio.Event().wait()
            except asyncio.CancelledError:
                cancelled.append(number)
                raise

        task = asyncio.create_task(generate(constant(10, 1.0), never, sends, 100, time, time.sleep))
        for _ in range(20):
            await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        return sends, len(cancelled)

    sends, cancelled = asyncio.run(inside())
    assert (sends.started, sends.unsent, cancelled) == (1, 9, 1)
