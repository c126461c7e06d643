"""Sending a video to storage with a presigned POST, streamed from disk."""

import asyncio
import re
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from html import unescape
from pathlib import Path

import httpx

from divescore.client.errors import UploadError, UploadRefused
from divescore.client.models import UploadForm
from divescore.printable import printable

PIECE = 256 * 1024
ATTEMPTS = 3
CHANGED = "{} changed since it was chosen; send it again once it is complete."
# A slow line may take long for the whole, but not for one piece; storage may take a while to answer a large one.
TIMEOUT = httpx.Timeout(60.0, connect=10.0, read=120.0)


UNKNOWN_TYPE = "application/octet-stream"
CONTENT_TYPES = {
    ".mp4": "video/mp4",
    ".m4v": "video/x-m4v",
    ".mov": "video/quicktime",
    ".qt": "video/quicktime",
    ".avi": "video/x-msvideo",
    ".webm": "video/webm",
    ".mkv": "video/x-matroska",
    ".3gp": "video/3gpp",
    ".3g2": "video/3gpp2",
    ".ts": "video/mp2t",
    ".mts": "video/mp2t",
    ".m2ts": "video/mp2t",
}


def content_type(path: Path) -> str:
    """The content type that the suffix suggests, else a neutral one: it is a claim, and the service looks itself."""
    return CONTENT_TYPES.get(path.suffix.lower(), UNKNOWN_TYPE)


@dataclass(frozen=True)
class Body:
    """A multipart form around a file. Its length is known beforehand: S3 refuses chunked requests."""

    head: bytes
    path: Path
    size: int
    tail: bytes
    boundary: str

    @property
    def length(self) -> int:
        """Bytes of the whole request body."""
        return len(self.head) + self.size + len(self.tail)


def body(form: UploadForm, path: Path, size: int) -> Body:
    """The form's fields, then the file: S3 ignores what comes after the file."""
    boundary = uuid.uuid4().hex
    parts = [
        f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'
        for name, value in form.fields.items()
    ]
    # The file's own name stays at home: the key is fixed and nothing else needs it.
    parts.append(
        f'--{boundary}\r\nContent-Disposition: form-data; name="file"; filename="video"\r\n'
        f"Content-Type: {form.fields.get('Content-Type', UNKNOWN_TYPE)}\r\n\r\n"
    )
    return Body("".join(parts).encode(), path, size, f"\r\n--{boundary}--\r\n".encode(), boundary)


async def pieces(
    form: Body, progress: Callable[[int, int], None], before_end: Awaitable[object] | None
) -> AsyncIterator[bytes]:
    """The body piece by piece; the closing boundary waits for `before_end`, so that the upload cannot end earlier."""
    yield form.head
    sent = 0
    file = await asyncio.to_thread(form.path.open, "rb")
    try:
        while piece := await asyncio.to_thread(file.read, PIECE):
            yield piece
            sent += len(piece)
            progress(sent, form.size)
    finally:
        file.close()
    if before_end is not None:
        await before_end
    yield form.tail


async def upload(
    client: httpx.AsyncClient,
    form: UploadForm,
    path: Path,
    progress: Callable[[int, int], None] = lambda *_: None,
    before_end: Awaitable[object] | None = None,
    size: int | None = None,
) -> None:
    """Post the file, of `size` bytes when its job was created; `progress(sent, total)` in bytes.

    Interrupted uploads are sent again, from the start.
    Sending twice is harmless: the job binds to the version of the object that was accepted. Raises UploadRefused when
    storage says no, UploadError when it cannot be reached or the file changes while it is read.
    """
    ready = None if before_end is None else asyncio.ensure_future(before_end)
    for attempt in range(1, ATTEMPTS + 1):
        problem = "The upload was interrupted."
        try:
            length = path.stat().st_size
            if size not in (None, length):
                raise UploadError("FILE_CHANGED", CHANGED.format(printable(path.name)))
            content = body(form, path, length)
            answer = await client.post(
                form.url,
                content=pieces(content, progress, ready),
                headers={
                    "content-type": f"multipart/form-data; boundary={content.boundary}",
                    "content-length": str(content.length),
                },
                timeout=TIMEOUT,
            )
            if answer.is_success:
                return
            if answer.status_code < 500:
                raise refusal(answer)
            problem = f"Storage answered {answer.status_code} {answer.reason_phrase}."
        except httpx.LocalProtocolError as error:
            raise UploadError("FILE_CHANGED", CHANGED.format(printable(path.name))) from error
        except httpx.TransportError as error:
            problem = f"The upload was interrupted ({error or type(error).__name__})."
        except OSError as error:
            raise UploadError("FILE_UNREADABLE", f"{printable(path.name)} cannot be read: {error.strerror}.") from error
        if attempt < ATTEMPTS:
            await asyncio.sleep(0.3 * 3 ** (attempt - 1))
    raise UploadError("UPLOAD_FAILED", f"{problem} Gave up after {ATTEMPTS} attempts.")


def refusal(answer: httpx.Response) -> UploadRefused:
    """What storage's XML error means for the user of this system."""
    reason, said = element("Code", answer.text), element("Message", answer.text)
    status = answer.status_code
    if reason in ("EntityTooLarge", "EntityTooSmall"):
        return UploadRefused("SIZE_MISMATCH", "The file is not of the size that was declared.", status, reason)
    if "expired" in said.lower() or reason == "ExpiredToken":
        return UploadRefused("UPLOAD_EXPIRED", "The time to upload has passed; submit the video again.", status, reason)
    detail = said or reason or f"{status} {answer.reason_phrase}"
    return UploadRefused("UPLOAD_REFUSED", f"Storage refused the upload: {detail}", status, reason)


def element(name: str, xml: str) -> str:
    """The text of the first element of that name, "" when there is none; a parser is too much for two flat words."""
    found = re.search(rf"<{name}>(.*?)</{name}>", xml, re.DOTALL)
    return unescape(found.group(1)).strip() if found else ""
