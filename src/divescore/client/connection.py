"""The shell around the live protocol: the socket, the clock and the tasks. All decisions are `protocol.py`'s."""

import asyncio
import contextlib
import time
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass
from typing import Any

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus, InvalidURI, WebSocketException

from divescore.client.actions import Action, Close, Open, Read, Subscribe, Unsubscribe
from divescore.client.errors import ApiError, ClientError
from divescore.client.loopback import on_this_machine
from divescore.client.messages import Message, parse, subscribe, unsubscribe
from divescore.client.models import Job
from divescore.client.protocol import Protocol

LARGEST_MESSAGE = 128 * 1024  # the gateway's
REFUSED = frozenset({401, 403, 404})

# A job (None: not asked for) and a fresh live address, of a job's id and token; raises ClientError.
Reader = Callable[[str, str], Awaitable[tuple[Job | None, str | None]]]


@dataclass(frozen=True)
class SocketTimeouts:
    """How long a socket waits for the other side, in seconds. Pings find out that nothing passes any more."""

    opens_within: float = 5.0
    ping_every: float = 10.0
    pong_within: float = 10.0
    closes_within: float = 1.0


class Listener:
    """What a connection tells; each method may be overridden, none needs to be."""

    def opened(self) -> None:
        """A socket is open."""

    def failed(self, error: Exception) -> None:
        """A socket could not be opened."""

    def lost(self) -> None:
        """The open socket was closed by the other side, or is dead."""

    def received(self, message: Message, at: float) -> None:
        """A message, before the protocol judges it; `at` is when it came, by the steady clock."""

    def acted(self, action: Action) -> None:
        """The protocol wants this; what needs a socket or HTTP is done by the connection."""

    def broke(self, error: BaseException) -> None:
        """A fault of this program ended a task; nothing can be counted on any more."""


class Connection:
    """One live connection, kept up from the first job until it is closed; made and used inside a running loop."""

    def __init__(
        self, protocol: Protocol, read: Reader, listener: Listener, timeouts: SocketTimeouts | None = None
    ) -> None:
        self._protocol = protocol
        self._read_job = read
        self._listener = listener
        self._timeouts = timeouts or SocketTimeouts()
        self._conversation: asyncio.Task[None] | None = None
        self._socket: ClientConnection | None = None
        self._reading: set[str] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._wake_at: float | None = None
        self._alarm: asyncio.TimerHandle | None = None

    def watch(self, job_id: str, token: str, url: str | None = None) -> None:
        """Follow a job; `url` is the live address that came with it, if it is fresh."""
        self._protocol.watch(job_id, token, time.monotonic(), url)
        self._perform()

    def forget(self, job_id: str) -> None:
        """Follow a job no longer."""
        self._protocol.forget(job_id, time.monotonic())
        self._perform()

    def send(self, text: str) -> None:
        """Send a message of one's own, if a socket is open."""
        if self._socket is not None:
            self._start(deliver(self._socket, text))

    async def close(self) -> None:
        """Close the socket and end all tasks."""
        if self._alarm is not None:
            self._alarm.cancel()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _perform(self) -> None:
        """Carry out what the protocol wants, and wake up when it wants to."""
        for action in self._protocol.actions():
            self._listener.acted(action)
            match action:
                case Subscribe(token=token):
                    self.send(subscribe(token))
                case Unsubscribe(job_id):
                    self.send(unsubscribe(job_id))
                case Open(url):
                    self._conversation = self._start(self._converse(url))
                case Close():
                    self._socket = None
                    if self._conversation is not None:
                        self._conversation.cancel()
                case Read(job_id, token):
                    if job_id not in self._reading:
                        self._reading.add(job_id)
                        self._start(self._read(job_id, token))
        wake_at = self._protocol.wake_at()
        if wake_at == self._wake_at:
            return
        if self._alarm is not None:
            self._alarm.cancel()
        loop, self._wake_at = asyncio.get_running_loop(), wake_at
        self._alarm = None if wake_at is None else loop.call_later(max(0.0, wake_at - time.monotonic()), self._tick)

    def _tick(self) -> None:
        self._wake_at = None
        self._protocol.tick(time.monotonic())
        self._perform()

    def _start(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._done)
        return task

    def _done(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            self._listener.broke(error)

    async def _converse(self, url: str) -> None:
        """Open a socket and hear it out; the protocol's Close cancels this."""
        try:
            socket = await self._connect(url)
        except (OSError, TimeoutError, WebSocketException, ImportError) as error:  # ImportError: a SOCKS proxy
            self._listener.failed(error)
            self._protocol.failed(reason(error), time.monotonic())
            self._perform()
            return
        self._socket = socket
        try:
            self._listener.opened()
            self._protocol.opened(time.monotonic())
            self._perform()
            while self._socket is socket:
                # Not kept in a name: with a thousand connections that would be a thousand results in memory.
                self._received(await socket.recv(), time.monotonic())
        except ConnectionClosed as error:
            if self._socket is socket:
                self._socket = None
                self._listener.lost()
                self._protocol.lost(str(error), time.monotonic())
                self._perform()
        finally:
            await socket.close()

    def _received(self, text: str | bytes, at: float) -> None:
        message = parse(text)
        self._listener.received(message, at)
        self._protocol.received(message, at)
        self._perform()

    async def _connect(self, url: str) -> ClientConnection:
        return await connect(
            url,
            proxy=None if on_this_machine(url) else True,
            compression=None,
            open_timeout=self._timeouts.opens_within,
            ping_interval=self._timeouts.ping_every,
            ping_timeout=self._timeouts.pong_within,
            close_timeout=self._timeouts.closes_within,
            max_size=LARGEST_MESSAGE,
        )

    async def _read(self, job_id: str, token: str) -> None:
        """Read a job for the protocol, which asks for a fresh ticket or the state this way."""
        try:
            job, url = await self._read_job(job_id, token)
        except ClientError as error:
            self._reading.discard(job_id)
            if not isinstance(error, ApiError):
                self._protocol.unreachable(time.monotonic())
            elif error.status in REFUSED:
                self._protocol.refused(job_id, error.code, error.message, time.monotonic())
            else:
                self._protocol.unreachable(time.monotonic(), error.retry_after or 0.0, answered=True)
        else:
            self._reading.discard(job_id)
            self._protocol.read(job, url, time.monotonic())
        self._perform()


async def deliver(socket: ClientConnection, text: str) -> None:
    """Send a message; on a closed socket it is void, since the next one subscribes anew."""
    with contextlib.suppress(ConnectionClosed):
        await socket.send(text)


def reason(error: Exception) -> str:
    """Why a socket could not be opened, for people."""
    if isinstance(error, InvalidStatus):
        return f"HTTP {error.response.status_code}"
    if isinstance(error, InvalidURI):  # its text would show the ticket
        return "the live address is malformed"
    return str(error) or type(error).__name__
