"""A run over a system that only this test has: its end, its interruption, its patience."""

import asyncio
import os
import signal
from collections import Counter
from typing import Any

import pytest

from divescore.client.errors import ApiError
from divescore.ops.load.clock import now
from divescore.ops.load.errors import NotPrepared
from divescore.ops.load.generator import Sends
from divescore.ops.load.job_log import JobLog
from divescore.ops.load.run import LoadRun, carry_out
from divescore.ops.load.sampler import Sampler
from divescore.ops.load.schedule import burst
from divescore.ops.load.sockets import Sockets

ENDS_WITHIN = 30.0


class ScoringRoute:
    """Scores what is sent at once, but for the jobs that it is told to keep or to refuse."""

    name = "upload"

    def __init__(self, log: JobLog, keeps: set[int], refuses: set[int]) -> None:
        self.answers: Counter[str] = Counter()
        self.calls: list[str] = []
        self._log = log
        self._keeps = keeps
        self._refuses = refuses

    async def prepare(self) -> None:
        self.calls.append("prepared")

    async def send(self, number: int) -> None:
        if number in self._refuses:
            raise ApiError("RATE_LIMITED", "too many", 429)
        self._log.created(number, f"job{number}", [0], 1, now())
        self._log.sent(number, now())
        if number not in self._keeps:
            self._push(number, "SCORED")

    async def read(self, number: int) -> str:
        self.calls.append(f"read {number}")
        self._log.read(number, 2, "QUEUED", now())
        return "QUEUED"

    async def cancel(self, number: int) -> None:
        self.calls.append(f"cancelled {number}")
        self._push(number, "CANCELLED")

    async def close(self) -> None:
        self.calls.append("closed")

    def _push(self, number: int, status: str) -> None:
        self._log.heard(number, 0, 2, status, now(), now())


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
) -> tuple[LoadRun, ScoringRoute, list[str]]:
    async def inside() -> tuple[LoadRun, ScoringRoute, list[str]]:
        log = JobLog(arrivals)
        account = LoadRun(log, Sends(len(arrivals)), Sockets(len(arrivals), None, 1, log, now))
        route = ScoringRoute(log, keeps or set(), refuses or set())
        sampler = Sampler(NoQueues())  # type: ignore[arg-type]
        said: list[str] = []

        def say(text: str) -> None:
            said.append(text)
            if interrupt and text.startswith("sending"):
                asyncio.get_running_loop().call_later(0.5, os.kill, os.getpid(), signal.SIGINT)

        async with asyncio.timeout(ENDS_WITHIN):
            await carry_out(route, account, sampler, 1000, patience, say)
        return account, route, said

    return asyncio.run(inside())


def test_a_run_ends_when_every_end_is_known() -> None:
    account, route, _ = run(burst(5))
    assert account.log.tally["SCORED"] == 5
    assert route.calls == ["prepared", "closed"]
    assert not account.interrupted
    assert account.dead_letters == {"uploads": 0, "scoring": 0, "stream": 0}
    assert account.depths


def test_a_refused_send_is_counted_and_the_others_go_on() -> None:
    account, _, _ = run(burst(4), refuses={1})
    assert [job.refused for job in account.log.jobs] == [None, "RATE_LIMITED", None, None]
    assert account.log.tally["SCORED"] == 3


def test_what_is_never_told_ends_the_patience_and_is_read() -> None:
    account, route, _ = run(burst(3), keeps={2}, patience=0.3)
    assert account.out_of_patience
    assert account.log.open == {2}
    assert account.read == {2: "QUEUED"}
    assert route.calls == ["prepared", "read 2", "closed"]


def test_an_interrupted_run_sends_nothing_more_and_cancels_what_is_open() -> None:
    account, route, said = run([0.0, 0.0, 3600.0], keeps={1}, interrupt=True)
    assert account.interrupted
    assert (account.sends.started, account.sends.unsent) == (2, 1)
    assert route.calls == ["prepared", "cancelled 1", "closed"]
    assert account.log.jobs[1].status == "CANCELLED"
    assert any(text.startswith("Ending") for text in said)


def test_a_preparation_that_fails_is_cleared_away() -> None:
    async def inside() -> list[str]:
        log = JobLog([0.0])
        route = ScoringRoute(log, set(), set())

        async def fail() -> None:
            raise NotPrepared("no")

        route.prepare = fail  # type: ignore[method-assign]
        account = LoadRun(log, Sends(1), Sockets(1, None, 1, log, now))
        with pytest.raises(NotPrepared):
            await carry_out(route, account, Sampler(NoQueues()), 1, 1.0, lambda _text: None)  # type: ignore[arg-type]
        return route.calls

    assert asyncio.run(inside()) == ["closed"]
