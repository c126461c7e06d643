"""WebSocket APIs in the engine: several events at a time, and no looking twice a second whether there is something.

The engine runs one event of a function at a time, and waits after each for lines of a log that it then throws away.
Here as many run as there are cores, as on AWS hundreds do; those of one socket stay in order, since the engine reads a
socket's next message after it has handled the one before.

For each socket it asks twice a second whether there is something to send and whether the socket has closed: a thousand
sockets keep a core busy with that. Here it waits until either is so.
"""

import asyncio
import os
from collections.abc import Awaitable, Callable
from contextvars import ContextVar
from dataclasses import dataclass
from functools import partial
from typing import Any

MOST_PROCESSES = os.cpu_count() or 2  # of one function: what they do is all computing

Acquire = Callable[..., tuple[Any, str]]
Release = Callable[[Any], None]


@dataclass(frozen=True)
class Turn:
    """One event's turn: on whichever process of the function is free, for as long as it takes."""

    acquire: Acquire
    release: Release

    def invoke(self, event: dict[str, Any], request_id: str) -> dict[str, Any]:
        """What the engine's own process would answer."""
        process, _ = self.acquire()
        try:
            process._drain_stderr_bounded = process._drain_stderr  # take what there is of the log, wait for no more
            answer: dict[str, Any] = process.invoke(event, request_id)
            return answer
        finally:
            self.release(process)


def processes(acquire: Acquire, release: Release) -> Callable[..., Turn]:
    """In place of the engine's `get_or_create_worker`, which it has for events of sockets alone.

    `acquire` and `release` lend a process of a function and take it back.
    """

    def get_process(*arguments: Any, **options: Any) -> Turn:
        return Turn(partial(acquire, *arguments, **options), release)

    return get_process


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
