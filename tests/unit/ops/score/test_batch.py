"""Many files through a stand-in for the service: at its pace, each for itself, and none twice."""

import asyncio
import json
from collections import Counter
from pathlib import Path
from typing import Any

import httpx
import pytest

from divescore.client.live import Live
from divescore.declaration import Declaration
from divescore.ops.score.batch import PATIENCE_SECONDS, Batch, Outcome, Pace
from divescore.ops.score.declarations import Entry
from divescore.ops.score.journal import ScoreJournal
from tests.unit.client.service import STORAGE, Service, problem

pytestmark = pytest.mark.allow_hosts(["127.0.0.1"])

FEW, MANY = 60, 500
ENDS_WITHIN = 120.0
OPEN_JOBS = 6
AT_ONCE = 10
AFTER = 30  # seconds of Retry-After: more than the client waits by itself


class Busy(Service):
    """Takes few open jobs at a time; every seventh file is damaged, every eleventh is refused by storage."""

    def __init__(self) -> None:
        super().__init__()
        self.names: dict[str, str] = {}  # job → file
        self.refused = 0
        self.most_open = 0
        self.spent = False  # the day's quota

    @property
    def open(self) -> int:
        return sum(job["status"] in ("AWAITING_UPLOAD", "QUEUED", "PROCESSING") for job in self.jobs.values())

    def _create(self) -> httpx.Response:
        if self.spent or self.open >= OPEN_JOBS:
            self.refused += 1
            answer = problem(429, "RATE_LIMITED")
            answer.headers["retry-after"] = str(86_400 if self.spent else AFTER)
            return answer
        made = super()._create()
        self.names[json.loads(made.content)["jobId"]] = self.declared["filename"]
        self.most_open = max(self.most_open, self.open)
        return made

    async def _store(self, request: httpx.Request) -> httpx.Response:
        job_id = request.content.split(b"uploads/")[1].split(b"/")[0].decode()
        number = int(self.names[job_id].removesuffix(".mp4"))
        if number % 11 == 0:
            return httpx.Response(403, text="<Error><Code>AccessDenied</Code></Error>")
        await asyncio.sleep(0)
        await self.advance(job_id, "QUEUED")
        if number % 7 == 0:
            await self.advance(job_id, "REJECTED", error={"code": "DAMAGED", "message": "Cut short."})
        else:
            await self.advance(job_id, "SCORED")
        return httpx.Response(204)


class Clock:
    """Time that passes when somebody waits."""

    def __init__(self) -> None:
        self.now = 0.0
        self.waited: list[float] = []

    async def sleep(self, seconds: float) -> None:
        self.waited.append(seconds)
        self.now += seconds
        await asyncio.sleep(0.001)


def entries(folder: Path, count: int) -> list[Entry]:
    made = []
    for number in range(1, count + 1):
        path = folder / f"{number}.mp4"
        if not path.exists():
            path.write_bytes(b"a video")
        made.append(Entry(path, Declaration("107B", 3.0, None)))
    return made


def score(service: Service, folder: Path, files: list[Entry], resume: bool = False, clock: Clock | None = None) -> Any:
    """The outcomes, and those that were told as they came."""
    told: list[Outcome] = []
    time = clock or Clock()
    path = folder / "journal.jsonl"
    journal = ScoreJournal.load(path) if resume else ScoreJournal(path)

    async def inside() -> list[Outcome]:
        async with service.running(), service.http() as http, Live(http) as live, asyncio.timeout(ENDS_WITHIN):
            batch = Batch(http, live, journal, resume, AT_ONCE, 60.0, told.append)
            batch.pace = Pace(lambda: time.now, time.sleep)
            return await batch.score(files)

    return asyncio.run(inside()), told


def ends(outcomes: list[Outcome]) -> Counter[str]:
    return Counter(
        outcome.run.error.code if outcome.run.error else outcome.run.job.status if outcome.run.job else "nothing"
        for outcome in outcomes
    )


@pytest.mark.parametrize("count", [FEW, pytest.param(MANY, marks=pytest.mark.soak)])
def test_every_file_ends_whatever_becomes_of_others(tmp_path: Path, count: int) -> None:
    service, clock = Busy(), Clock()
    files = entries(tmp_path, count)
    files[4].path.unlink()  # one that vanished meanwhile
    outcomes, told = score(service, tmp_path, files, clock=clock)
    refused = {number for number in range(1, count + 1) if number % 11 == 0}
    damaged = {number for number in range(1, count + 1) if number % 7 == 0} - refused
    assert ends(outcomes) == {
        "UPLOAD_REFUSED": len(refused),
        "REJECTED": len(damaged),
        "FILE_UNREADABLE": 1,
        "SCORED": count - len(refused) - len(damaged) - 1,
    }
    assert [outcome.entry for outcome in outcomes] == files
    assert len(told) == count
    assert service.most_open <= OPEN_JOBS < AT_ONCE
    assert service.refused > 0, "there was something to respect"
    assert max(clock.waited) <= AFTER


