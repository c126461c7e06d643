"""The jobs of a flood: each with a record and a video of its own, left alone by enqueue, and cleared away again."""

from pathlib import Path
from typing import Any

import pytest

from divescore.jobs.items import from_item
from divescore.jobs.messages import ScoringQueue
from divescore.jobs.model import Job
from divescore.jobs.table import JobTable
from divescore.live.changes import Change, conflate
from divescore.live.settled import SettledMessage, settled_messages
from divescore.ops.load.errors import NotPrepared
from divescore.ops.load.prepared_jobs import PreparedJobs, pieces
from divescore.stack.deployed import Stack
from divescore.uploads.admission import Admission, Admitted
from divescore.uploads.notifications import Upload
from divescore.uploads.store import UploadStore
from divescore.views import Status
from tests.fakes.aws import Aws

FILM = b"RIFF\x00\x00\x00\x00AVI LIST" + bytes(5000)


@pytest.fixture
def stack(aws: Aws) -> Stack:
    outputs = {"JobsTable": aws.table, "UploadsBucket": aws.bucket, "UploadsQueueUrl": aws.uploads}
    clients = {"dynamodb": aws.dynamodb, "s3": aws.s3, "sqs": aws.sqs}
    return Stack("dives", outputs, {}, True, lambda service: clients[service])


@pytest.fixture
def clips(tmp_path: Path) -> list[Path]:
    for name, content in (("one.avi", FILM), ("two.avi", FILM + b"more")):
        (tmp_path / name).write_bytes(content)
    return [tmp_path / "one.avi", tmp_path / "two.avi"]


def records(aws: Aws) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = aws.dynamodb.scan(TableName=aws.table)["Items"]
    return items


def versions(aws: Aws) -> dict[str, str]:
    listed = aws.s3.list_object_versions(Bucket=aws.bucket).get("Versions", [])
    return {version["Key"]: version["VersionId"] for version in listed}


def test_each_job_has_its_record_and_its_video(aws: Aws, stack: Stack, clips: list[Path]) -> None:
    said: list[str] = []
    jobs = PreparedJobs(stack, "load-1").make(clips, 30, said.append)
    assert len({job.job_id for job in jobs}) == 30
    table = JobTable(aws.table, aws.dynamodb)
    for number, job in enumerate(jobs):
        assert table.get(job.job_id) == job
        assert (job.status, job.version, job.client) == (Status.QUEUED, 1, "load-1")
        content = aws.s3.get_object(Bucket=aws.bucket, Key=job.key, VersionId=job.object_version)["Body"].read()
        assert content == clips[number % 2].read_bytes()
    assert said[0] == "making 30 records"


def test_the_gate_leaves_videos_alone_while_they_are_being_made(aws: Aws, stack: Stack, clips: list[Path]) -> None:
    prepared = PreparedJobs(stack, "load-1")
    seen: list[Admitted] = []
    table = JobTable(aws.table, aws.dynamodb)
    admission = Admission(table, UploadStore(aws.bucket, aws.s3), ScoringQueue(aws.scoring, aws.sqs))

    def look(text: str) -> None:
        # enqueue is notified of every copy at this moment.
        if text.startswith("waiting"):
            for key, version in versions(aws).items():
                seen.append(admission.admit(Upload(key.split("/")[1], version)))

    jobs = prepared.make(clips, 5, look)
    assert seen == [Admitted.IGNORED] * 5
    assert aws.bodies(aws.scoring) == []
    assert set(versions(aws).values()) == {job.object_version for job in jobs}


def test_nobody_is_told_of_a_job_that_is_held(aws: Aws, stack: Stack, clips: list[Path]) -> None:
    told: list[SettledMessage] = []
    news: dict[str, list[Change]] = {}

    def look(text: str) -> None:
        # What the stream would have handed to its readers by now.
        if text.startswith("copying"):
            held = [Change(str(number), from_item(item), 0) for number, item in enumerate(records(aws))]
            told.extend(settled_messages(held))
            news.update(conflate(held))

    jobs = PreparedJobs(stack, "load-1").make(clips, 5, look)
    assert (told, news) == ([], {})
    assert all(job.version > 0 for job in jobs)  # what comes next is news


def test_what_was_made_is_withdrawn_with_its_video(aws: Aws, stack: Stack, clips: list[Path]) -> None:
    prepared = PreparedJobs(stack, "load-1")
    jobs = prepared.make(clips[:1], 28, lambda _text: None)
    prepared.withdraw(jobs[1:])
    assert [item["jobId"]["S"] for item in records(aws)] == [jobs[0].job_id]
    assert list(versions(aws)) == [jobs[0].key]
    assert prepared.erase(jobs[:1]) == 1
    assert versions(aws) == {}


def test_a_making_that_is_stopped_can_be_withdrawn(aws: Aws, stack: Stack, clips: list[Path]) -> None:
    prepared = PreparedJobs(stack, "load-1")

    def stop_at(text: str) -> None:
        if text.startswith("waiting"):
            prepared.stop.set()

    with pytest.raises(NotPrepared, match="stopped"):
        prepared.make(clips, 6, stop_at)
    assert len(prepared.recorded) == 6
    prepared.withdraw(prepared.recorded)
    assert records(aws) == []
    assert versions(aws) == {}


def test_cancelling_is_the_job_s_own(aws: Aws, stack: Stack, clips: list[Path]) -> None:
    prepared = PreparedJobs(stack, "load-1")
    (job,) = prepared.make(clips, 1, lambda _text: None)
    prepared.cancel(job)
    assert prepared.read(job.job_id).status is Status.CANCELLED
    prepared.cancel(job)  # harmless to repeat


def test_pieces_are_all_there_is() -> None:
    assert [list(piece) for piece in pieces([1, 2, 3, 4, 5], 2)] == [[1, 2], [3, 4], [5]]
    assert list(pieces(list[Job](), 2)) == []
