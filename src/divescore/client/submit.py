"""One video from the disk to its final state: create, follow, upload, wait. Nothing is polled."""

import asyncio
import time
from collections.abc import Mapping
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from divescore.client.errors import ApiError, ClientError, NotFinished
from divescore.client.files import name_of, refuse_what_is_no_video, regular
from divescore.client.http import Http
from divescore.client.live import Event, Feed, Live
from divescore.client.models import Created, Job, PartsPlan, UploadInParts
from divescore.client.parts.patience import Patience
from divescore.client.parts.sender import PartsSender, UploadListener
from divescore.client.parts.unfinished import Notebook, Unfinished, fingerprint
from divescore.client.upload import content_type, upload
from divescore.declaration import Declaration
from divescore.views import Status

# How long the end of an upload waits for the subscription; without one, early news might be missed.
SUBSCRIBES_WITHIN = 3.0
CANCELS_WITHIN = 5.0
NOTHING = Declaration()


class Observer(UploadListener):
    """What a job tells while it runs; each method may be overridden, none needs to be."""

    def created(self, made: Created) -> None:
        """The service took the job, and gave its token."""

    def resumed(self, made: Created) -> None:
        """The job was begun before, and its upload goes on."""

    def resumable(self, present: int, count: int, until: str) -> None:
        """The upload was interrupted with `present` of `count` parts there; it can go on until then (ISO 8601)."""

    def uploaded(self, size: int, seconds: float) -> None:
        """Storage has confirmed the whole video of `size` bytes."""

    def event(self, event: Event, since: float | None) -> None:
        """News, and the seconds since storage confirmed the video (None: it has not yet)."""


@dataclass
class Submission:
    """One video's way as far as it got.

    `error` is set when the way ended outside the job: refused at the door, not finished in time. The upload's two
    moments are of the steady clock, in seconds.
    """

    path: Path
    job: Job | None = None
    token: str = ""
    events: list[Event] = field(default_factory=list)
    error: ClientError | None = None
    upload_started: float | None = None
    upload_ended: float | None = None
    sender: PartsSender | None = None

    def document(self) -> dict[str, Any]:
        """`{job, events}`, and `error` where the job itself does not tell it."""
        return document(self.job, self.events, self.error)


def document(job: Job | None, events: list[Event], error: ClientError | None) -> dict[str, Any]:
    """What `score --json` and `watch --json` print for one job."""
    body: dict[str, Any] = {
        "job": None if job is None else job.document(),
        "events": [event.document() for event in events],
    }
    if error is not None:
        body["error"] = {"code": error.code, "message": error.message}
    return body


async def submit(
    http: Http,
    live: Live,
    path: Path,
    declared: Declaration = NOTHING,
    declared_type: str | None = None,
    timeout: float = 600.0,
    marks: Mapping[str, Any] | None = None,
    reference: str | None = None,
    observer: Observer | None = None,
    resume: bool = False,
    notebook: Notebook | None = None,
    patience: Patience | None = None,
) -> Submission:
    """Have a video scored, within `timeout` seconds. Errors of the way are in the answer, not raised.

    A job whose upload was refused or interrupted is cancelled; not so a large one's, whose upload `resume` takes up
    again; `patience` is its. `marks`, arguments of `Http.mark`, follow on a score.
    """
    run = Submission(path)
    watcher = observer or Observer()
    try:
        with ExitStack() as copies:
            async with asyncio.timeout(timeout):
                sent = await asyncio.to_thread(copies.enter_context, regular(path))
                refuse_what_is_no_video(sent)
                size = sent.stat().st_size
                way = _Way(http, sent, size, run, watcher, notebook or Notebook(), patience)
                if sent == path:
                    way.key = await asyncio.to_thread(fingerprint, path, http.api)
                made = await way.take_up(declared) if resume else None
                if made is None:
                    made = await http.create(
                        name_of(path),
                        declared_type or content_type(path),
                        size,
                        declared.dive,
                        declared.difficulty,
                        height=declared.height,
                        reference=reference,
                    )
                    watcher.created(made)
                else:
                    watcher.resumed(made)
                run.job, run.token = made.job, made.token
                feed = live.watch(made.job_id, made.token, made.live.url)
                news = asyncio.create_task(_follow(feed, run, watcher))
                try:
                    await way.send(made, feed)
                    await news
                    way.over()
                    if marks is not None and run.job.status == Status.SCORED:
                        await http.mark(made.job_id, made.token, **marks)
                finally:
                    live.forget(made.job_id)
                    news.cancel()
                    await asyncio.gather(news, return_exceptions=True)
    except TimeoutError:
        goes_on = "" if run.job is None or run.job.final else f"; the job is {run.job.status} and goes on without us"
        run.error = NotFinished(f"{name_of(path)} was not finished within {timeout:g} s{goes_on}.")
    except ClientError as error:
        run.error = error
    except OSError as error:
        run.error = ClientError("FILE_UNREADABLE", f"{name_of(path)} cannot be read: {error.strerror}.")
    return run


