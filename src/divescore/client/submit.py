"""One video from the disk to its final state: create, follow, upload, wait. Nothing is polled."""

import asyncio
import time
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from divescore.client.errors import ClientError, NotFinished
from divescore.client.files import name_of, refuse_what_is_no_video, regular
from divescore.client.http import Http
from divescore.client.live import Event, Feed, Live
from divescore.client.models import Created, Job
from divescore.client.upload import content_type, upload
from divescore.declaration import Declaration
from divescore.views import Status

# How long the end of an upload waits for the subscription; without one, early news might be missed.
SUBSCRIBES_WITHIN = 3.0
CANCELS_WITHIN = 5.0
NOTHING = Declaration()


class Observer:
    """What a job tells while it runs; each method may be overridden, none needs to be."""

    def created(self, made: Created) -> None:
        """The service took the job, and gave its token."""

    def uploading(self, sent: int, total: int) -> None:
        """`sent` bytes of `total` have left."""

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
) -> Submission:
    """Have a video scored, within `timeout` seconds. Errors of the way are in the answer, not raised.

    A job whose upload was refused or interrupted is cancelled. `marks`, arguments of `Http.mark`, follow on a score.
    """
    run = Submission(path)
    watcher = observer or Observer()
    try:
        with ExitStack() as copies:
            async with asyncio.timeout(timeout):
                sent = await asyncio.to_thread(copies.enter_context, regular(path))
                refuse_what_is_no_video(sent)
                size = sent.stat().st_size
                made = await http.create(
                    name_of(path),
                    declared_type or content_type(path),
                    size,
                    declared.dive,
                    declared.difficulty,
                    height=declared.height,
                    reference=reference,
                )
                run.job, run.token = made.job, made.token
                watcher.created(made)
                feed = live.watch(made.job_id, made.token, made.live.url)
                news = asyncio.create_task(_follow(feed, run, watcher))
                try:
                    await _send(http, made, sent, size, feed, run, watcher)
                    await news
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


async def _send(
    http: Http, made: Created, path: Path, size: int, feed: Feed, run: Submission, watcher: Observer
) -> None:
    run.upload_started = time.monotonic()
    try:
        await upload(http.client, made.form, path, watcher.uploading, _subscribed(feed), size)
    except BaseException:  # an interruption too: an upload that will never end must not keep its place
        await _abandon(http, made, run)
        raise
    run.upload_ended = time.monotonic()
    watcher.uploaded(size, run.upload_ended - run.upload_started)


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
