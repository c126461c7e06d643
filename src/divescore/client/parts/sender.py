"""The shell around an upload in parts: the file, the clock, the tasks, the calls. All decisions are `machine.py`'s."""

import asyncio
import base64
import hashlib
import os
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Mapping
from math import inf
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx

from divescore.client.errors import ApiError, ClientError, UploadError, UploadRefused
from divescore.client.http import Http
from divescore.client.models import PartAddress, PartsPlan
from divescore.client.parts.actions import (
    Abort,
    Ask,
    Call,
    Complete,
    Done,
    Fares,
    GivenUp,
    Hash,
    PartAction,
    Put,
)
from divescore.client.parts.machine import FILE_CHANGED, NETWORK, RATE_LIMITED, UNAVAILABLE, MultipartUpload
from divescore.client.parts.patience import Patience
from divescore.client.upload import CHANGED, element
from divescore.printable import printable

PIECE = 64 * 1024  # so small that on a slow line one of them leaves within the time that a stall is given
ADDRESS_MARGIN = 30.0  # seconds: an address is not used at its very end, since it may pass on the way
SENTENCES = {
    NETWORK: "The connection broke too often.",
    UNAVAILABLE: "The service or its storage was not available for too long.",
    RATE_LIMITED: "The service was asked too often.",
    "CANCELLED": "The job was cancelled elsewhere.",
    "EXPIRED": "The time to upload has passed; submit the video again.",
}


class UploadListener:
    """What an upload in parts tells; each method may be overridden, none needs to be."""

    def uploading(self, sent: int, total: int) -> None:
        """`sent` bytes of `total` have left or are there."""

    def fares(self, told: Fares, wait: float | None) -> None:
        """It is sending, or waiting; `wait`: seconds until the next try, where one is planned."""


