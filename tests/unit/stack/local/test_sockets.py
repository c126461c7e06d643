"""Events of sockets run on whichever process is free, and a socket's outbox ends with the socket."""

import asyncio
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from divescore.stack.local import sockets

WITHIN = 10.0


class Process:
    """A process of a function that takes an event only once as many others have one as were told."""

    together: threading.Barrier
    in_use = False

    def _drain_stderr(self) -> str:
        return "what there is"

    def _drain_stderr_bounded(self) -> str:
        raise AssertionError("nobody waits for a log")

    def invoke(self, event: dict[str, Any], request_id: str) -> dict[str, Any]:
        self.together.wait(WITHIN)
        if event.get("broken"):
            raise ConnectionError("the process has died")
        return {"event": event, "id": request_id, "log": self._drain_stderr_bounded()}


class Function:
    """Its processes; none is made beyond what is asked for."""

    def __init__(self, together: int) -> None:
        self.processes: list[Process] = []
        self.together = threading.Barrier(together)
        self.asked: list[tuple[Any, ...]] = []
        self.may_start = threading.Event()
        self.may_start.set()

    def started(self, _process: Process) -> None:
        assert self.may_start.wait(WITHIN)

    def acquire(self, *which: Any, max_concurrency: int, **_: Any) -> tuple[Process | None, str]:
        self.asked.append(which)
        for process in self.processes:
            if not process.in_use:
                process.in_use = True
                return process, "reused"
        if len(self.processes) >= max_concurrency:
            return None, "func_cap"
        process = Process()
        process.together, process.in_use = self.together, True
        self.processes.append(process)
        return process, "spawn"

    def release(self, process: Process) -> None:
        process.in_use = False


def processes(function: Function, monkeypatch: pytest.MonkeyPatch, most: int) -> sockets.Processes:
    monkeypatch.setattr(sockets, "MOST_PROCESSES", most)
    return sockets.Processes(function.acquire, function.release, function.started)


def test_as_many_events_run_at_once_as_there_may_be_processes(monkeypatch: pytest.MonkeyPatch) -> None:
    function = Function(together=2)
    lent = processes(function, monkeypatch, 2)
    with ThreadPoolExecutor(8) as pool:
        turns = [lent.get("ws", {}, b"zip") for _ in range(8)]
        answers = list(pool.map(lambda number: turns[number].invoke({"n": number}, str(number)), range(8)))
    assert [(answer["event"]["n"], answer["id"]) for answer in answers] == [(n, str(n)) for n in range(8)]
    assert {answer["log"] for answer in answers} == {"what there is"}
    assert len(function.processes) == 2
    assert function.asked[0] == ("ws", {}, b"zip")


def test_an_event_waits_for_no_start_when_a_process_is_free_sooner(monkeypatch: pytest.MonkeyPatch) -> None:
    function = Function(together=1)
    lent = processes(function, monkeypatch, 2)
    assert lent.get("ws").invoke({}, "1")["id"] == "1"
    [first] = function.processes
    first.in_use = True  # another event has it
    function.may_start.clear()
    with ThreadPoolExecutor(1) as pool:
        answer = pool.submit(lent.get("ws").invoke, {}, "2")
        while len(function.processes) < 2:
            time.sleep(0.01)
        lent.give_back(first)
        assert answer.result(WITHIN)["id"] == "2"
    assert function.processes[1].in_use, "it is still being started"
    function.may_start.set()


def test_a_process_is_given_back_when_its_event_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    function = Function(together=1)
    lent = processes(function, monkeypatch, 1)
    for _ in range(2):
        with pytest.raises(ConnectionError):
            lent.get("ws").invoke({"broken": True}, "1")
    assert lent.get("ws").invoke({}, "2")["id"] == "2"


class Socket:
    """The engine's loop of what is to be sent, with the stand-in for its `asyncio`."""

    def __init__(self) -> None:
        engine: Any = sockets.Asyncio()
        self.outbox, self.closing, self.sent = engine.Queue(), engine.Event(), list[str]()
        self.draining = engine.create_task(self.drain(engine))

    async def drain(self, engine: Any) -> None:
        while not self.closing.is_set():
            try:
                item = await engine.wait_for(self.outbox.get(), timeout=0.5)
            except engine.TimeoutError:
                raise AssertionError("it looked although nothing had happened") from None
            if item is None:
                return
            self.sent.append(item)


def test_what_is_put_is_sent_and_a_socket_that_closes_ends_its_own_outbox() -> None:
    async def two() -> tuple[list[str], list[str]]:
        first, second = Socket(), Socket()
        await first.outbox.put("a")
        await second.outbox.put("b")
        while not (first.sent and second.sent):
            await asyncio.sleep(0)
        first.closing.set()
        await first.draining
        assert not second.draining.done()
        await second.outbox.put("c")
        second.closing.set()
        await second.draining
        return first.sent, second.sent

    assert asyncio.run(asyncio.wait_for(two(), WITHIN)) == (["a"], ["b", "c"])


def test_a_socket_that_is_closed_twice_has_ended_once() -> None:
    async def one() -> list[str]:
        socket = Socket()
        await asyncio.sleep(0)
        socket.closing.set()
        socket.closing.set()
        await socket.outbox.put(None)
        await socket.draining
        return socket.sent

    assert asyncio.run(asyncio.wait_for(one(), WITHIN)) == []
