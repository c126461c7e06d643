"""The sample events for `sam local invoke` are what the functions' parsers take."""

import json
from pathlib import Path
from typing import Any

from divescore.jobs.messages import parse_message
from divescore.live.changes import read_changes
from divescore.stack.local import deploy
from divescore.uploads.notifications import parse_notification
from divescore.views import Status

EVENTS = Path(__file__).resolve().parents[2] / "events"


def event(name: str) -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads((EVENTS / f"{name}.json").read_text())
    return loaded


def test_there_is_one_for_each_function() -> None:
    assert {path.stem for path in EVENTS.glob("*.json")} == {*deploy.FUNCTIONS.values(), "worker"}


def test_an_upload_becomes_the_message_that_the_worker_takes() -> None:
    [upload] = parse_notification(event("enqueue")["Records"][0]["body"])
    message = parse_message(event("worker")["Records"][0]["body"])
    assert (upload.job_id, upload.object_version) == (message.job_id, message.object_version)


def test_the_stream_tells_of_a_job_that_is_being_scored() -> None:
    [change], unreadable = read_changes(event("notify")["Records"])
    assert unreadable == []
    assert (change.job.status, change.job.version, change.version_before) == (Status.PROCESSING, 3, 2)


def test_the_stream_tells_of_a_job_that_is_scored() -> None:
    [change], unreadable = read_changes(event("settle")["Records"])
    assert unreadable == []
    assert (change.job.status, change.job.reference, change.job.version) == (Status.SCORED, "order 7", 5)
    assert change.version_before == 4