class PartsSender:
    """One file on its way to a job; made and used inside a running loop."""

    def __init__(
        self,
        http: Http,
        job: tuple[str, str],
        plan: PartsPlan,
        path: Path,
        size: int,
        listener: UploadListener | None = None,
        before_completion: Callable[[], Awaitable[object]] | None = None,
        patience: Patience | None = None,
    ) -> None:
        """`job`: its id and token; the completion waits for `before_completion`."""
        self._http = http
        self._job_id, self._token = job
        self._plan = plan
        self._path = path
        self._size = size
        self._listener = listener or UploadListener()
        self._before_completion = before_completion
        timing = (patience or Patience()).timing
        self._timeout = httpx.Timeout(timing.stalled_after, connect=10.0, read=timing.answer_within, pool=None)
        self._upload = MultipartUpload(plan.count, patience)
        self._tasks: set[asyncio.Task[None]] = set()
        self._puts: dict[int, asyncio.Task[None]] = {}
        self._sent: dict[int, int] = {}  # bytes of the parts that are being sent
        self._addresses: dict[int, PartAddress] = {}
        self._alarm: asyncio.TimerHandle | None = None
        self._ended: asyncio.Future[GivenUp | None] = asyncio.get_running_loop().create_future()
        self.count = plan.count
        self.expires_at = plan.expires_at  # until when the upload can be taken up again

    async def run(self) -> None:
        """Return once the service has the whole video.

        Raises UploadRefused, UploadError or ApiError when it never will; being cancelled leaves what can be resumed.
        """
        try:
            self._report(self._upload.tick)
            given_up = await self._ended
        finally:
            if self._alarm is not None:
                self._alarm.cancel()
            for task in self._tasks:
                task.cancel()
            await asyncio.gather(*self._tasks, return_exceptions=True)
        if given_up is not None:
            raise self._error(given_up)

    def present(self) -> int:
        """How many parts storage has confirmed."""
        return len(self._upload.present())

    def heard(self, status: str) -> None:
        """The job is in this state, as the live connection says."""
        self._report(lambda _now: self._upload.heard(status))

    def _report(self, event: Callable[[float], None]) -> None:
        """Tell the upload what happened, do what it wants, and wake it when it wants to be."""
        if self._ended.done():
            return
        event(time.monotonic())
        told: Fares | None = None
        for action in self._upload.actions():
            if isinstance(action, Fares):
                told = action
            else:
                self._perform(action)
        wake_at = self._upload.wake_at()
        wait = None if wake_at is None else max(0.0, wake_at - time.monotonic())
        if self._alarm is not None:
            self._alarm.cancel()
        loop = asyncio.get_running_loop()
        self._alarm = None if wait is None else loop.call_later(wait, self._report, self._upload.tick)
        if told is not None:
            self._listener.fares(told, wait)

    def _perform(self, action: PartAction) -> None:
        match action:
            case Hash(number):
                self._start(self._hash(number))
            case Ask(parts):
                self._start(self._ask(parts))
            case Put(number):
                self._puts[number] = self._start(self._put(number))
            case Abort(numbers):
                for number in numbers:
                    self._sent.pop(number, None)
                    # The part whose end is just being reported is not among them any more.
                    if (put := self._puts.pop(number, None)) is not None:
                        put.cancel()
            case Complete():
                self._start(self._complete())
            case Done():
                self._ended.set_result(None)
            case GivenUp():
                self._ended.set_result(action)
            case Fares():
                pass

    def _start(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._done)
        return task

    def _done(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        # A fault of this program: whoever waits for the upload hears of it.
        if not task.cancelled() and (error := task.exception()) is not None and not self._ended.done():
            self._ended.set_exception(error)

    async def _hash(self, number: int) -> None:
        try:
            digest = await asyncio.to_thread(lambda: hashlib.sha256(self._read(number)).digest())
        except (OSError, EOFError):
            self._report(lambda _now: self._upload.unreadable())
        else:
            text = base64.b64encode(digest).decode()
            self._report(lambda now: self._upload.hashed(number, text, now))

    async def _ask(self, parts: tuple[tuple[int, str], ...]) -> None:
        try:
            answer = await self._http.ask_for_parts(self._job_id, self._token, parts)
        except ClientError as error:
            self._refused(Call.ASK, error)
            return
        self.expires_at = answer.expires_at or self.expires_at
        self._addresses |= {address.number: address for address in answer.addresses}
        valid_for = min((seconds_of(address.url) for address in answer.addresses), default=inf) - ADDRESS_MARGIN
        numbers = [address.number for address in answer.addresses]
        self._report(lambda now: self._upload.addressed(answer.present, numbers, valid_for, now))
        self._progressed()

    async def _put(self, number: int) -> None:
        address = self._addresses[number]
        try:
            data = await asyncio.to_thread(self._read, number)
            answer = await self._http.client.put(
                address.url,
                content=self._pieces(number, data),
                headers={**address.headers, "content-length": str(len(data))},
                timeout=self._timeout,
            )
        except (OSError, EOFError):
            self._ended_put(number, lambda _now: self._upload.unreadable())
        except httpx.TransportError:
            self._ended_put(number, lambda now: self._upload.unreachable(Call.PUT, now, number))
        else:
            if answer.is_success:
                self._ended_put(number, lambda now: self._upload.stored(number, now))
                return
            code, message, after = element("Code", answer.text), element("Message", answer.text), _after(answer.headers)
            self._ended_put(
                number,
                lambda now: self._upload.refused(Call.PUT, answer.status_code, code, message, now, number, after),
            )

    def _ended_put(self, number: int, event: Callable[[float], None]) -> None:
        self._puts.pop(number, None)
        self._sent.pop(number, None)
        self._report(event)
        self._progressed()

    async def _pieces(self, number: int, data: bytes) -> AsyncIterator[bytes]:
        for start in range(0, len(data), PIECE):
            yield data[start : start + PIECE]
            self._sent[number] = min(start + PIECE, len(data))
            self._progressed()

    async def _complete(self) -> None:
        try:
            if self._before_completion is not None:
                await self._before_completion()
            await self._http.complete(self._job_id, self._token)
        except ClientError as error:
            self._refused(Call.COMPLETE, error)
        else:
            self._report(lambda _now: self._upload.completed())

    def _refused(self, call: Call, error: ClientError) -> None:
        if isinstance(error, ApiError):
            after = error.retry_after or 0.0
            self._report(lambda now: self._upload.refused(call, error.status, error.code, error.message, now, 0, after))
        else:
            self._report(lambda now: self._upload.unreachable(call, now))

    def _read(self, number: int) -> bytes:
        """The part's bytes. Raises OSError, or EOFError when the file is not of its size any more."""
        start = (number - 1) * self._plan.part_size
        length = min(self._plan.part_size, self._size - start)
        with self._path.open("rb") as file:
            data = os.pread(file.fileno(), length, start) if hasattr(os, "pread") else _read_at(file, start, length)
            if len(data) < length or os.fstat(file.fileno()).st_size != self._size:
                raise EOFError
        return data

    def _progressed(self) -> None:
        part = self._plan.part_size
        stored = sum(min(part, self._size - (number - 1) * part) for number in self._upload.present())
        self._listener.uploading(min(self._size, stored + sum(self._sent.values())), self._size)

    def _error(self, end: GivenUp) -> ClientError:
        name = printable(self._path.name)
        match end.code:
            case "FILE_CHANGED":
                return UploadError(FILE_CHANGED, CHANGED.format(name))
            case "UPLOAD_REFUSED":
                return UploadRefused(end.code, "Storage refused parts of the video time and again.", 403, end.code)
            case code if code in SENTENCES:
                return UploadError(code, end.message or SENTENCES[code])
            case code:
                return UploadError(code, end.message or f"The upload ended with {code}.")


def seconds_of(url: str) -> float:
    """For how long an address holds, in seconds, as it says itself."""
    told = parse_qs(urlsplit(url).query).get("X-Amz-Expires", [""])[0]
    return float(told) if told.isdecimal() else inf


def _after(headers: Mapping[str, str]) -> float:
    told = headers.get("retry-after", "")
    return float(told) if told.isdecimal() else 0.0


def _read_at(file: Any, start: int, length: int) -> bytes:
    file.seek(start)
    data: bytes = file.read(length)
    return data
