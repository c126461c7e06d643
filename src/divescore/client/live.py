"""The live half of the client: one WebSocket that follows many jobs, through every reconnection.

All decisions are `protocol.py`'s; here are the socket, the clock and the tasks.
"""

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from types import TracebackType
from typing import Any, Self

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus, InvalidURI, WebSocketException

from divescore.client.errors import ApiError, ClientError, LiveRefused
from divescore.client.http import Http
from divescore.client.loopback import on_this_machine
from divescore.client.models import Job
from divescore.client.protocol import Changed, Notice, Open, Protocol, Read, Refused, Send, Shut

MAX_JOBS = 100  # the service's own limit for one connection
OPENS_WITHIN = 5.0
PING_EVERY = 10.0
PONG_WITHIN = 10.0
CLOSES_WITHIN = 1.0
LARGEST_MESSAGE = 128 * 1024  # the gateway's


@dataclass(frozen=True)
class Event:
    """A newer version of a job as it arrived here.

    `type` is "job" for a live message and "read" for an answer to reading over HTTP; `at` is the wall clock, in UTC,
    `moment` the steady clock in seconds, good for differences.
    """

    at: str
    type: str
    job: Job
    moment: float = field(default=0.0, compare=False)

    def document(self) -> dict[str, Any]:
        """The event in the documents that commands print."""
        return {"at": self.at, "type": self.type, "job": self.job.document()}


class Feed:
    """The news of one job: iterate over its events until the job is final.

    Raises LiveRefused when the token may not follow the job, ClientError when the connection is closed under it.
    """

    def __init__(self, job_id: str) -> None:
        self.job_id = job_id
        self.subscribed = asyncio.Event()  # set by the first news: whatever happens next will be pushed
        self._news: asyncio.Queue[Event | ClientError] = asyncio.Queue()
        self._ended = False

    def put(self, news: Event | ClientError) -> None:
        """Hand over news; what waits for the subscription need wait no longer."""
        self.subscribed.set()
        self._news.put_nowait(news)

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> Event:
        if self._ended:
            raise StopAsyncIteration
        news = await self._news.get()
        if isinstance(news, ClientError):
            self._ended = True
            raise news
        self._ended = news.job.final
        return news


