"""The live half of the client: one WebSocket that follows many jobs, through every reconnection."""

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from types import TracebackType
from typing import Any, Self

from divescore.client.actions import Action, Changed, Complaint, LinkState, Refused, StateChanged
from divescore.client.connection import Connection, Listener, SocketTimeouts
from divescore.client.errors import ClientError, LiveRefused
from divescore.client.http import Http
from divescore.client.models import Job
from divescore.client.protocol import Protocol

MAX_JOBS = 100  # the service's own limit for one connection


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


class Live(Listener):
    """Follows jobs live. `notice` gets a sentence when the connection changes for worse or better."""

    def __init__(
        self,
        http: Http,
        notice: Callable[[str], None] = lambda _: None,
        protocol: Protocol | None = None,
        timeouts: SocketTimeouts | None = None,
    ) -> None:
        self._http = http
        self._notice = notice
        self._protocol = protocol or Protocol()
        self._connection = Connection(self._protocol, self._read, self, timeouts)
        self._feeds: dict[str, Feed] = {}
        self._state = LinkState.IDLE

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._connection.close()
        self._end_all(ClientError("CLOSED", "The live connection was closed."))

    def watch(self, job_id: str, token: str, url: str | None = None) -> Feed:
        """Follow a job; `url` is the live address that came with it, if it is fresh."""
        if job_id in self._feeds:
            raise ClientError("ALREADY_WATCHED", f"Job {job_id} is being followed already.")
        if len(self._feeds) >= MAX_JOBS:
            raise ClientError("TOO_MANY_JOBS", f"One connection follows at most {MAX_JOBS} jobs.")
        feed = self._feeds[job_id] = Feed(job_id)
        self._connection.watch(job_id, token, url)
        return feed

    def forget(self, job_id: str) -> None:
        """Follow a job no longer; its feed gets nothing more."""
        self._feeds.pop(job_id, None)
        self._connection.forget(job_id)

    def acted(self, action: Action) -> None:
        """Pass on what concerns a job, and tell what people may want to know."""
        match action:
            case Changed(job, pushed):
                self._changed(job, pushed)
            case Refused(job_id, code, message):
                feed = self._feeds.pop(job_id, None)
                if feed is not None:
                    feed.put(LiveRefused(code, message))
            case Complaint(code, message):
                self._notice(f"The service did not accept a live message ({code}: {message})")
            case StateChanged(state, reason):
                before, self._state = self._state, state
                sentence = self._sentence(before, state, reason)
                if sentence is not None:
                    self._notice(sentence)

    def broke(self, error: BaseException) -> None:
        """Nobody would ever hear of it, so whoever waits for news must."""
        self._end_all(ClientError("CLIENT_FAULT", f"The live connection broke down: {error!r}"))

    def _end_all(self, error: ClientError) -> None:
        for feed in self._feeds.values():
            feed.put(error)
        self._feeds.clear()

    def _changed(self, job: Job, pushed: bool) -> None:
        feed = self._feeds.get(job.job_id)
        if feed is None:
            return
        if job.final:
            del self._feeds[job.job_id]
        at = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        feed.put(Event(at, "job" if pushed else "read", job, time.monotonic()))

    def _sentence(self, before: LinkState, state: LinkState, reason: str) -> str | None:
        if state is LinkState.READING and before is not LinkState.IDLE:
            seconds = f"{self._protocol.timing.read_every:g} s"
            return f"Live updates are blocked here ({reason}); reading the job every {seconds} instead."
        if state is LinkState.LIVE and before is LinkState.READING:
            return "Live updates work again."
        if state is LinkState.RECONNECTING and before is LinkState.LIVE:
            return f"The live connection was lost ({reason}); reconnecting."
        return None

    async def _read(self, job_id: str, token: str) -> tuple[Job, str | None]:
        answer = await self._http.get(job_id, token)
        return answer.job, answer.live.url if answer.live else None
