"""The watchers: WebSockets that take down every message raw, the ones a browser would drop as well.

The client's own live connection hides what it repairs: it applies newer versions only and reads what it missed. An
account of pushes needs the messages themselves.
"""

import asyncio
import json
import random
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus, WebSocketException

from divescore.client.errors import ClientError
from divescore.client.live import LARGEST_MESSAGE, MAX_JOBS
from divescore.client.loopback import on_this_machine
from divescore.client.messages import REFUSALS, subscribe
from divescore.ops.load.clock import Clock, epoch
from divescore.ops.load.errors import InvalidOptions, SendFailed
from divescore.ops.load.job_log import JobLog

OPENS_WITHIN = 20.0
ANSWERS_WITHIN = 10.0
LONGEST_BACKOFF = 5.0
# API Gateway closes a connection that is silent for ten minutes, and counts no ping frames.
KEEPALIVE = 240.0
PING_EVERY, PONG_WITHIN = 30.0, 60.0
CLOSES_WITHIN = 2.0
CLOSED_AT_ONCE = 50

# A fresh live address, for a connection that has to be opened again.
Address = Callable[[], Awaitable[str]]


@dataclass
class Subscription:
    """One job on one socket."""

    number: int
    token: str
    asked: bool = False
    answered: asyncio.Event = field(default_factory=asyncio.Event)
    refusal: SendFailed | None = None


