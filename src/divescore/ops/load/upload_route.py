"""The way of a browser: create the job, follow it, post the file."""

import asyncio
from collections import Counter
from pathlib import Path

import httpx

from divescore.client.errors import ClientError
from divescore.client.files import name_of
from divescore.client.http import Http
from divescore.client.models import Created, Job, UploadInParts
from divescore.client.parts.sender import PartsSender
from divescore.client.upload import content_type, upload
from divescore.ops.load.clock import epoch, now
from divescore.ops.load.errors import SendFailed
from divescore.ops.load.job_log import JobLog
from divescore.ops.load.sockets import Sockets

KEPT_ALIVE = 100


class UploadRoute:
    """Sends jobs through the HTTP API; needs no rights but those of any user."""

    name = "upload"

    def __init__(self, api: str, clips: list[Path], log: JobLog, sockets: Sockets) -> None:
        self.answers: Counter[str] = Counter()  # HTTP answers by status, repeated calls included
        # Without a limit on connections: waiting for one would be a closed loop in disguise.
        limits = httpx.Limits(max_connections=None, max_keepalive_connections=KEPT_ALIVE)
        self._http = Http(api, httpx.AsyncHTTPTransport(limits=limits))
        self._http.client.event_hooks["response"].append(self._count)
        self._clips = clips
        self._log = log
        self._sockets = sockets
        self._created: dict[int, Created] = {}

    async def prepare(self) -> None:
        """See that the API answers. Raises ClientError."""
        await self._http.health()

    async def send(self, number: int) -> None:
        """One job up to storage's confirmation. Raises ClientError, SendFailed."""
        clip = self._clips[number % len(self._clips)]
        try:
            size = clip.stat().st_size
        except OSError as error:
            raise SendFailed("FILE_UNREADABLE", f"{name_of(clip)} cannot be read: {error.strerror}.") from error
        made = await self._http.create(name_of(clip), content_type(clip), size)
        self._created[number] = made
        self._log.created(number, made.job_id, self._sockets.of(number), made.job.version, now())
        watching = asyncio.create_task(
            self._sockets.watch(number, made.job_id, made.token, made.live.url, lambda: self._address(made))
        )
        try:
            # As in the browser: the upload does not end before the socket has its subscription.
            if isinstance(made.upload, UploadInParts):
                plan, job = made.upload.parts, (made.job_id, made.token)
                await PartsSender(
                    self._http, job, plan, clip, size, before_completion=lambda: asyncio.shield(watching)
                ).run()
            else:
                await upload(self._http.client, made.upload, clip, before_end=watching)
            self._log.sent(number, now())
        except (ClientError, SendFailed):
            await self.cancel(number)
            raise
        finally:
            if not watching.done():
                watching.cancel()
            await asyncio.gather(watching, return_exceptions=True)

    async def job(self, number: int) -> Job:
        """A job that was created, as it is now. Raises ClientError."""
        made = self._created[number]
        return (await self._http.get(made.job_id, made.token)).job

    async def read(self, number: int) -> str:
        """Read and log the state of a job that was created; UNKNOWN when it cannot be read."""
        try:
            job = await self.job(number)
        except ClientError:
            return "UNKNOWN"
        self._log.read(number, job.version, job.status, epoch(job.updated_at))
        return job.status

    async def cancel(self, number: int) -> None:
        """Give up a job that was created, if the service still answers."""
        made = self._created[number]
        try:
            await self._http.cancel(made.job_id, made.token)
        except ClientError:
            self.answers["not cancelled"] += 1

    async def close(self) -> None:
        """Close the connections."""
        await self._http.client.aclose()

    async def _address(self, made: Created) -> str:
        answer = await self._http.get(made.job_id, made.token)
        return made.live.url if answer.live is None else answer.live.url

    async def _count(self, answer: httpx.Response) -> None:
        self.answers[str(answer.status_code)] += 1
