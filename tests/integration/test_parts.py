"""Large videos in parts, through the whole system; what the local engine is laxer about, unit tests hold."""

import asyncio
import base64
import hashlib
import os
from pathlib import Path
from typing import Any

import httpx
import pytest

from divescore.client.errors import ApiError, UploadError
from divescore.client.http import Http
from divescore.client.live import Live
from divescore.client.models import Created, PartAddress, PartsPlan, UploadInParts
from divescore.client.parts.sender import PartsSender
from divescore.client.parts.unfinished import Notebook, Unfinished, fingerprint
from divescore.client.submit import submit
from tests.films import padded
from tests.integration.conftest import System

pytestmark = pytest.mark.stack

MB = 2**20
LARGE = 20 * MB + 12345
SMALL_END = 16 * MB + 100  # its last part is so small that a refusal is not lost in a connection that is reset
NO_VIDEO = b"not a video " * 8


@pytest.fixture(scope="module")
def large(clips: dict[str, Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    return padded(clips["one"], tmp_path_factory.mktemp("large") / "large.webm", LARGE)


@pytest.fixture(autouse=True)
def own_notes(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))


def sha256_of(data: bytes) -> str:
    return base64.b64encode(hashlib.sha256(data).digest()).decode()


async def announced(http: Http, size: int = LARGE) -> tuple[Created, PartsPlan]:
    made = await http.create("large.webm", None, size)
    assert isinstance(made.upload, UploadInParts)
    return made, made.upload.parts


async def address(http: Http, made: Created, number: int, data: bytes) -> PartAddress:
    answer = await http.ask_for_parts(made.job_id, made.token, [(number, sha256_of(data))])
    return answer.addresses[0]


async def put(http: Http, where: PartAddress, data: bytes, **headers: str) -> int:
    return (await http.client.put(where.url, content=data, headers=where.headers | headers)).status_code


def uploads_of(system: System, job_id: str) -> list[Any]:
    answer = system.owner("s3").list_multipart_uploads(Bucket=system.addresses["bucket"])
    return [upload for upload in answer.get("Uploads", []) if job_id in upload["Key"]]


def test_a_large_dive_is_sent_in_parts_and_scored(system: System, large: Path) -> None:
    code, document, said = system.score(str(large))
    assert code == 0, said
    statuses = [event["job"]["status"] for event in document["events"]]
    assert statuses[0] == "AWAITING_UPLOAD"
    assert statuses[-1] == "SCORED"
    job_id = document["job"]["jobId"]
    assert len(system.stored(job_id)) == 1
    assert uploads_of(system, job_id) == []
    assert list(Path(os.environ["XDG_STATE_HOME"]).rglob("*.json")) == []


def test_what_is_large_and_no_video_is_rejected_at_the_gate(system: System, tmp_path: Path) -> None:
    path = tmp_path / "large.mp4"
    path.write_bytes(NO_VIDEO + bytes(17 * MB))
    code, document, _ = system.score(str(path))
    assert code == 3
    assert document["job"]["error"]["code"] == "NOT_A_VIDEO"


def test_an_interrupted_upload_goes_on_with_resume(system: System, large: Path) -> None:
    """As after Ctrl-C: the job was begun, a part is there, the notes are written."""

    async def begin(http: Http, _live: Live) -> Created:
        made, plan = await announced(http)
        data = large.read_bytes()[: plan.part_size]
        assert await put(http, await address(http, made, 1, data), data) == 200
        note = Unfinished(http.api, made.job_id, made.token, plan.part_size, plan.count)
        Notebook().write(fingerprint(large, http.api), note)
        return made

    made = system.talk(begin)
    code, document, said = system.score("--resume", "--dive", "107B", str(large))
    assert code == 0, said
    assert document["job"]["jobId"] == made.job_id
    assert document["job"]["result"]["dive"]["number"] == "107B", "declared after the beginning"
    assert "goes on" in said


def test_resuming_what_is_gone_begins_anew(system: System, large: Path) -> None:
    async def begin(http: Http, _live: Live) -> Created:
        made, plan = await announced(http)
        await http.cancel(made.job_id, made.token)
        note = Unfinished(http.api, made.job_id, made.token, plan.part_size, plan.count)
        Notebook().write(fingerprint(large, http.api), note)
        return made

    made = system.talk(begin)
    code, document, said = system.score("--resume", str(large))
    assert code == 0, said
    assert document["job"]["jobId"] != made.job_id


def test_an_interruption_leaves_what_can_be_resumed(system: System, large: Path) -> None:
    async def work(http: Http, live: Live) -> None:
        task = asyncio.create_task(submit(http, live, large))
        while not list(Path(os.environ["XDG_STATE_HOME"]).rglob("*.json")):
            await asyncio.sleep(0.01)
        await asyncio.sleep(0.2)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        run = await submit(http, live, large, resume=True)
        assert run.error is None
        assert run.job is not None
        assert run.job.status == "SCORED"

    system.talk(work)


# Attacks: what is signed is all that storage takes.


def test_storage_takes_what_was_signed_and_nothing_else(system: System) -> None:
    async def work(http: Http, _live: Live) -> None:
        made, plan = await announced(http, SMALL_END)
        part, end = bytes(plan.part_size), bytes(SMALL_END - 2 * plan.part_size)
        where = await address(http, made, 3, end)
        assert await put(http, where, end + b"x") == 403
        assert await put(http, where, end[:-1]) == 403
        assert await put(http, where, b"x" + end[1:]) == 400
        assert await put(http, where.model_copy(update={"headers": {}}), end) == 403
        other = where.model_copy(update={"headers": {"x-amz-checksum-sha256": sha256_of(b"x" + end[1:])}})
        assert await put(http, other, b"x" + end[1:]) == 403
        for number in (1, 4, 10_000):
            moved = where.url.replace("partNumber=3", f"partNumber={number}")
            assert moved != where.url
            assert await put(http, where.model_copy(update={"url": moved}), end) == 403
        answer = await http.ask_for_parts(made.job_id, made.token, [])
        assert answer.present == []
        with pytest.raises(ApiError) as beyond:
            await address(http, made, plan.count + 1, end)
        assert (beyond.value.status, beyond.value.code) == (400, "INVALID_REQUEST")
        assert await put(http, where, end) == 200
        assert await put(http, await address(http, made, 1, part), part) == 200
        with pytest.raises(ApiError) as early:
            await http.complete(made.job_id, made.token)
        assert (early.value.status, early.value.code) == (409, "UPLOAD_INCOMPLETE")
        assert await asyncio.to_thread(system.stored, made.job_id) == []
        assert await put(http, await address(http, made, 2, part), part) == 200
        await http.complete(made.job_id, made.token)
        await http.complete(made.job_id, made.token)
        assert await put(http, where, end) == 404, "no part after the completion"
        answer = await http.ask_for_parts(made.job_id, made.token, [(1, sha256_of(b"other"))])
        assert (answer.present, answer.addresses) == ([1, 2, 3], [])
        assert len(await asyncio.to_thread(system.stored, made.job_id)) == 1

    system.talk(work)


def test_one_jobs_addresses_are_no_use_to_another(system: System) -> None:
    async def work(http: Http, _live: Live) -> None:
        (one, plan), (other, _) = await announced(http, SMALL_END), await announced(http, SMALL_END)
        end = bytes(SMALL_END - 2 * plan.part_size)
        where = await address(http, one, 3, end)
        await address(http, other, 3, end)
        moved = where.model_copy(update={"url": where.url.replace(one.job_id, other.job_id)})
        assert await put(http, moved, end) == 403
        with pytest.raises(ApiError) as foreign:
            await http.ask_for_parts(one.job_id, other.token, [])
        assert foreign.value.status == 403
        for made in (one, other):
            await http.cancel(made.job_id, made.token)

    system.talk(work)


def test_cancelling_gives_up_what_was_sent(system: System) -> None:
    async def work(http: Http, _live: Live) -> None:
        made, plan = await announced(http)
        part = bytes(plan.part_size)
        where = await address(http, made, 1, part)
        assert await put(http, where, part) == 200
        assert len(await asyncio.to_thread(uploads_of, system, made.job_id)) == 1
        await http.cancel(made.job_id, made.token)
        assert await asyncio.to_thread(uploads_of, system, made.job_id) == []
        assert await put(http, where, part) == 404
        for call in (http.ask_for_parts(made.job_id, made.token, []), http.complete(made.job_id, made.token)):
            with pytest.raises(ApiError) as over:
                await call
            assert (over.value.status, over.value.code) == (409, "CONFLICT")

    system.talk(work)


def test_an_upload_that_storage_forgot_is_sent_again(system: System, large: Path) -> None:
    async def work(http: Http, _live: Live) -> None:
        made, plan = await announced(http)
        data = large.read_bytes()[: plan.part_size]
        assert await put(http, await address(http, made, 1, data), data) == 200
        (upload,) = await asyncio.to_thread(uploads_of, system, made.job_id)
        s3, bucket = system.owner("s3"), system.addresses["bucket"]
        await asyncio.to_thread(
            lambda: s3.abort_multipart_upload(Bucket=bucket, Key=upload["Key"], UploadId=upload["UploadId"])
        )
        await PartsSender(http, (made.job_id, made.token), plan, large, LARGE).run()
        assert len(await asyncio.to_thread(system.stored, made.job_id)) == 1

    system.talk(work)


def test_a_page_may_send_parts_from_its_origin_alone(system: System) -> None:
    async def work(http: Http, _live: Live) -> None:
        made, plan = await announced(http)
        where = await address(http, made, 1, bytes(plan.part_size))
        asked = {"access-control-request-method": "PUT", "access-control-request-headers": "x-amz-checksum-sha256"}
        for origin, allowed in ((system.addresses["web"], True), ("https://elsewhere.example", False)):
            answer = await http.client.options(where.url, headers=asked | {"origin": origin.rstrip("/")})
            assert (answer.headers.get("access-control-allow-origin") is not None) == allowed
            if allowed:
                assert "PUT" in answer.headers["access-control-allow-methods"]
                assert "etag" not in answer.headers.get("access-control-expose-headers", "").lower()
        await http.cancel(made.job_id, made.token)

    system.talk(work)


def test_a_line_that_is_dead_is_told_by_the_time_allowed(system: System, large: Path) -> None:
    """Nothing gives up by itself; the time that a caller allows ends it, and it can be resumed."""

    class Dead(httpx.AsyncHTTPTransport):
        async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
            if request.method == "PUT":
                raise httpx.ConnectError("dead")
            return await super().handle_async_request(request)

    async def work(_http: Http, _live: Live) -> None:
        async with Http(system.api, Dead()) as http, Live(http) as live:
            run = await submit(http, live, large, timeout=2.0)
            assert run.error is not None
            assert run.error.code == "NOT_FINISHED"
            assert not isinstance(run.error, UploadError)
            assert Notebook().read(fingerprint(large, http.api)) is not None
            assert run.job is not None
            await http.cancel(run.job.job_id, run.token)

    system.talk(work)
