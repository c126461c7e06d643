"""The commands' answers: what is printed where, and the exit codes."""

import asyncio
import base64
import json
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any, Self

import httpx
import pytest
from click.testing import CliRunner

from divescore.client.errors import ApiError, ClientError, NotFinished, UploadError, UploadRefused
from divescore.client.http import Http
from divescore.client.live import Event
from divescore.client.models import Job
from divescore.client.submit import Observer, Submission
from divescore.declaration import Declaration
from divescore.ops.score import commands
from divescore.ops.score.commands import exit_code, score, watch
from tests.unit.client.service import API, Service


def job(status: str, **more: object) -> Job:
    return Job.model_validate({"jobId": "a", "status": status, "version": 4} | more)


@pytest.mark.parametrize(
    ("ended", "error", "code"),
    [
        (job("SCORED"), None, 0),
        (job("REJECTED"), None, 3),
        (job("FAILED"), None, 1),
        (job("CANCELLED"), None, 1),
        (job("EXPIRED"), None, 1),
        (None, None, 1),
        (None, ApiError("EMPTY_FILE", "", 400), 3),
        (None, ApiError("TOO_LARGE", "", 413), 3),
        (None, ApiError("UNSUPPORTED_TYPE", "", 415), 3),
        (None, ApiError("UNAUTHORIZED", "", 401), 1),
        (None, ApiError("RATE_LIMITED", "", 429), 1),
        (job("CANCELLED"), UploadRefused("SIZE_MISMATCH", "", 400, "EntityTooLarge"), 3),
        (job("CANCELLED"), UploadRefused("UPLOAD_EXPIRED", "", 403, "AccessDenied"), 1),
        (job("CANCELLED"), UploadError("UPLOAD_FAILED", ""), 1),
        (job("QUEUED"), NotFinished(""), 1),
        (None, ClientError("X", ""), 1),
    ],
)
def test_exit_codes(ended: Job | None, error: ClientError | None, code: int) -> None:
    assert exit_code(ended, error) == code


ENDS: dict[str, Job | ClientError] = {
    "good.mp4": job("SCORED", result={"score": 80.5}),
    "bad.mp4": job("REJECTED", error={"code": "NOT_A_VIDEO", "message": "It is a text."}),
    "ugly.mp4": job("FAILED", error={"code": "CRASH", "message": "Ours.", "retryable": True}),
    "empty.mp4": ApiError("EMPTY_FILE", "It is empty.", 400),
}