class Live:
    """Follows jobs live. `notice` is told, in a sentence, when the connection changes for worse or better."""

    def __init__(
        self, http: Http, notice: Callable[[str], None] = lambda _: None, protocol: Protocol | None = None
    ) -> None:
        self._http = http
        self._notice = notice
        self._protocol = protocol or Protocol()
        self._feeds: dict[str, Feed] = {}
        self._socket: ClientConnection | None = None
        self._reading: set[str] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._alarm: asyncio.TimerHandle | None = None
        self._outbox: asyncio.Queue[tuple[ClientConnection, str]] = asyncio.Queue()

    async def __aenter__(self) -> Self:
        self._start(self._deliver())
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._alarm is not None:
            self._alarm.cancel()
        socket, self._socket = self._socket, None
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if socket is not None:
            await socket.close()
        for feed in self._feeds.values():
            feed.put(ClientError("CLOSED", "The live connection was closed."))

    def watch(self, job_id: str, token: str, url: str | None = None) -> Feed:
        """Follow a job; `url` is the live address that came with it, if it is fresh."""
        if job_id in self._feeds:
            raise ClientError("ALREADY_WATCHED", f"Job {job_id} is being followed already.")
        if len(self._feeds) >= MAX_JOBS:
            raise ClientError("TOO_MANY_JOBS", f"One connection follows at most {MAX_JOBS} jobs.")
        feed = self._feeds[job_id] = Feed(job_id)
        self._protocol.watch(job_id, token, time.monotonic(), url)
        self._perform()
        return feed

    def forget(self, job_id: str) -> None:
        """Follow a job no longer; its feed gets nothing more."""
        self._feeds.pop(job_id, None)
        self._protocol.forget(job_id)
        self._perform()

    def _perform(self) -> None:
        """Carry out what the protocol wants, and wake up when it wants to."""
        for effect in self._protocol.effects():
            match effect:
                case Changed(job, pushed):
                    self._changed(job, pushed)
                case Refused(job_id, code, message):
                    feed = self._feeds.pop(job_id, None)
                    if feed is not None:
                        feed.put(LiveRefused(code, message))
                case Send(text):
                    if self._socket is not None:
                        self._outbox.put_nowait((self._socket, text))
                case Open(url):
                    self._start(self._open(url))
                case Shut():
                    socket, self._socket = self._socket, None
                    if socket is not None:
                        self._start(socket.close())
                case Read(job_id, token):
                    if job_id not in self._reading:
                        self._reading.add(job_id)
                        self._start(self._read(job_id, token))
                case Notice(text):
                    self._notice(text)
        if self._alarm is not None:
            self._alarm.cancel()
        wake_at = self._protocol.wake_at()
        loop = asyncio.get_running_loop()
        self._alarm = None if wake_at is None else loop.call_later(max(0.0, wake_at - time.monotonic()), self._tick)

    def _tick(self) -> None:
        self._protocol.tick(time.monotonic())
        self._perform()

    def _changed(self, job: Job, pushed: bool) -> None:
        feed = self._feeds.get(job.job_id)
        if feed is None:
            return
        if job.final:
            del self._feeds[job.job_id]
        at = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        feed.put(Event(at, "job" if pushed else "read", job, time.monotonic()))

    def _start(self, work: Any) -> None:
        task: asyncio.Task[None] = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._done)

    def _done(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            # A fault of this program: nobody would ever hear of it, so whoever waits for news must.
            for feed in self._feeds.values():
                feed.put(ClientError("CLIENT_FAULT", f"The live connection broke down: {error!r}"))
            self._feeds.clear()

    async def _deliver(self) -> None:
        """Send messages in their order; one that finds its socket closed is void, the next socket subscribes anew."""
        while True:
            socket, text = await self._outbox.get()
            try:
                await socket.send(text)
            except ConnectionClosed:
                continue

    async def _open(self, url: str) -> None:
        """Open the socket and hear it out."""
        try:
            socket = await connect(
                url,
                proxy=None if on_this_machine(url) else True,
                compression=None,
                open_timeout=OPENS_WITHIN,
                ping_interval=PING_EVERY,
                ping_timeout=PONG_WITHIN,
                close_timeout=CLOSES_WITHIN,
                max_size=LARGEST_MESSAGE,
            )
        except InvalidStatus as error:
            self._failed(f"HTTP {error.response.status_code}")
            return
        except InvalidURI:  # its text would show the ticket
            self._failed("the live address is malformed")
            return
        except (OSError, TimeoutError, WebSocketException, ImportError) as error:  # ImportError: a SOCKS proxy
            self._failed(str(error) or type(error).__name__)
            return
        self._socket = socket
        self._protocol.opened(time.monotonic())
        self._perform()
        try:
            while True:
                text = await socket.recv()
                if self._socket is socket:
                    self._protocol.received(text, time.monotonic())
                    self._perform()
        except ConnectionClosed as error:
            if self._socket is socket:
                self._socket = None
                self._protocol.lost(str(error), time.monotonic())
                self._perform()

    def _failed(self, reason: str) -> None:
        self._protocol.failed(reason, time.monotonic())
        self._perform()

    async def _read(self, job_id: str, token: str) -> None:
        """Read a job for the protocol, which asks for a fresh ticket or the state this way."""
        try:
            answer = await self._http.get(job_id, token)
        except ApiError as error:
            self._reading.discard(job_id)
            if error.status in (401, 403, 404):
                self._protocol.refused(job_id, error.code, error.message)
            else:
                self._protocol.unreachable(time.monotonic(), error.retry_after or 0.0)
        except ClientError:
            self._reading.discard(job_id)
            self._protocol.unreachable(time.monotonic())
        else:
            self._reading.discard(job_id)
            self._protocol.read(answer.job, answer.live.url if answer.live else None, time.monotonic())
        self._perform()
