"""Sending a file in parts, over everything that may go wrong."""

import asyncio
import os
import random
import time
from pathlib import Path

import httpx
import pytest

from divescore.client.errors import UploadError, UploadRefused
from divescore.client.parts.actions import Fares, UploadState
from divescore.client.parts.sender import PartsSender, UploadListener, seconds_of
from tests.unit.client.parts.service import PART, PartsService, problem

ENDS_WITHIN = 30.0
SIZE = 12 * PART + 7
DATA = random.Random(1).randbytes(SIZE)


class Told(UploadListener):
    def __init__(self) -> None:
        self.sent: list[int] = []
        self.states: list[str] = []

    def uploading(self, sent: int, total: int) -> None:
        assert total == SIZE
        self.sent.append(sent)

    def fares(self, told: Fares, wait: float | None) -> None:
        self.states.append(f"{told.state.value} {told.reason}".strip())
        assert (wait is not None) == (told.state is UploadState.WAITING)


@pytest.fixture
def video(tmp_path: Path) -> Path:
    path = tmp_path / "dive.mp4"
    path.write_bytes(DATA)
    return path


def send(service: PartsService, path: Path, listener: UploadListener | None = None) -> None:
    asyncio.run(asyncio.wait_for(service.receive(path, listener), ENDS_WITHIN))


def test_every_part_is_sent_once_and_progress_is_told(video: Path) -> None:
    service, told = PartsService(SIZE), Told()
    send(service, video, told)
    assert service.video == DATA
    assert set(service.sent.values()) == {1}
    assert told.states == ["sending"]
    assert max(told.sent) == SIZE


@pytest.mark.parametrize("seed", range(25))
def test_whatever_breaks_nothing_confirmed_is_sent_again(video: Path, seed: int) -> None:
    chance = random.Random(seed)

    def trouble(call: str, _part: int) -> httpx.Response | Exception | None:
        if chance.random() > 0.35:
            return None
        busy = "<Error><Code>SlowDown</Code></Error>"
        troubles: list[httpx.Response | Exception] = [
            httpx.ConnectError("no route"),
            httpx.ReadError("reset"),
            httpx.WriteTimeout("stalled"),
            httpx.ReadTimeout("no answer"),
            httpx.Response(503, text=busy) if call == "put" else problem(503, "UNAVAILABLE"),
            problem(429, "RATE_LIMITED") if call == "ask" else httpx.Response(500),
        ]
        return chance.choice(troubles)

    service = PartsService(SIZE)
    service.before = service.after = trouble
    send(service, video)
    assert service.video == DATA
    assert service.again == []


def test_retry_after_is_waited_for_and_told(video: Path) -> None:
    service, told = PartsService(SIZE), Told()
    refusals = iter([problem(429, "RATE_LIMITED", **{"retry-after": "1"})])
    service.before = lambda call, _part: next(refusals, None) if call == "ask" else None
    started = time.monotonic()
    send(service, video, told)
    assert time.monotonic() - started >= 1
    assert told.states[:3] == ["sending", "waiting RATE_LIMITED", "sending"]


def test_an_unavailable_service_is_told_and_tried_again(video: Path) -> None:
    service, told = PartsService(SIZE), Told()
    refusals = iter([problem(503, "UNAVAILABLE")] * 3)
    service.before = lambda call, _part: next(refusals, None) if call == "complete" else None
    send(service, video, told)
    assert service.calls.count("complete") == 4
    assert "waiting UNAVAILABLE" in told.states


def test_an_address_that_ended_is_asked_for_again(video: Path) -> None:
    service = PartsService(SIZE)
    expired = iter([httpx.Response(403, text="<Error><Code>AccessDenied</Code></Error>")])
    service.before = lambda call, part: next(expired, None) if (call, part) == ("put", 2) else None
    send(service, video)
    assert service.video == DATA


def test_a_part_that_is_refused_time_and_again_ends_it(video: Path) -> None:
    service = PartsService(SIZE)
    service.before = lambda call, part: httpx.Response(403) if (call, part) == ("put", 2) else None
    with pytest.raises(UploadRefused, match="UPLOAD_REFUSED"):
        send(service, video)


def test_what_is_refused_for_good_ends_it_with_the_services_words(video: Path) -> None:
    service = PartsService(SIZE)
    service.before = lambda _call, _part: problem(409, "UPLOAD_EXPIRED")
    with pytest.raises(UploadError, match=r"UPLOAD_EXPIRED: A sentence\."):
        send(service, video)


@pytest.mark.parametrize("change", ["longer", "shorter", "other", "gone"])
def test_a_file_that_changes_meanwhile_is_told(video: Path, change: str) -> None:
    service = PartsService(SIZE)

    def meddle(call: str, _part: int) -> None:
        if call == "ask" and service.calls.count("ask") == 1:
            if change == "gone":
                video.unlink()
            elif change == "longer":
                video.write_bytes(DATA + b"x")
            elif change == "shorter":
                os.truncate(video, SIZE // 2)
            else:
                video.write_bytes(bytes(SIZE))

    service.before = meddle
    with pytest.raises(UploadError, match=r"FILE_CHANGED: dive\.mp4 changed"):
        send(service, video)
    assert service.video is None


def test_news_that_the_job_was_cancelled_ends_it(video: Path) -> None:
    service = PartsService(SIZE)

    async def work() -> None:
        async with service.http() as http:
            sender = PartsSender(http, ("job", "token"), service.plan, video, SIZE)
            service.before = lambda _call, _part: sender.heard("CANCELLED")
            await sender.run()

    with pytest.raises(UploadError, match="CANCELLED"):
        asyncio.run(asyncio.wait_for(work(), ENDS_WITHIN))


def test_an_interrupted_upload_is_taken_up_by_another_sender(video: Path) -> None:
    service = PartsService(SIZE)

    async def interrupted() -> None:
        upload = asyncio.create_task(service.receive(video))

        def interrupt(_call: str, _part: int) -> None:
            if len(service.sent) == 6:
                upload.cancel()

        service.after = interrupt
        await upload

    with pytest.raises(asyncio.CancelledError):
        asyncio.run(interrupted())
    assert 6 <= len(service.sent) < 13
    service.after = lambda _call, _part: None
    send(service, video)
    assert service.video == DATA
    assert service.again == []


def test_a_fault_of_the_program_is_not_swallowed(video: Path) -> None:
    service = PartsService(SIZE)
    service.before = lambda _call, _part: ZeroDivisionError()
    with pytest.raises(ZeroDivisionError):
        send(service, video)


def test_the_completion_waits_for_the_subscription(video: Path) -> None:
    service, order = PartsService(SIZE), []

    async def subscribed() -> None:
        order.append(list(service.calls))

    async def work() -> None:
        async with service.http() as http:
            job = ("job", "token")
            await PartsSender(http, job, service.plan, video, SIZE, before_completion=subscribed).run()

    asyncio.run(asyncio.wait_for(work(), ENDS_WITHIN))
    assert "complete" not in order[0]


def test_an_address_says_how_long_it_holds() -> None:
    assert seconds_of("http://a/b?X-Amz-Expires=900&c=d") == 900
    assert seconds_of("http://a/b") == float("inf")
