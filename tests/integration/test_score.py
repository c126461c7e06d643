"""A dive's whole way: presigned form, storage, both queues, worker, table, stream, push."""

import asyncio
import hashlib
import io
from itertools import pairwise
from pathlib import Path
from typing import Any

import av
import httpx
import pytest

from divescore.client.errors import ApiError
from divescore.client.http import Http
from divescore.client.live import Live
from divescore.client.submit import submit
from divescore.client.upload import upload
from tests.corpus.writing import rewrite
from tests.integration.conftest import REAL_CLIP, System

pytestmark = pytest.mark.stack


def pushed(document: dict[str, Any]) -> list[str]:
    """The statuses that were pushed, each change once; asserts what holds for every job's events."""
    events = document["events"]
    assert {event["type"] for event in events} == {"job"}, "everything came over the socket"
    versions = [event["job"]["version"] for event in events]
    assert all(earlier < later for earlier, later in pairwise(versions))
    assert events[-1]["job"] == document["job"]
    statuses = [event["job"]["status"] for event in events]
    return [status for index, status in enumerate(statuses) if index == 0 or statuses[index - 1] != status]


def test_three_files_over_one_socket_are_scored_by_push(system: System, clips: dict[str, Path]) -> None:
    code, documents, said = system.score(*(str(clips[name]) for name in ("one", "other", "one")))
    assert code == 0, said
    for document in documents:
        assert pushed(document) == ["AWAITING_UPLOAD", "QUEUED", "PROCESSING", "SCORED"]
    one, other, again = (document["job"]["result"] for document in documents)
    assert one["score"] == again["score"]
    assert one["score"] != other["score"]
    assert one["model"]["trainedOn"] == "synthetic"
    assert set(one["timings"]) >= {"download", "decode", "infer"}
    assert one["score"] == pytest.approx(sum(part["contribution"] for part in one["segments"]), abs=0.1)


def test_a_real_dive_is_scored(system: System) -> None:
    if not REAL_CLIP.is_file():
        pytest.skip(f"needs the real clip at {REAL_CLIP}")
    code, document, said = system.score("--difficulty", "3.3", str(REAL_CLIP))
    assert code == 0, said
    assert pushed(document) == ["AWAITING_UPLOAD", "QUEUED", "PROCESSING", "SCORED"]
    result = document["job"]["result"]
    assert (result["difficulty"], result["difficultySource"]) == (3.3, "given")
    assert result["score"] == pytest.approx(result["execution"] * 3.3, abs=0.05)
    assert 0 < result["score"] < 30 * 3.3


def test_a_declared_dive_decides_the_difficulty(system: System, clips: dict[str, Path]) -> None:
    code, document, said = system.score("--dive", "107B", str(clips["one"]))
    assert code == 0, said
    result = document["job"]["result"]
    assert result["dive"]["number"] == "107B"
    assert (result["dive"]["source"], result["difficultySource"]) == ("given", "dive")


def test_nothing_is_polled(system: System, clips: dict[str, Path]) -> None:
    methods: list[str] = []

    async def note(request: httpx.Request) -> None:
        methods.append(request.method)

    async def work(http: Http, live: Live) -> None:
        http.client.event_hooks["request"].append(note)
        run = await submit(http, live, clips["one"])
        assert run.job is not None
        assert run.job.status == "SCORED"

    system.talk(work)
    assert methods == ["POST", "POST"], "one to create the job, one to upload, and no more"


def test_a_film_that_no_browser_plays_has_a_rendition_until_it_is_erased(
    system: System, clips: dict[str, Path], tmp_path: Path
) -> None:
    film = tmp_path / "film.avi"
    rewrite(clips["one"], film, "mjpeg")

    async def work(http: Http, live: Live) -> None:
        run = await submit(http, live, film)
        assert run.job is not None
        assert run.job.status == "SCORED"
        job_id, token = run.job.job_id, run.token
        while (link := await http.video(job_id, token)).rendition is None:
            await asyncio.sleep(0.2)
        shown = await http.client.get(link.rendition.url)
        assert shown.headers["content-type"] == "video/mp4"
        with av.open(io.BytesIO(shown.content), "r") as opened:
            [stream] = opened.streams.video
            seen = run.job.result or {}
            assert stream.codec_context.name == "h264"
            assert (stream.width, stream.height) == (seen["video"]["width"], seen["video"]["height"])
            assert len(list(opened.decode(video=0))) == seen["video"]["frames"]
        await http.cancel(job_id, token)
        assert (await http.client.get(link.rendition.url)).status_code == 404

    system.talk(work)


def test_the_video_plays_until_it_is_erased(system: System, clips: dict[str, Path]) -> None:
    async def work(http: Http, live: Live) -> None:
        run = await submit(http, live, clips["one"])
        assert run.job is not None
        job_id, token = run.job.job_id, run.token
        link = await http.video(job_id, token)
        played = await http.client.get(link.url)
        assert hashlib.sha256(played.content).digest() == hashlib.sha256(clips["one"].read_bytes()).digest()
        assert played.headers["content-type"] == "video/webm"

        assert len(system.stored(job_id)) == 1
        job = await http.cancel(job_id, token)
        assert job.status == "SCORED", "a finished job stays what it is; only its video goes"
        assert (await http.client.get(link.url)).status_code == 404
        assert system.stored(job_id) == []
        assert (await http.get(job_id, token)).job.result is not None

    system.talk(work)


def test_a_cancelled_job_tells_its_watchers_and_takes_no_upload(system: System, clips: dict[str, Path]) -> None:
    async def work(http: Http, live: Live) -> None:
        made = await http.create("dive.webm", "video/webm", clips["one"].stat().st_size)
        feed = live.watch(made.job_id, made.token, made.live.url)
        await feed.subscribed.wait()
        assert (await http.cancel(made.job_id, made.token)).status == "CANCELLED"
        assert [event.job.status async for event in feed] == ["AWAITING_UPLOAD", "CANCELLED"]
        # The form is still good; what arrives with it is erased at the gate.
        await upload(http.client, made.form, clips["one"])
        while system.stored(made.job_id):
            await asyncio.sleep(0.1)
        assert (await http.get(made.job_id, made.token)).job.status == "CANCELLED"

    system.talk(work)


def test_an_idempotency_key_gives_the_same_job(system: System) -> None:
    async def work(http: Http, live: Live) -> None:
        key = hashlib.sha256(system.api.encode()).hexdigest()
        first = await http.create("dive.webm", "video/webm", 1000, key=key)
        again = await http.create("dive.webm", "video/webm", 1000, key=key)
        assert first.job_id == again.job_id
        with pytest.raises(ApiError) as raised:
            await http.create("dive.webm", "video/webm", 1001, key=key)
        assert (raised.value.status, raised.value.code) == (409, "CONFLICT")
        await http.cancel(again.job_id, again.token)

    system.talk(work)


def test_health_tells_the_model(system: System) -> None:
    async def work(http: Http, live: Live) -> None:
        health = await http.health()
        assert health.model is not None
        assert health.model["id"] == "divescore-mini"

    system.talk(work)
