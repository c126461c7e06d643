"""A run over a system that only this test has: its end, its interruption, its patience."""

import asyncio
import os
import signal
from collections import Counter
from typing import Any

import pytest

from divescore.client.errors import ApiError
from divescore.ops.load.clock import Clock
from divescore.ops.load.errors import NotPrepared
from divescore.ops.load.generator import Sends
from divescore.ops.load.job_log import Ledger
from divescore.ops.load.run import Run, carry_out
from divescore.ops.load.sampler import Sampler
from divescore.ops.load.schedule import burst
from divescore.ops.load.sockets import Sockets
from divescore.ops.load.upload_route import State

ENDS_WITHIN = 30.0


class Route:
    """Scores what is sent at once, but for the jobs that it is told to keep or to refuse."""

    name = "upload"

    def __init__(self, ledger: Ledger, clock: Clock, keeps: set[int], refuses: set[int]) -> None:
        self.answers: Counter[str] = Counter()
        self.log: list[str] = []
        self._ledger = ledger
        self._clock = clock
        self._keeps = keeps
        self._refuses = refuses

    async def prepare(self) -> None:
        self.log.append("prepared")

    async def send(self, number: int) -> None:
        if number in self._refuses:
            raise ApiError("RATE_LIMITED", "too many", 429)
        self._ledger.named(number, f"job{number}", [0], 1)
        self._ledger.sent(number, self._clock())
        if number not in self._keeps:
            self._push(number, "SCORED")

    async def read(self, number: int) -> State | None:
        self.log.append(f"read {number}")
        return State(2, "QUEUED", self._clock())

    async def cancel(self, number: int) -> None:
        self.log.append(f"cancelled {number}")
        self._push(number, "CANCELLED")

    async def close(self) -> None:
        self.log.append("closed")

    def _push(self, number: int, status: str) -> None:
        self._ledger.heard(number, 0, 2, status, self._clock(), self._clock())


class NoQueues:
    """An owner whose queues are empty."""

    def output(self, name: str) -> str:
        return name

    def client(self, _service: str) -> Any:
        return self

    def get_queue_attributes(self, QueueUrl: str, AttributeNames: list[str]) -> Any:
        return {"Attributes": dict.fromkeys(AttributeNames, "0")}


def run(
    arrivals: list[float],
    keeps: set[int] | None = None,
    refuses: set[int] | None = None,
    patience: float = 10.0,
    interrupt: bool = False,
) -> tuple[Run, Route, list[str]]:
    async def inside() -> tuple[Run, Route, list[str]]:
        clock = Clock()
        ledger = Ledger(arrivals)
        sockets = Sockets(len(arrivals), None, 1, ledger, clock)
        account = Run(ledger, Sends(len(arrivals)), sockets)
        route = Route(ledger, clock, keeps or set(), refuses or set())
        sampler = Sampler(NoQueues(), clock)  # type: ignore[arg-type]
        said: list[str] = []

        def say(text: str) -> None:
            said.append(text)
            if interrupt and text.startswith("sending"):
                asyncio.get_running_loop().call_later(0.5, os.kill, os.getpid(), signal.SIGINT)

        async with asyncio.timeout(ENDS_WITHIN):
            await carry_out(route, account, sampler, clock, 1000, patience, say)
        return account, route, said

    return asyncio.run(inside())


def test_a_run_ends_when_every_end_is_known() -> None:
    account, route, _ = run(burst(5))
    assert account.ledger.tally["SCORED"] == 5
    assert route.log == ["prepared", "closed"]
    assert not account.interrupted
    assert account.dead_letters == {"uploads": 0, "scoring": 0, "stream": 0}
    assert account.depths


def test_a_refused_send_is_counted_and_the_others_go_on() -> None:
    account, _, _ = run(burst(4), refuses={1})
    assert [entry.refused for entry in account.ledger.entries] == [None, "RATE_LIMITED", None, None]
    assert account.ledger.tally["SCORED"] == 3


def test_what_is_never_told_ends_the_patience_and_is_read() -> None:
    account, route, _ = run(burst(3), keeps={2}, patience=0.3)
    assert account.out_of_patience
    assert account.ledger.open == {2}
    assert account.read == {2: "QUEUED"}
    assert route.log == ["prepared", "read 2", "closed"]


def test_an_interrupted_run_sends_nothing_more_and_cancels_what_is_open() -> None:
    account, route, said = run([0.0, 0.0, 3600.0], keeps={1}, interrupt=True)
    assert account.interrupted
    assert (account.sends.started, account.sends.unsent) == (2, 1)
    assert route.log == ["prepared", "cancelled 1", "closed"]
    assert account.ledger.entries[1].status == "CANCELLED"
    assert any(text.startswith("Ending") for text in said)


def test_a_preparation_that_fails_is_cleared_away() -> None:
    async def inside() -> list[str]:
        clock, ledger = Clock(), Ledger([0.0])
        route = Route(ledger, clock, set(), set())

        async def fail() -> None:
            raise NotPrepared("no")

        route.prepare = fail  # type: ignore[method-assign]
        account = Run(ledger, Sends(1), Sockets(1, None, 1, ledger, clock))
        with pytest.raises(NotPrepared):
            await carry_out(route, account, Sampler(NoQueues(), clock), clock, 1, 1.0, lambda _text: None)  # type: ignore[arg-type]
        return route.log

    assert asyncio.run(inside()) == ["closed"]
