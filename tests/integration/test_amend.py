"""A score that is corrected while somebody watches, and marks that are exported and erased, on the whole system."""

import asyncio
import csv
import json
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from websockets.asyncio.client import ClientConnection, connect

from divescore.client.errors import ApiError
from divescore.client.http import Http
from divescore.client.live import Live
from divescore.client.submit import Submission, submit
from divescore.declaration import Declaration
from divescore.tokens.tokens import HOLDER_SCOPES
from tests.conftest import divescore
from tests.integration.conftest import System

pytestmark = pytest.mark.stack

HEARD_WITHIN = 30.0
EXPORTS_WITHIN = 60.0
SEVEN = [8.5, 8.5, 8.0, 9.0, 8.5, 8.5, 7.5]


@asynccontextmanager
async def watching(http: Http, job_id: str, token: str) -> AsyncIterator[ClientConnection]:
    """A socket that has subscribed the job."""
    live = (await http.get(job_id, token)).live
    assert live is not None
    async with connect(live.url, proxy=None) as socket:
        await socket.send(json.dumps({"action": "subscribe", "token": token}))
        assert (await heard(socket))["status"] == "SCORED"
        yield socket


async def heard(socket: ClientConnection) -> dict[str, Any]:
    """The next push."""
    message = json.loads(await asyncio.wait_for(socket.recv(), HEARD_WITHIN))
    assert message["type"] == "job", message
    job: dict[str, Any] = message["job"]
    return job


async def scored(http: Http, live: Live, film: Path, **declared: Any) -> tuple[Submission, str, str]:
    run = await submit(http, live, film, Declaration(**declared))
    assert run.job is not None
    assert run.job.status == "SCORED", run.document()
    return run, run.job.job_id, run.token


async def refused(call: Any) -> tuple[int, str, str]:
    with pytest.raises(ApiError) as raised:
        await call
    return raised.value.status, raised.value.code, raised.value.message


def test_a_corrected_score_is_pushed_to_who_watches(system: System, clips: dict[str, Path]) -> None:
    async def work(http: Http, live: Live) -> None:
        run, job_id, token = await scored(http, live, clips["one"], dive="107B", height=3.0)
        assert run.job is not None
        first = run.job.result
        assert first is not None
        assert (first["difficulty"], first["height"], first["heightSource"]) == (3.1, 3.0, "given")
        async with watching(http, job_id, token) as socket:
            amended = await http.amend(job_id, token, height=10.0)
            assert amended.version == run.job.version + 1
            pushed = await heard(socket)
            assert pushed == amended.document()
            assert pushed["result"]["difficulty"] == 3.0
            assert pushed["result"]["timings"] == first["timings"], "nobody looked at the video again"
            assert (await http.amend(job_id, token, height=10.0)).version == amended.version
            back = await http.amend(job_id, token, height=3.0)
            assert (await heard(socket))["version"] == back.version == amended.version + 1
            assert back.result is not None
            assert back.result["score"] == first["score"]
        status, code, message = await refused(http.amend(job_id, token, difficulty=5.9))
        assert (status, code) == (400, "DIFFICULTY_IMPOSSIBLE")
        assert "107B: the table has 3.1 from 3 m" in message
        older = await http.amend(job_id, token, difficulty=3.0)
        assert older.result is not None
        assert any(warning.startswith("DIFFICULTY_UNUSUAL") for warning in older.result["warnings"])

    system.talk(work)


def test_what_cannot_be_is_told_before_anything_is_uploaded(system: System, clips: dict[str, Path]) -> None:
    code, document, _ = system.score("--dive", "101C", "--difficulty", "5.9", "--height", "3", str(clips["one"]))
    assert code == 3
    assert document["job"] is None
    assert document["error"]["code"] == "DIFFICULTY_IMPOSSIBLE"
    assert "1.4 from 3 m" in document["error"]["message"]


def test_a_shared_token_neither_amends_nor_marks(system: System) -> None:
    async def work(http: Http, _live: Live) -> None:
        made = await http.create("dive.webm", "video/webm", 1000)
        shared = await http.share(made.job_id, made.token, scopes=["read", "video"])
        assert (await refused(http.amend(made.job_id, shared.token, dive="107B")))[:2] == (403, "FORBIDDEN")
        marking = http.mark(made.job_id, shared.token, score=80.0, consent=True)
        assert (await refused(marking))[:2] == (403, "FORBIDDEN")
        stored = await http.amend(made.job_id, made.token, dive="107B")
        assert stored.status == "AWAITING_UPLOAD"

    system.talk(work)


def test_marks_are_exported_with_the_film_and_erased_with_the_job(
    system: System, clips: dict[str, Path], tmp_path: Path
) -> None:
    marks = ("--marks", ",".join(map(str, SEVEN)), "--consent")
    code, document, said = system.score("--dive", "107B", "--height", "3", *marks, str(clips["one"]))
    assert code == 0, said
    job_id = document["job"]["jobId"]

    def exported() -> dict[str, dict[str, str]]:
        options = ("--since", "2026-01-01", "--out", str(tmp_path / "dives"), "--json")
        done = divescore("export", *options, timeout=EXPORTS_WITHIN, env=system.addresses["env"])
        assert done.returncode == 0, done.stderr
        with Path(json.loads(done.stdout)["table"]).open(newline="") as file:
            return {line["file"]: line for line in csv.DictReader(file)}

    line = exported()[f"{job_id}.webm"]
    assert (line["execution"], line["score"], line["dive"], line["height"]) == ("25.5", "", "107B", "3")
    assert (tmp_path / "dives" / line["file"]).read_bytes() == clips["one"].read_bytes()

    def rows() -> set[str]:
        query = {"TableName": system.addresses["table"], "KeyConditionExpression": "pk = :job"}
        found = system.owner("dynamodb").query(**query, ExpressionAttributeValues={":job": {"S": f"JOB#{job_id}"}})
        return {item["sk"]["S"] for item in found["Items"]} & {"JOB", "MARKS"}

    assert rows() == {"JOB", "MARKS"}
    token = system.tokens().issue(job_id, HOLDER_SCOPES, int(time.time()) + 600)
    system.talk(lambda http, _live: http.cancel(job_id, token))
    assert rows() == {"JOB"}
    assert f"{job_id}.webm" in exported(), "a copy that was made before stays"

    async def too_late(http: Http, _live: Live) -> None:
        assert (await refused(http.mark(job_id, token, score=80.0, consent=True)))[:2] == (409, "CONFLICT")

    system.talk(too_late)