async def _follow(feed: Feed, run: Submission, watcher: Observer) -> None:
    async for event in feed:
        run.events.append(event)
        run.job = event.job
        watcher.event(event, None if run.upload_ended is None else event.moment - run.upload_ended)
        if run.sender is not None:
            run.sender.heard(event.job.status)


@dataclass
class _Way:
    """How one video gets to storage. `key`: by what it is known again later; None where it cannot be."""

    http: Http
    path: Path
    size: int
    run: Submission
    watcher: Observer
    notebook: Notebook
    patience: Patience | None = None
    key: str | None = None

    async def take_up(self, declared: Declaration) -> Created | None:
        """The job of an earlier upload of this file, if there is one that can go on or is over."""
        earlier = None if self.key is None else self.notebook.read(self.key)
        if earlier is None:
            return None
        try:
            answer = await self.http.get(earlier.job_id, earlier.token)
        except ApiError as error:
            if error.status not in (401, 403, 404):
                raise
            return None
        if answer.live is None or answer.job.status in (Status.CANCELLED, Status.EXPIRED):
            return None
        job = answer.job
        told = {"dive": declared.dive, "height": declared.height, "difficulty": declared.difficulty}
        changes = {name: value for name, value in told.items() if value is not None}
        if changes and job.status == Status.AWAITING_UPLOAD:
            job = await self.http.amend(earlier.job_id, earlier.token, **changes)
        plan = PartsPlan(part_size=earlier.part_size, count=earlier.count)
        upload = UploadInParts(parts=plan)
        return Created(job_id=earlier.job_id, token=earlier.token, upload=upload, live=answer.live, job=job)

    async def send(self, made: Created, feed: Feed) -> None:
        """Send the video; an upload that will never end does not keep its place, one that can go on does."""
        run = self.run
        run.upload_started = time.monotonic()
        try:
            if isinstance(made.upload, UploadInParts):
                await self._send_parts(made, made.upload.parts, feed)
            else:
                await upload(
                    self.http.client, made.upload, self.path, self.watcher.uploading, _subscribed(feed), self.size
                )
        except BaseException as error:  # an interruption too
            if run.sender is None or self.key is None or _final(error):
                await _abandon(self.http, made, run)
                self.over()
            else:
                self.watcher.resumable(run.sender.present(), run.sender.count, run.sender.expires_at)
            raise
        run.upload_ended = time.monotonic()
        self.watcher.uploaded(self.size, run.upload_ended - run.upload_started)

    def over(self) -> None:
        """There is nothing to take up again."""
        if self.key is not None:
            self.notebook.forget(self.key)

    async def _send_parts(self, made: Created, plan: PartsPlan, feed: Feed) -> None:
        if made.job.status != Status.AWAITING_UPLOAD:  # taken up again after its end
            return
        if self.key is not None:
            unfinished = Unfinished(self.http.api, made.job_id, made.token, plan.part_size, plan.count)
            with suppress(OSError):  # a folder that cannot be written to must not keep the video from being sent
                await asyncio.to_thread(self.notebook.write, self.key, unfinished)
        job = (made.job_id, made.token)
        self.run.sender = sender = PartsSender(
            self.http, job, plan, self.path, self.size, self.watcher, lambda: _subscribed(feed), self.patience
        )
        await sender.run()


def _final(error: BaseException) -> bool:
    """Whether the upload ended by itself; the line or the user may have ended it otherwise."""
    return isinstance(error, ClientError)


async def _subscribed(feed: Feed) -> None:
    try:
        await asyncio.wait_for(feed.subscribed.wait(), SUBSCRIBES_WITHIN)
    except TimeoutError:
        return  # sockets may be blocked here; the news will then be read


async def _abandon(http: Http, made: Created, run: Submission) -> None:
    try:
        async with asyncio.timeout(CANCELS_WITHIN):
            run.job = await http.cancel(made.job_id, made.token)
    except (ClientError, TimeoutError):
        return  # the service will expire the job by itself; what stopped the upload is the news
