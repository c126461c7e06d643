"""The presigned POST: the body's form, its length, progress, storage's refusals."""

import asyncio
from collections.abc import Callable
from email import message_from_bytes
from pathlib import Path

import httpx
import pytest

from divescore.client.errors import UploadError, UploadRefused
from divescore.client.models import UploadForm
from divescore.client.upload import PIECE, body, content_type, pieces, upload

FORM = UploadForm(
    url="https://s3.test/bucket", fields={"key": "uploads/a/video", "Content-Type": "video/mp4", "p": "x"}
)


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    async def sleep(seconds: float) -> None:
        return

    monkeypatch.setattr("divescore.client.upload.asyncio.sleep", sleep)


def send(
    path: Path, handler: Callable[[httpx.Request], httpx.Response], progress: Callable[[int, int], None] | None = None
) -> None:
    async def read_first(request: httpx.Request) -> httpx.Response:
        await request.aread()
        return handler(request)

    async def inside() -> None:
        async with httpx.AsyncClient(transport=httpx.MockTransport(read_first)) as client:
            await upload(client, FORM, path, progress or (lambda *_: None))

    asyncio.run(inside())


def test_fields_come_first_and_the_file_last_with_the_exact_length(tmp_path: Path) -> None:
    video = tmp_path / "dive.mp4"
    video.write_bytes(b"\x00\r\n--video" * 50_000)
    told: list[tuple[int, int]] = []

    def handler(request: httpx.Request) -> httpx.Response:
        assert int(request.headers["content-length"]) == len(request.content)
        assert "transfer-encoding" not in request.headers
        head = f"Content-Type: {request.headers['content-type']}\r\n\r\n".encode()
        parts = message_from_bytes(head + request.content).get_payload()
        assert isinstance(parts, list)
        names = [part.get_param("name", header="content-disposition") for part in parts if not isinstance(part, str)]
        assert names == ["key", "Content-Type", "p", "file"]
        assert video.read_bytes() in request.content
        assert b"dive.mp4" not in request.content
        return httpx.Response(204)

    send(video, handler, lambda sent, total: told.append((sent, total)))
    size = video.stat().st_size
    assert told == [(PIECE, size), (size, size)]


def test_the_end_waits_until_told(tmp_path: Path) -> None:
    video = tmp_path / "dive.mp4"
    video.write_bytes(b"video")
    order: list[str] = []

    async def gate() -> None:
        order.append("gate")

    async def inside() -> None:
        async for piece in pieces(body(FORM, video, 5), lambda *_: None, gate()):
            order.append("file" if piece == b"video" else "end" if piece.endswith(b"--\r\n") else "head")

    asyncio.run(inside())
    assert order == ["head", "file", "gate", "end"]


def xml(code: str, message: str) -> str:
    return f'<?xml version="1.0"?>\n<Error><Code>{code}</Code><Message>{message}</Message></Error>'


@pytest.mark.parametrize(
    ("status", "reason", "message", "code"),
    [
        (400, "EntityTooLarge", "Your proposed upload exceeds the maximum allowed size", "SIZE_MISMATCH"),
        (400, "EntityTooSmall", "Your proposed upload is smaller than the minimum allowed size", "SIZE_MISMATCH"),
        (403, "AccessDenied", "Invalid according to Policy: Policy expired.", "UPLOAD_EXPIRED"),
        (403, "AccessDenied", "Invalid according to Policy: Policy Condition failed", "UPLOAD_REFUSED"),
        (403, "InvalidPolicyDocument", "Invalid Policy: &lt;x&gt;", "UPLOAD_REFUSED"),
    ],
)
def test_storages_refusals_get_our_codes_and_are_final(
    tmp_path: Path, status: int, reason: str, message: str, code: str
) -> None:
    video = tmp_path / "dive.mp4"
    video.write_bytes(b"video")
    calls: list[int] = []

    def handler(request: httpx.Request) -> httpx.Response:
        calls.append(1)
        return httpx.Response(status, text=xml(reason, message))

    with pytest.raises(UploadRefused) as raised:
        send(video, handler)
    assert (raised.value.code, raised.value.status, raised.value.reason, len(calls)) == (code, status, reason, 1)
    assert raised.value.message.endswith((".", "failed", "<x>"))


def test_interrupted_uploads_are_sent_again_whole(tmp_path: Path) -> None:
    video = tmp_path / "dive.mp4"
    video.write_bytes(b"video")
    lengths: list[int] = []

    def handler(request: httpx.Request) -> httpx.Response:
        lengths.append(len(request.content))
        if len(lengths) == 1:
            raise httpx.WriteError("broken pipe")
        return httpx.Response(503 if len(lengths) == 2 else 204)

    send(video, handler)
    assert len(lengths) == 3
    assert len(set(lengths)) == 1


def test_storage_that_stays_away_is_an_error_of_ours(tmp_path: Path) -> None:
    video = tmp_path / "dive.mp4"
    video.write_bytes(b"video")
    with pytest.raises(UploadError) as raised:
        send(video, lambda request: httpx.Response(500))
    assert raised.value.code == "UPLOAD_FAILED"


def test_a_file_that_vanished_is_told(tmp_path: Path) -> None:
    with pytest.raises(UploadError) as raised:
        send(tmp_path / "gone.mp4", lambda request: httpx.Response(204))
    assert raised.value.code == "FILE_UNREADABLE"


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("a.mp4", "video/mp4"),
        ("A.MOV", "video/quicktime"),
        ("a.webm", "video/webm"),
        ("a.txt", "application/octet-stream"),
    ],
)
def test_content_type_comes_from_the_suffix(name: str, expected: str) -> None:
    assert content_type(Path(name)) == expected