def test_what_is_done_is_not_done_again(tmp_path: Path) -> None:
    files = entries(tmp_path, 22)
    score(Busy(), tmp_path, files)
    service = Busy()
    outcomes, _ = score(service, tmp_path, files, resume=True)
    assert sorted(service.names.values()) == ["11.mp4", "22.mp4"], "those that storage refused"
    assert sum(outcome.before for outcome in outcomes) == 20
    assert ends(outcomes) == {"UPLOAD_REFUSED": 2, "REJECTED": 3, "SCORED": 17}


def test_without_resume_everything_is_scored_anew(tmp_path: Path) -> None:
    files = entries(tmp_path, 3)
    score(Busy(), tmp_path, files)
    service = Busy()
    outcomes, _ = score(service, tmp_path, files)
    assert len(service.names) == 3
    assert not any(outcome.before for outcome in outcomes)


def test_a_video_that_arrived_before_the_run_was_ended_is_followed_and_not_sent_again(tmp_path: Path) -> None:
    service = Service()
    service.course = ("QUEUED",)
    files = entries(tmp_path, 1)

    async def ended_early() -> None:
        async with service.running(), service.http() as http, Live(http) as live:
            batch = Batch(http, live, ScoreJournal(tmp_path / "journal.jsonl"), False, 1, 60.0, lambda _outcome: None)
            run = asyncio.create_task(batch.score(files))
            while not (tmp_path / "journal.jsonl").exists():
                await asyncio.sleep(0.01)
            run.cancel()
            await asyncio.gather(run, return_exceptions=True)

    asyncio.run(ended_early())
    assert service.jobs["job1"]["status"] == "QUEUED"

    async def scored() -> None:
        while not service.watchers.get("job1"):
            await asyncio.sleep(0.01)
        await service.advance("job1", "SCORED")

    answered = service.handle

    async def handle(request: httpx.Request) -> httpx.Response:
        assert str(request.url) != STORAGE, "it was sent again"
        if request.method == "GET":
            service.later = asyncio.create_task(scored())  # type: ignore[attr-defined]  # kept until it is done
        return await answered(request)

    service.handle = handle  # type: ignore[method-assign]
    service.watchers.clear()
    [outcome], _ = score(service, tmp_path, files, resume=True)
    assert (outcome.run.job.status, outcome.before) == ("SCORED", False)


def test_a_job_that_the_service_forgot_is_begun_anew(tmp_path: Path) -> None:
    service = Service()
    service.course = ("QUEUED",)
    files = entries(tmp_path, 1)
    journal = ScoreJournal(tmp_path / "journal.jsonl")
    from divescore.client.models import Job

    journal.note(files[0], Job.model_validate({"jobId": "gone", "status": "QUEUED", "version": 2}), "token-gone")
    service.course = ("QUEUED", "SCORED")
    [outcome], _ = score(service, tmp_path, files, resume=True)
    assert (outcome.run.job.job_id, outcome.run.job.status) == ("job1", "SCORED")


def test_a_days_quota_ends_the_run_at_once_and_resume_goes_on(tmp_path: Path) -> None:
    service = Busy()
    service.spent = True
    clock = Clock()
    outcomes, _ = score(service, tmp_path, entries(tmp_path, 30), clock=clock)
    assert ends(outcomes) == {"RATE_LIMITED": 30}
    assert service.refused <= AT_ONCE, "nobody asks on and on"
    assert clock.waited == []
    assert "--resume" in outcomes[-1].run.error.message
    assert PATIENCE_SECONDS < 86_400
    outcomes, _ = score(Busy(), tmp_path, entries(tmp_path, 6), resume=True)
    assert ends(outcomes) == {"SCORED": 6}


def test_a_fault_of_this_program_is_one_files_trouble(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    files = entries(tmp_path, 3)
    plain = ScoreJournal.note

    def note(journal: ScoreJournal, entry: Entry, *more: Any) -> None:
        if entry is files[1]:
            raise RuntimeError("the disk is gone")
        plain(journal, entry, *more)

    monkeypatch.setattr(ScoreJournal, "note", note)
    outcomes, _ = score(Busy(), tmp_path, files)
    assert ends(outcomes) == {"SCORED": 2, "CLIENT_FAULT": 1}
