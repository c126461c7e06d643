"""WebSocket APIs in the engine: several events at a time, and no looking twice a second whether there is something.

The engine runs one event of a function at a time, and waits after each for lines of a log that it then throws away.
Here as many run as there are cores, as on AWS hundreds do; those of one socket stay in order, since the engine reads a
socket's next message after it has handled the one before.

For each socket it asks twice a second whether there is something to send and whether the socket has closed: a thousand
sockets keep a core busy with that. Here it waits until either is so.
"""

import asyncio
import os
import threading
from collections.abc import Awaitable, Callable
from contextvars import ContextVar
from dataclasses import dataclass
from functools import partial
from typing import Any

MOST_PROCESSES = os.cpu_count() or 2  # of one function: what they do is all computing
LOOKS_EVERY = 0.5  # seconds, should a process end without being given back

Acquire = Callable[..., tuple[Any, str]]
Release = Callable[[Any], None]


class Processes:
    """A function's processes for events of sockets, by the engine's calls that lend one, take it back and start it.

    An event has whichever is free first. A new process is started aside meanwhile: on a busy machine its start takes
    longer than the handshake of a socket may.
    """

    def __init__(self, acquire: Acquire, release: Release, start: Release) -> None:
        self._acquire, self._release, self._start = acquire, release, start
        self._freed = threading.Condition()

    def get(self, *arguments: Any, **options: Any) -> "Turn":
        """In place of the engine's `get_or_create_worker`, which it has for events of sockets alone."""
        return Turn(self, partial(self._acquire, *arguments, **options))

    def take(self, acquire: Acquire) -> Any:
        """A process that nobody else has, once there is one."""
        most = MOST_PROCESSES
        with self._freed:
            while True:
                process, how = acquire(max_concurrency=most)
                if how == "reused":
                    return process
                if process is not None:
                    most = 1  # one event has one more process started at most
                    threading.Thread(target=self._begin, args=(process,), daemon=True, name="socket-process").start()
                    continue
                self._freed.wait(LOOKS_EVERY)

    def give_back(self, process: Any) -> None:
        """Lend the process to the next event."""
        self._release(process)
        with self._freed:
            self._freed.notify()  # as many as there are processes to be had

    def _begin(self, process: Any) -> None:
        try:
            self._start(process)
        finally:
            self.give_back(process)  # one that did not start says so to its first event


@dataclass(frozen=True)
class Turn:
    """One event's turn."""

    processes: Processes
    acquire: Acquire

    def invoke(self, event: dict[str, Any], request_id: str) -> dict[str, Any]:
        """What the engine's own process would answer."""
        process = self.processes.take(self.acquire)
        try:
            process._drain_stderr_bounded = process._drain_stderr  # take what there is of the log, wait for no more
            answer: dict[str, Any] = process.invoke(event, request_id)
            return answer
        finally:
            self.processes.give_back(process)


_outbox: ContextVar["Outbox"] = ContextVar("outbox")


class Outbox(asyncio.Queue[str | None]):
    """What is to be sent on a socket; None ends it."""

    def __init__(self) -> None:
        super().__init__()
        _outbox.set(self)


class Closing(asyncio.Event):
    """Set when a socket closes, which ends the outbox that was made before it for the same socket."""

    def __init__(self) -> None:
        super().__init__()
        self._outbox = _outbox.get()

    def set(self) -> None:
        """Note that the socket closes, and wake who waits for something to send."""
        super().set()
        self._outbox.put_nowait(None)


class Asyncio:
    """In place of the module `asyncio` in the engine's API Gateway, which has queues and events for sockets alone."""

    Queue = Outbox
    Event = Closing

    @staticmethod
    async def wait_for(something: Awaitable[Any], timeout: float) -> Any:  # noqa: ARG004 - the engine's call
        """Wait without a limit: the outbox ends when its socket closes."""
        return await something

    def __getattr__(self, name: str) -> Any:
        return getattr(asyncio, name)