class Socket:
    """One connection that many jobs may share, kept up until it is closed."""

    def __init__(self, number: int, log: JobLog, clock: Clock, tally: Counter[str]) -> None:
        self.number = number
        self._log = log
        self._clock = clock
        self._tally = tally
        self._jobs: dict[str, Subscription] = {}
        self._connection: ClientConnection | None = None
        self._running: asyncio.Task[None] | None = None
        self._address: Address | None = None

    async def watch(self, number: int, job_id: str, token: str, url: str, again: Address) -> None:
        """Follow a job from now on; returns when the service has answered. Raises SendFailed.

        `url` opens the connection if nothing has yet, `again` gives an address when it has to be opened anew.
        """
        subscription = self._jobs[job_id] = Subscription(number, token)
        self._address = again
        if self._running is None:
            self._running = asyncio.create_task(self._keep_up(url))
            self._running.add_done_callback(self._ended)
        elif self._connection is not None:
            await self._subscribe(self._connection, subscription)
        try:
            async with asyncio.timeout(ANSWERS_WITHIN):
                await subscription.answered.wait()
        except TimeoutError:
            # The job may have moved on by the time of its snapshot, which then repeats a push.
            self._log.subscribed_again(number, self.number)
            self._tally["answered late"] += 1
        if subscription.refusal is not None:
            raise subscription.refusal

    async def close(self) -> None:
        """Close the connection."""
        if self._running is not None:
            self._running.cancel()
            await asyncio.gather(self._running, return_exceptions=True)

    def _ended(self, running: asyncio.Task[None]) -> None:
        # A fault of this program would otherwise pass for lost pushes of the system.
        if not running.cancelled() and (error := running.exception()) is not None:
            self._tally[f"broke down: {error!r}"] += 1

    async def _keep_up(self, url: str) -> None:
        backoff = 0.25
        while True:
            try:
                connection = await connect(
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
                self._tally[f"refused with {error.response.status_code}"] += 1
            except (OSError, TimeoutError, WebSocketException):
                self._tally["not opened"] += 1
            else:
                self._tally["opened"] += 1
                backoff = 0.25
                try:
                    await self._attend(connection)
                except ConnectionClosed:
                    self._tally["lost"] += 1
                finally:
                    self._connection = None
                    await connection.close()
            await asyncio.sleep(random.uniform(0.5, 1) * backoff)  # noqa: S311  # spreads retries, hides nothing
            backoff = min(2 * backoff, LONGEST_BACKOFF)
            url = await self._fresh(url)

    async def _fresh(self, url: str) -> str:
        """An address with a new ticket; the old one when none is to be had, whose refusal leads here again."""
        if self._address is None:
            return url
        try:
            return await self._address()
        except ClientError:
            self._tally["no ticket"] += 1
            return url

    async def _attend(self, connection: ClientConnection) -> None:
        """Subscribe what is registered, then hear the connection out. Raises ConnectionClosed."""
        self._connection = connection
        for subscription in list(self._jobs.values()):
            await self._subscribe(connection, subscription)
        while True:
            try:
                async with asyncio.timeout(KEEPALIVE):
                    text = await connection.recv()
            except TimeoutError:
                await connection.send('{"action":"ping"}')
            else:
                self._heard(text, self._clock())

    async def _subscribe(self, connection: ClientConnection, subscription: Subscription) -> None:
        if subscription.asked:
            self._log.subscribed_again(subscription.number, self.number)
        subscription.asked = True
        try:
            await connection.send(subscribe(subscription.token))
        except ConnectionClosed:
            return  # whoever listens to it notices, and subscribes on the next one

    def _heard(self, text: str | bytes, at: float) -> None:
        try:
            message: Any = json.loads(text)
            if message["type"] == "job":
                job = message["job"]
                news = job["jobId"], int(job["version"]), str(job["status"]), epoch(job["updatedAt"])
        except (ValueError, KeyError, TypeError):
            self._tally["unreadable"] += 1
            return
        if message["type"] == "job":
            job_id, version, status, written = news
            subscription = self._jobs.get(job_id)
            if subscription is None:
                self._tally["unasked"] += 1
                return
            self._log.heard(subscription.number, self.number, version, status, written, at)
            subscription.answered.set()
        elif message["type"] == "error":
            code = str(message.get("code", "ERROR"))
            self._tally[f"told {code}"] += 1
            subscription = self._jobs.get(str(message.get("jobId", "")))
            if subscription and code in REFUSALS:
                subscription.refusal = SendFailed(code, str(message.get("message", "")))
                subscription.answered.set()


class Sockets:
    """As many sockets as asked for, or one for each job and watcher; each job is watched by `watchers` of them."""

    def __init__(self, jobs: int, count: int | None, watchers: int, log: JobLog, clock: Clock) -> None:
        self.tally: Counter[str] = Counter()
        self.count = jobs * watchers if count is None else count
        self._watchers = watchers
        if self.count < watchers:
            raise InvalidOptions(f"{watchers} watchers of one job need as many sockets; there are {self.count}.")
        needed = fewest(jobs, watchers)
        if self.count < needed:
            raise InvalidOptions(
                f"One socket follows at most {MAX_JOBS} jobs: {jobs} jobs with {watchers} watcher(s) each need "
                f"--sockets {needed} or more."
            )
        self._sockets = [Socket(number, log, clock, self.tally) for number in range(self.count)]

    def of(self, number: int) -> list[int]:
        """The numbers of the sockets that watch a job, all different."""
        first = number * self._watchers
        return [(first + watcher) % self.count for watcher in range(self._watchers)]

    async def watch(self, number: int, job_id: str, token: str, url: str, again: Address) -> None:
        """Have all of a job's watchers follow it; returns when all were answered. Raises SendFailed."""
        watching = (self._sockets[index].watch(number, job_id, token, url, again) for index in self.of(number))
        await asyncio.gather(*watching)

    async def close(self) -> None:
        """Close all."""
        places = asyncio.Semaphore(CLOSED_AT_ONCE)

        async def close(socket: Socket) -> None:
            async with places:
                await socket.close()

        await asyncio.gather(*(close(socket) for socket in self._sockets))


def fewest(jobs: int, watchers: int) -> int:
    """The fewest sockets on which each of the jobs can have that many watchers."""
    return max(watchers, -(-jobs * watchers // MAX_JOBS))