@pytest.fixture
def videos(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of files that each end as ENDS says, submitted to nothing at all."""

    async def submitted(*arguments: object, resume: bool) -> Submission:
        path, watcher = arguments[2], arguments[-1]
        assert isinstance(path, Path)
        assert isinstance(watcher, Observer)
        end = ENDS[path.name]
        if isinstance(end, ClientError):
            return Submission(path, error=end)
        event = Event("2026-11-23T07:00:00.000Z", "job", end)
        watcher.uploaded(10, 0.1)
        watcher.event(event, 0.25)
        return Submission(path, end, events=[event])

    monkeypatch.setattr("divescore.client.submit.submit", submitted)
    for name in ENDS:
        (tmp_path / name).write_bytes(b"x")
    return tmp_path


@pytest.mark.parametrize(
    ("names", "code"),
    [
        (["good.mp4"], 0),
        (["bad.mp4"], 3),
        (["ugly.mp4"], 1),
        (["empty.mp4"], 3),
        (["good.mp4", "bad.mp4"], 3),
        (["good.mp4", "bad.mp4", "ugly.mp4"], 1),
    ],
)
def test_the_worst_file_decides(videos: Path, names: list[str], code: int) -> None:
    done = CliRunner().invoke(score, ["--api", API, *(str(videos / name) for name in names)])
    assert done.exit_code == code
    for name in names:
        assert name in done.stdout


def test_json_is_one_document_on_stdout(videos: Path) -> None:
    done = CliRunner().invoke(score, ["--api", API, "--json", str(videos / "good.mp4")])
    document = json.loads(done.stdout)
    assert set(document) == {"job", "events"}
    assert document["job"]["status"] == document["events"][0]["job"]["status"] == "SCORED"
    assert "+250 ms" in done.stderr
    assert "80.50 points" in done.stderr


def test_json_of_several_files_is_an_array_in_their_order(videos: Path) -> None:
    names = ["empty.mp4", "good.mp4"]
    done = CliRunner().invoke(score, ["--api", API, "--json", *(str(videos / name) for name in names)])
    first, second = json.loads(done.stdout)
    assert first == {"job": None, "events": [], "error": {"code": "EMPTY_FILE", "message": "It is empty."}}
    assert second["job"]["status"] == "SCORED"


def test_rejections_show_their_code_and_sentence(videos: Path) -> None:
    done = CliRunner().invoke(score, ["--api", API, str(videos / "bad.mp4")])
    assert "NOT_A_VIDEO: It is a text." in done.stdout


@pytest.mark.parametrize(
    ("text", "sent"),
    [
        ("8.5,8.5,8,9,8.5,8.5,7.5", {"marks": [8.5, 8.5, 8, 9, 8.5, 8.5, 7.5], "consent": True}),
        ("execution=25.5", {"execution": 25.5, "consent": True}),
        ("score=84.15", {"score": 84.15, "consent": True}),
    ],
)
def test_declarations_and_marks_are_handed_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str, sent: dict[str, object]
) -> None:
    seen: list[object] = []

    async def submitted(*arguments: object, resume: bool) -> Submission:
        seen.extend(arguments[3:-1])
        return Submission(tmp_path, job("SCORED", result={"score": 80.5}))

    monkeypatch.setattr("divescore.client.submit.submit", submitted)
    (tmp_path / "dive.mp4").write_bytes(b"x")
    declared = ["--dive", "107B", "--height", "7.5", "--difficulty", "3.1"]
    declared += ["--reference", "order 7", "--marks", text, "--consent"]
    done = CliRunner().invoke(score, ["--api", API, *declared, str(tmp_path / "dive.mp4")])
    assert done.exit_code == 0, done.output
    assert seen == [Declaration("107B", 7.5, 3.1), None, 600.0, sent, "order 7"]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--height", "4", "good.mp4"], "7.5"),
        (["--marks", "score=80", "good.mp4"], "copies that were made before are not"),
        (["--marks", "score=80", "--consent", "good.mp4", "bad.mp4"], "one file at a time"),
        (["--marks", "8,8,eight,8,8,8,8", "--consent", "good.mp4"], "neither seven numbers"),
        (["--marks", "points=80", "--consent", "good.mp4"], "neither seven numbers"),
    ],
)
def test_marks_without_consent_or_sense_are_wrong_usage(videos: Path, arguments: list[str], said: str) -> None:
    named = [str(videos / word) if word in ENDS else word for word in arguments]
    done = CliRunner().invoke(score, ["--api", API, *named])
    assert done.exit_code == 2
    assert said in " ".join(done.stderr.split())


def test_an_unknown_file_is_wrong_usage(tmp_path: Path) -> None:
    done = CliRunner().invoke(score, [str(tmp_path / "gone.mp4")])
    assert done.exit_code == 2
    assert "gone.mp4" in done.stderr


@pytest.fixture
def nothing_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DIVESCORE_HOME", str(tmp_path / "home"))
    monkeypatch.delenv("DIVESCORE_API", raising=False)


@pytest.mark.usefixtures("nothing_runs")
def test_no_running_system_is_a_sentence(videos: Path) -> None:
    done = CliRunner().invoke(score, [str(videos / "good.mp4")])
    assert (done.exit_code, done.stdout) == (1, "")
    assert "divescore up" in done.stderr


@pytest.mark.usefixtures("nothing_runs")
def test_no_running_system_is_a_document_with_json(videos: Path) -> None:
    done = CliRunner().invoke(score, ["--json", str(videos / "good.mp4")])
    assert done.exit_code == 1
    assert json.loads(done.stdout)["error"]["code"] == "NO_SYSTEM"


def token(job_id: str) -> str:
    claims = base64.urlsafe_b64encode(json.dumps({"sub": job_id}).encode()).decode().rstrip("=")
    return f"head.{claims}.signature"


@pytest.mark.parametrize("text", ["nonsense", "https://dive.test/#nothing"])
def test_watching_no_token_is_told(text: str) -> None:
    done = CliRunner().invoke(watch, [text])
    assert done.exit_code == 1
    assert "INVALID_" in done.stderr


@pytest.mark.parametrize(("job_id", "code"), [("other", "TOKEN_EXPIRED"), ("gone", "JOB_NOT_FOUND")])
def test_watching_without_the_right_shows_the_services_code(
    monkeypatch: pytest.MonkeyPatch, job_id: str, code: str
) -> None:
    service = Service()
    service.add("other")
    monkeypatch.setattr("divescore.client.http.Http", lambda api: service.http())
    done = CliRunner().invoke(watch, ["--api", API, "-"], input=token(job_id) + "\n")
    assert done.exit_code == 1
    assert code in done.stderr
    done = CliRunner().invoke(watch, ["--api", API, "--json", token(job_id)])
    assert json.loads(done.stdout)["error"]["code"] == code


def test_watching_a_finished_job_shows_how_it_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    service = Service()
    service.add("a", "REJECTED")["error"] = {"code": "DAMAGED", "message": "Cut short."}
    service.tokens[token("a")] = "a"
    monkeypatch.setattr("divescore.client.http.Http", lambda api: service.http())
    done = CliRunner().invoke(watch, ["--api", API, token("a")])
    assert done.exit_code == 3
    assert "DAMAGED: Cut short." in done.stdout


@pytest.mark.allow_hosts(["127.0.0.1"])
def test_watching_follows_the_pushes(monkeypatch: pytest.MonkeyPatch) -> None:
    service = Service()
    service.add("a", "QUEUED")
    service.tokens[token("a")] = "a"

    class Running(Http):
        """The service's sockets run as long as the client that talks to it."""

        async def __aenter__(self) -> Self:
            self.stack = AsyncExitStack()
            await self.stack.enter_async_context(service.running())
            self.news = asyncio.create_task(later())
            return await super().__aenter__()

        async def __aexit__(self, *problem: Any) -> None:
            await super().__aexit__(*problem)
            await self.news
            await self.stack.aclose()

    async def later() -> None:
        while not service.subscriptions:
            await asyncio.sleep(0.01)
        await service.advance("a", "SCORED")

    monkeypatch.setattr("divescore.client.http.Http", lambda api: Running(api, httpx.MockTransport(service.handle)))
    done = CliRunner().invoke(watch, ["--api", API, "--json", token("a")])
    assert done.exit_code == 0, done.output
    assert [event["job"]["status"] for event in json.loads(done.stdout)["events"]] == ["QUEUED", "SCORED"]


def test_help_has_an_example() -> None:
    for command in (score, watch):
        assert f"divescore {command.name} " in CliRunner().invoke(command, ["--help"]).output
    assert commands.AT_ONCE <= 20
