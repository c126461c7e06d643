"""`Divescore` as programs use it, against a stand-in for the service."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import httpx
import pytest

from divescore.client import ClientError, Divescore, Job
from divescore.client.errors import ApiError, NotFinished, UploadRefused
from tests.unit.client.service import API, Service, problem

pytestmark = pytest.mark.allow_hosts(["127.0.0.1"])

ENDS_WITHIN = 10.0


@pytest.fixture
def video(tmp_path: Path) -> Path:
    path = tmp_path / "dive.mp4"
    path.write_bytes(b"not really a video")
    return path


def go(service: Service, work: Callable[[Divescore], Awaitable[Any]], patch: pytest.MonkeyPatch) -> Any:
    """Let the work have a client of the stand-in."""
    patch.setattr("divescore.client.service.Http", lambda _api: service.http())

    async def inside() -> Any:
        async with service.running(), Divescore(API) as client, asyncio.timeout(ENDS_WITHIN):
            return await work(client)

    return asyncio.run(inside())


def test_a_dive_is_submitted_and_waited_for(video: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    service = Service()

    async def work(client: Divescore) -> Job:
        sent: list[tuple[int, int]] = []
        dive = await client.submit(
            str(video),
            dive="107B",
            height=3,
            difficulty=1.5,
            reference="order 7",
            progress=lambda *pair: sent.append(pair),
        )
        assert sent[-1][0] == sent[-1][1] > 0
        assert (dive.token, dive.job_id) == ("token-job1", "job1")
        return await dive.wait()

    job = go(service, work, monkeypatch)
    assert (job.status, job.score) == ("SCORED", 80.5)
    told = {"dive": "107B", "height": 3, "difficulty": 1.5, "reference": "order 7"}
    assert {name: service.declared[name] for name in told} == told


def test_watching_gives_every_newer_state_to_the_end(video: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    service = Service()
    service.course = ()

    async def work(client: Divescore) -> list[str]:
        dive = await client.submit(video)
        seen = []
        async for job in dive.watch():
            seen.append(job.status)
            following = {"AWAITING_UPLOAD": "QUEUED", "QUEUED": "PROCESSING", "PROCESSING": "SCORED"}
            if job.status in following:
                await service.advance("job1", following[job.status])
        assert dive.job.status == "SCORED"
        assert [job.status async for job in dive.watch()] == ["SCORED"], "what has settled is told once more"
        return seen

    assert go(service, work, monkeypatch) == ["AWAITING_UPLOAD", "QUEUED", "PROCESSING", "SCORED"]


def test_waiting_has_an_end_and_may_begin_anew(video: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    service = Service()
    service.course = ("QUEUED",)

    async def work(client: Divescore) -> Job:
        dive = await client.submit(video)
        with pytest.raises(NotFinished, match="QUEUED"):
            await dive.wait(within=0.3)
        await service.advance("job1", "SCORED")
        return await dive.wait()

    assert go(service, work, monkeypatch).status == "SCORED"


def test_many_dives_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    service = Service()

    async def work(client: Divescore) -> list[Job]:
        async def one(number: int) -> Job:
            path = tmp_path / f"{number}.mp4"
            path.write_bytes(b"a video")
            return await (await client.submit(path)).wait()

        return list(await asyncio.gather(*map(one, range(20))))

    assert {job.status for job in go(service, work, monkeypatch)} == {"SCORED"}


def test_a_dive_is_found_again_by_token_or_link(monkeypatch: pytest.MonkeyPatch) -> None:
    service = Service()
    service.add("job7", "SCORED")
    token = "head.eyJzdWIiOiJqb2I3In0.signature"  # its claims: {"sub": "job7"}
    service.tokens[token] = "job7"

    async def work(client: Divescore) -> list[str]:
        by_token, by_link = await client.open(token), await client.open(f"https://page.test/#share={token}")
        return [by_token.job.status, by_link.job_id, (await by_link.refresh()).status]

    assert go(service, work, monkeypatch) == ["SCORED", "job7", "SCORED"]


def test_marks_and_erasing(video: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    service = Service()

    async def work(client: Divescore) -> Job:
        dive = await client.submit(video)
        await dive.marks(execution=25.5, consent=True)
        assert service.marks["job1"] == {"execution": 25.5, "consent": True}
        return await dive.erase()

    assert go(service, work, monkeypatch).status == "CANCELLED"


def test_sharing_and_amending_send_what_was_asked_for(video: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    service = Service()
    asked: list[tuple[str, bytes]] = []
    answered = service.handle

    async def handle(request: httpx.Request) -> httpx.Response:
        if request.url.path.endswith("/share") or request.method == "PATCH":
            asked.append((f"{request.method} {request.url.path}", request.content))
            shared = {"token": "t", "url": "https://page.test/#share=t"}
            return httpx.Response(201, json=shared | {"job": {"jobId": "job1", "status": "SCORED", "version": 9}})
        return await answered(request)

    monkeypatch.setattr(service, "handle", handle)

    async def work(client: Divescore) -> str:
        dive = await client.submit(video)
        await dive.wait()
        shared = await dive.share(3600, video=True)
        assert (await dive.amend(difficulty=None, height=3.0)).version == dive.job.version == 9
        return shared.url

    assert go(service, work, monkeypatch) == "https://page.test/#share=t"
    assert asked == [
        ("POST /jobs/job1/share", b'{"expiresIn":3600,"scopes":["read","video"]}'),
        ("PATCH /jobs/job1", b'{"difficulty":null,"height":3.0}'),
    ]


def test_a_refusal_at_the_door_is_raised(video: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    service = Service()
    service.refuse_creation = problem(413, "TOO_LARGE")
    with pytest.raises(ApiError, match="TOO_LARGE"):
        go(service, lambda client: client.submit(video), monkeypatch)


def test_a_refused_upload_is_raised_and_leaves_no_open_job(video: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    service = Service()
    service.refuse_upload = httpx.Response(400, text="<Error><Code>EntityTooLarge</Code></Error>")
    with pytest.raises(UploadRefused):
        go(service, lambda client: client.submit(video), monkeypatch)
    assert service.jobs["job1"]["status"] == "CANCELLED"


def test_a_file_that_is_not_there_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ClientError, match="FILE_UNREADABLE"):
        go(Service(), lambda client: client.submit(tmp_path / "none.mp4"), monkeypatch)


def test_the_address_may_come_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DIVESCORE_API", raising=False)
    with pytest.raises(ClientError, match="DIVESCORE_API"):
        Divescore()
    monkeypatch.setenv("DIVESCORE_API", API)

    async def answer(client: Divescore) -> str:
        return client._http.api

    assert Divescore.run(answer) == API
