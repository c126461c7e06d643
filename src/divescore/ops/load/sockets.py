"""The watchers: live connections that take down every message as it came, the ones a browser would drop as well.

They are the client's own, told to go on after a job's end, to subscribe again only on a new socket, and to read nothing
over HTTP: a log of pushes must neither hide nor repair what it is to find out.
"""

import asyncio
import math
import random
import time
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from websockets.exceptions import InvalidStatus

from divescore.client.actions import Action, Complaint, Refused, Subscribe
from divescore.client.connection import Connection, Listener, SocketTimeouts
from divescore.client.errors import ClientError, Unreachable
from divescore.client.live import MAX_JOBS
from divescore.client.messages import ErrorMessage, JobMessage, Message, OtherMessage
from divescore.client.protocol import Protocol
from divescore.client.timing import Timing
from divescore.ops.load.clock import Clock, epoch
from divescore.ops.load.errors import InvalidOptions, SendFailed
from divescore.ops.load.job_log import JobLog

ANSWERS_WITHIN = 10.0
# API Gateway closes a connection that is silent for ten minutes, and counts no ping frames.
KEEPALIVE = 240.0
PING = '{"action":"ping"}'
CLOSED_AT_ONCE = 50
TIMING = Timing(
    first_backoff=0.25,
    longest_backoff=5.0,
    proven_after=0.0,
    resubscribe_every=math.inf,
    answer_within=math.inf,
    subscribe_at_once=MAX_JOBS,
    failures_before_reading=math.inf,
)
# Of a system that is meant to be overwhelmed.
TIMEOUTS = SocketTimeouts(opens_within=20.0, ping_every=30.0, pong_within=60.0, closes_within=2.0)

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


class Socket(Listener):
    """One connection that many jobs may share, kept up until it is closed."""

    def __init__(self, number: int, log: JobLog, clock: Clock, tally: Counter[str]) -> None:
        self.number = number
        self._log = log
        self._tally = tally
        self._jobs: dict[str, Subscription] = {}
        self._address: Address | None = None
        self._moved_at = 0.0  # when something last went over the socket
        self._keepalive: asyncio.TimerHandle | None = None
        self._epoch = clock() - time.monotonic()
        protocol = Protocol(TIMING, lambda: random.uniform(0.5, 1), until=())  # noqa: S311  # spreads retries
        self._connection = Connection(protocol, self._read, self, TIMEOUTS)

    async def watch(self, number: int, job_id: str, token: str, url: str, again: Address) -> None:
        """Follow a job from now on; returns when the service has answered. Raises SendFailed.

        `url` opens the connection if nothing has yet, `again` gives an address when it has to be opened anew.
        """
        subscription = self._jobs[job_id] = Subscription(number, token)
        first, self._address = self._address is None, again
        self._connection.watch(job_id, token, url if first else None)
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
        if self._keepalive is not None:
            self._keepalive.cancel()
        await self._connection.close()

    def opened(self) -> None:
        """Count it."""
        self._tally["opened"] += 1
        self._moved_at = time.monotonic()
        if self._keepalive is None:
            self._keep_alive()

    def failed(self, error: Exception) -> None:
        """Count it, by the status that refused it."""
        if isinstance(error, InvalidStatus):
            self._tally[f"refused with {error.response.status_code}"] += 1
        else:
            self._tally["not opened"] += 1

    def lost(self) -> None:
        """Count it."""
        self._tally["lost"] += 1

    def broke(self, error: BaseException) -> None:
        """A fault of this program would otherwise pass for lost pushes of the system."""
        self._tally[f"broke down: {error!r}"] += 1

    def acted(self, action: Action) -> None:
        """Note what is asked, asked again and refused."""
        match action:
            case Subscribe(job_id):
                subscription = self._jobs[job_id]
                if subscription.asked:
                    self._log.subscribed_again(subscription.number, self.number)
                subscription.asked = True
            case Refused(job_id, code, message):
                self._refused(job_id, code, message)
            case Complaint("TOO_MANY_JOBS" as code, message, str(job_id)):
                self._refused(job_id, code, message)

    def received(self, message: Message, at: float) -> None:
        """Enter a message in the log."""
        self._moved_at = at
        if isinstance(message, JobMessage):
            self._heard(message, at)
        elif isinstance(message, ErrorMessage):
            self._tally[f"told {message.code}"] += 1
        elif message == OtherMessage(""):
            self._tally["unreadable"] += 1

    def _heard(self, message: JobMessage, at: float) -> None:
        job = message.job
        subscription = self._jobs.get(job.job_id)
        if subscription is None:
            self._tally["unasked"] += 1
            return
        try:
            written = epoch(job.updated_at)
        except ValueError:
            self._tally["unreadable"] += 1
            return
        self._log.heard(subscription.number, self.number, job.version, job.status, written, at + self._epoch)
        subscription.answered.set()

    def _refused(self, job_id: str, code: str, message: str) -> None:
        subscription = self._jobs[job_id]
        subscription.refusal = SendFailed(code, message)
        subscription.answered.set()

    def _keep_alive(self) -> None:
        """Ping when the socket has been silent for too long, and look again when it next may have been."""
        now = time.monotonic()
        if now >= self._moved_at + KEEPALIVE:
            self._connection.send(PING)
            self._moved_at = now
        self._keepalive = asyncio.get_running_loop().call_at(self._moved_at + KEEPALIVE, self._keep_alive)

    async def _read(self, _job_id: str, _token: str) -> tuple[None, str]:
        """A fresh address, and no job: its news is to come over the socket or not at all."""
        if self._address is None:
            raise Unreachable("No job has come with an address yet.")
        try:
            return None, await self._address()
        except ClientError as error:
            self._tally["no ticket"] += 1
            raise Unreachable(error.message) from error


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
