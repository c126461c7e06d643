"""The service as programs use it: submit a video, wait for its score, share, amend, erase.

    from divescore.client import Divescore

`docs/client.md` has examples. Errors are those of `divescore.client.errors`, each with a code and a sentence.
"""

import asyncio
import os
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import aclosing
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TypeVar

from divescore.client.errors import ClientError, NotFinished
from divescore.client.http import Http
from divescore.client.links import job_of, parse_link
from divescore.client.live import Live
from divescore.client.models import Created, Health, Job, Shared, VideoLink
from divescore.client.submit import Observer, submit
from divescore.declaration import Declaration

Answer = TypeVar("Answer")
API_VARIABLE = "DIVESCORE_API"
UPLOADS_WITHIN = 3600.0


class Divescore:
    """A connection to one service, used as `async with Divescore(api) as service`.

    `api` is the address of the HTTP API; without one, that of the environment's DIVESCORE_API. Raises ClientError when
    there is neither. One object serves any number of jobs at a time, over one socket for at most a hundred of them.
    """

    def __init__(self, api: str | None = None) -> None:
        address = api or os.environ.get(API_VARIABLE)
        if not address:
            raise ClientError("NO_API", f"Say where the service is: Divescore(api), or set {API_VARIABLE}.")
        self._http = Http(address)
        self._live = Live(self._http)

    @classmethod
    def run(cls, work: Callable[[Self], Awaitable[Answer]], api: str | None = None) -> Answer:
        """For scripts: open the service, let `work` do with it what it does, close it; the answer of `work`."""

        async def inside() -> Answer:
            async with cls(api) as service:
                return await work(service)

        return asyncio.run(inside())

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._live.__aexit__(kind, error, trace)
        await self._http.__aexit__(kind, error, trace)

    async def submit(
        self,
        video: str | Path,
        *,
        dive: str | None = None,
        height: float | None = None,
        difficulty: float | None = None,
        reference: str | None = None,
        content_type: str | None = None,
        progress: Callable[[int, int], None] = lambda _sent, _total: None,
        within: float = UPLOADS_WITHIN,
    ) -> "SubmittedDive":
        """Upload a video; returns as soon as the service has all of it, which is before it is scored.

        `dive` (such as 107B), `height` in metres and `difficulty` declare what was dived; `reference` is your own name
        for it. `progress(sent, total)` is told in bytes. Raises ClientError when the video is refused, cannot be read
        or is not uploaded `within` seconds; nothing of it is then left at the service.
        """
        declared = Declaration(dive, height, difficulty)
        upload = _Upload(progress)
        path = Path(video)
        following = asyncio.create_task(
            submit(self._http, self._live, path, declared, content_type, within, None, reference, upload)
        )
        either: set[asyncio.Future[Any]] = {following, upload.ended}
        try:
            await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
            if upload.made is not None and upload.ended.done():
                return SubmittedDive(self._http, self._live, upload.made.token, upload.made.job)
            error = (await following).error
            raise error or ClientError("CLIENT_FAULT", "The upload ended without a word.")
        finally:
            # Whoever wants news asks the dive for them. An upload that is still going on is given up with its job.
            following.cancel()
            await asyncio.gather(following, return_exceptions=True)

    async def open(self, token: str) -> "SubmittedDive":
        """A dive that was submitted before, or that somebody shared: by its token, or by the link of the page."""
        text = parse_link(token).token
        return SubmittedDive(self._http, self._live, text, (await self._http.get(job_of(text), text)).job)

    async def health(self) -> Health:
        """What is running."""
        return await self._http.health()


class SubmittedDive:
    """A dive at the service. `token` gives all rights to it: keep it to come back, with `Divescore.open`.

    `job` is the newest state that is known here; it changes while somebody waits or watches.
    """

    def __init__(self, http: Http, live: Live, token: str, job: Job) -> None:
        self._http, self._live = http, live
        self.token = token
        self.job = job

    @property
    def job_id(self) -> str:
        """By which the service knows it; no secret."""
        return self.job.job_id

    async def wait(self, within: float | None = None) -> Job:
        """The job once it has settled: scored, rejected, failed, cancelled or expired. Nothing is polled.

        Raises NotFinished after `within` seconds; the job goes on, and may be waited for again.
        """
        try:
            async with asyncio.timeout(within), aclosing(self.watch()) as states:
                async for _ in states:
                    pass
        except TimeoutError:
            raise NotFinished(f"The job was not finished within {within:g} s; it is {self.job.status}.") from None
        return self.job

    async def watch(self) -> AsyncGenerator[Job, None]:
        """Each newer state of the job as it is pushed, from the present one until it has settled.

        One at a time may watch or wait for a dive; close the iterator (`contextlib.aclosing`) to leave it early.
        """
        if self.job.final:
            yield self.job
            return
        feed = self._live.watch(self.job_id, self.token)
        try:
            async for event in feed:
                self.job = event.job
                yield event.job
        finally:
            self._live.forget(self.job_id)

    async def refresh(self) -> Job:
        """Read the job as it is now."""
        self.job = (await self._http.get(self.job_id, self.token)).job
        return self.job

    async def share(self, expires_in: int | None = None, *, video: bool = False) -> Shared:
        """A link, and its token, that only reads; with `video` it plays the film too. `expires_in` in seconds."""
        more = {"scopes": ["read", "video"]} if video else {}
        return await self._http.share(self.job_id, self.token, expires_in, **more)

    async def amend(self, **changes: str | float | None) -> Job:
        """Correct `dive`, `height` or `difficulty`: None takes one back, what is not named stays.

        The score is counted anew. Raises ApiError: BEING_SCORED while a worker is at it, and others.
        """
        self.job = await self._http.amend(self.job_id, self.token, **changes)
        return self.job

    async def marks(
        self,
        marks: Sequence[float] | None = None,
        *,
        execution: float | None = None,
        score: float | None = None,
        consent: bool = False,
    ) -> Job:
        """Tell what the judges gave: seven marks, or the execution, or the score. Refused without `consent`."""
        return await self._http.mark(
            self.job_id, self.token, marks=marks, execution=execution, score=score, consent=consent
        )

    async def video(self) -> VideoLink:
        """An address that plays the video for a while."""
        return await self._http.video(self.job_id, self.token)

    async def erase(self) -> Job:
        """Erase the video and the marks, and cancel the job if it is still open. There is no way back."""
        self.job = await self._http.cancel(self.job_id, self.token)
        return self.job


class _Upload(Observer):
    """Hears of a job's beginning and of its upload's end."""

    def __init__(self, progress: Callable[[int, int], None]) -> None:
        self.made: Created | None = None
        self.ended: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._progress = progress

    def created(self, made: Created) -> None:
        self.made = made

    def uploading(self, sent: int, total: int) -> None:
        self._progress(sent, total)

    def uploaded(self, size: int, seconds: float) -> None:  # noqa: ARG002 - an observer's
        self.ended.set_result(None)
