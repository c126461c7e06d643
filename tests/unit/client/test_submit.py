"""One video's whole way against a stand-in for the service."""

import asyncio
import os
from pathlib import Path
from typing import Any

import httpx
import pytest

from divescore.client.live import Event, Live
from divescore.client.models import Created
from divescore.client.submit import Observer, Submission, submit
from divescore.declaration import Declaration
from tests.unit.client.service import Service, problem

pytestmark = pytest.mark.allow_hosts(["127.0.0.1"])

ENDS_WITHIN = 5.0


@pytest.fixture
def video(tmp_path: Path) -> Path:
    path = tmp_path / "dive.mp4"
    path.write_bytes(b"not really a video")
    return path


class Notes(Observer):
    def __init__(self) -> None:
        self.told: list[str] = []

    def created(self, made: Created) -> None:
        self.told.append("created")

    def uploading(self, sent: int, total: int) -> None:
        self.told.append(f"{sent}/{total}")

    def uploaded(self, size: int, seconds: float) -> None:
        self.told.append(f"uploaded {size}")

    def event(self, event: Event, since: float | None) -> None:
        self.told.append(event.job.status)


def go(
    service: Service, path: Path, timeout: float = ENDS_WITHIN, observer: Observer | None = None, **more: Any
) -> Submission:
    async def work() -> Submission:
        async with service.running(), service.http() as http, Live(http) as live:
            run = await submit(http, live, path, timeout=timeout, observer=observer, **more)
            assert http.reads == 0, "nothing is polled"
            return run

    return asyncio.run(work())


def test_the_whole_way_is_pushed(video: Path) -> None:
    notes = Notes()
    run = go(Service(), video, observer=notes)
    assert run.error is None
    assert run.job is not None
    assert run.job.status == "SCORED"
    assert [event.job.status for event in run.events] == ["AWAITING_UPLOAD", "QUEUED", "PROCESSING", "SCORED"]
    assert [event.job.version for event in run.events] == [1, 2, 3, 4]
    # Subscribed before the upload could end, so that nothing of what follows was missed.
    assert notes.told.index("AWAITING_UPLOAD") < notes.told.index("uploaded 18")
    assert set(notes.told) >= {"created", "18/18"}
    document = run.document()
    assert set(document) == {"job", "events"}
    assert document["job"]["result"]["score"] == 80.5
    assert set(document["events"][0]) == {"at", "type", "job"}
    assert document["events"][0]["at"].endswith("Z")


@pytest.mark.parametrize("course", [("QUEUED", "PROCESSING", "REJECTED"), ("QUEUED", "FAILED"), ("REJECTED",)])
def test_other_ends_are_ends(video: Path, course: tuple[str, ...]) -> None:
    service = Service()
    service.course = course
    run = go(service, video)
    assert run.job is not None
    assert (run.job.status, run.error) == (course[-1], None)


def test_a_refused_creation_uploads_nothing(video: Path) -> None:
    service = Service()
    service.refuse_creation = problem(415, "UNSUPPORTED_TYPE")
    run = go(service, video)
    assert run.document() == {
        "job": None,
        "events": [],
        "error": {"code": "UNSUPPORTED_TYPE", "message": "A sentence."},
    }
    assert service.calls == ["POST /jobs"]


@pytest.mark.enable_socket
def test_a_name_that_is_no_text_is_sent_as_one(tmp_path: Path) -> None:
    path = tmp_path / os.fsdecode(b"Spr\xfcnge\x1b[2J.mp4")
    path.write_bytes(b"eighteen bytes long")
    service = Service()

    run = go(service, path)

    assert run.job is not None
    assert run.job.status == "SCORED"


def test_a_file_that_is_no_video_by_name_and_bytes_is_not_sent(tmp_path: Path) -> None:
    path = tmp_path / "rules.pdf"
    path.write_bytes(b"%PDF-1.7")
    service = Service()

    run = go(service, path)

    assert run.error is not None
    assert (run.error.code, service.calls) == ("UNSUPPORTED_TYPE", [])


def test_a_file_that_grew_since_its_job_was_made_is_told(video: Path) -> None:
    service = Service()

    class Growing(Observer):
        def created(self, made: Created) -> None:
            with video.open("ab") as file:
                file.write(b"more")

    run = go(service, video, observer=Growing())

    assert run.error is not None
    assert run.error.code == "FILE_CHANGED"
    assert "changed since" in run.error.message


def too_large() -> httpx.Response:
    return httpx.Response(400, text="<Error><Code>EntityTooLarge</Code><Message>Too large.</Message></Error>")


def test_a_refused_upload_cancels_the_job(video: Path) -> None:
    service = Service()
    service.refuse_upload = too_large()
    run = go(service, video)
    assert run.error is not None
    assert run.error.code == "SIZE_MISMATCH"
    assert run.job is not None
    assert run.job.status == "CANCELLED"
    assert service.calls[-1] == "DELETE /jobs/job1"


def test_a_job_that_does_not_end_in_time_is_told_and_left_alone(video: Path) -> None:
    service = Service()
    service.course = ("QUEUED",)
    run = go(service, video, timeout=0.3)
    assert run.error is not None
    assert run.error.code == "NOT_FINISHED"
    assert run.job is not None
    assert run.job.status == "QUEUED"
    assert "DELETE /jobs/job1" not in service.calls


def test_an_interrupted_upload_cancels_the_job(video: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    service = Service()

    async def hang(request: httpx.Request) -> httpx.Response:
        await asyncio.sleep(ENDS_WITHIN)
        raise AssertionError("the upload was not interrupted")

    monkeypatch.setattr(service, "_store", hang)
    run = go(service, video, timeout=0.3)
    assert run.error is not None
    assert run.error.code == "NOT_FINISHED"
    assert service.jobs["job1"]["status"] == "CANCELLED"


def test_a_revoked_token_is_told(video: Path) -> None:
    service = Service()
    service.revoked.add("job1")
    service.course = ("QUEUED",)
    run = go(service, video)
    assert run.error is not None
    assert run.error.code == "FORBIDDEN"


def test_a_file_that_cannot_be_read_is_told(tmp_path: Path) -> None:
    run = go(Service(), tmp_path / "gone.mp4")
    assert run.error is not None
    assert run.error.code == "FILE_UNREADABLE"


def test_uploads_do_not_wait_for_blocked_sockets(video: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("divescore.client.submit.SUBSCRIBES_WITHIN", 0.05)
    service = Service()
    service.handshake_status = 403

    async def work() -> Submission:
        async with service.running(), service.http() as http, Live(http) as live:
            return await submit(http, live, video, timeout=ENDS_WITHIN)

    run = asyncio.run(work())
    assert run.job is not None
    assert run.job.status == "SCORED"
    assert {event.type for event in run.events} == {"read"}


def test_what_is_declared_is_sent_and_marks_follow_the_score(video: Path) -> None:
    service = Service()
    run = go(service, video, declared=Declaration("107B", 3.0, 3.1), marks={"score": 84.15, "consent": True})
    assert run.error is None
    assert {name: service.declared[name] for name in ("dive", "height", "difficulty")} == {
        "dive": "107B",
        "height": 3.0,
        "difficulty": 3.1,
    }
    assert service.marks == {"job1": {"score": 84.15, "consent": True}}
    assert service.calls[-1] == "PUT /jobs/job1/marks"


def test_a_dive_without_a_score_gets_no_marks(video: Path) -> None:
    service = Service()
    service.course = ("QUEUED", "REJECTED")
    go(service, video, marks={"score": 84.15, "consent": True})
    assert service.marks == {}
