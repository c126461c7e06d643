"""The worker's handler, with a scorer that needs no network."""

import io
import json
import runpy
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import av
import pytest
from aws_lambda_powertools import Logger
from botocore.exceptions import EndpointConnectionError

from divescore.jobs.items import to_item
from divescore.jobs.model import Job, rendition_key
from divescore.jobs.table import JobTable
from divescore.result import ModelInfo
from divescore.scoring.errors import ScoringError
from divescore.video.errors import VideoRejected
from divescore.views import Status
from functions.observability import logger
from functions.worker import app
from tests.corpus.writing import write_film
from tests.fakes.aws import Aws
from tests.fakes.jobs import job_in
from tests.fakes.lambdas import context, counted, sqs_event
from tests.fakes.scored import scored
from tests.fakes.world import VIDEO

LONGEST_WAIT_OF_A_SECOND_ATTEMPT = 2**2 * 1.5  # seconds, see `back_off`
INFO = {"id": "divescore-mini", "version": "1", "sha256": "0" * 64, "architecture": "a", "trainedOn": "synthetic"}


class Scorer:
    """Scores as it is told."""

    info = ModelInfo.model_validate(INFO)

    def __init__(self) -> None:
        self.loads = 0
        self.error: Exception | None = None
        self.playable = True
        self.broken: Exception | None = None
        self.on_load: Callable[[], object] = lambda: None

    def load(self, folder: Path, max_bytes: int) -> Any:
        assert max_bytes > 0
        if self.broken is not None:
            raise self.broken
        self.loads += 1
        self.on_load()
        return self

    def score(self, path: Path, *_: Any, height: float | None, on_progress: Callable[[str, float], None]) -> Any:
        if self.error is not None:
            raise self.error
        on_progress("scoring", 1.0)
        return scored({"score": 84.15, "timings": {"decode": 0.1, "infer": 0.1}}, playable=self.playable)


@pytest.fixture
def scorer(aws: Aws, monkeypatch: pytest.MonkeyPatch) -> Iterator[Scorer]:
    for name, value in {
        "TABLE_NAME": aws.table,
        "UPLOADS_BUCKET": aws.bucket,
        "SCORING_QUEUE_URL": aws.scoring,
        "SCORING_DLQ_URL": aws.scoring_dlq,
        "MODEL_DIR": "/nowhere",
    }.items():
        monkeypatch.setenv(name, value)
    scorer = Scorer()
    monkeypatch.setattr("divescore.worker.model.load_scorer", scorer.load)
    monkeypatch.setattr(app, "load_scorer", scorer.load)
    caches = (app.settings, app.scorer, app.worker)
    for cached in caches:
        cached.cache_clear()
    yield scorer
    for cached in caches:
        cached.cache_clear()


def queued(aws: Aws, status: Status = Status.QUEUED, video: bytes = VIDEO, **changes: Any) -> tuple[Job, str]:
    """A job, and the message that is about it."""
    job = job_in(status, **changes)
    version = aws.s3.put_object(Bucket=aws.bucket, Key=job.key, Body=video)["VersionId"]
    job = job_in(status, **(changes | {"object_version": version}))
    aws.dynamodb.put_item(TableName=aws.table, Item=to_item(job))
    return job, json.dumps({"jobId": job.job_id, "objectVersion": version})


def work(*bodies: str, left: float = 100) -> list[str]:
    answer = app.handler(sqs_event(*bodies), context(left))
    assert set(answer) == {"batchItemFailures"}
    return [failure["itemIdentifier"] for failure in answer["batchItemFailures"]]


def read(aws: Aws, job: Job) -> Job:
    return JobTable(aws.table, aws.dynamodb).get(job.job_id)


def test_a_dive_is_scored_and_acknowledged(aws: Aws, scorer: Scorer) -> None:
    job, body = queued(aws)
    assert work(body) == []
    scored = read(aws, job)
    assert scored.status is Status.SCORED
    assert scored.result is not None
    assert scored.result["score"] == 84.15


def test_the_model_is_loaded_once_and_noted(aws: Aws, scorer: Scorer) -> None:
    assert app.handler({"warm": True}, context()) == {"model": INFO}
    assert app.handler({"warm": True}, context()) == {"model": INFO}
    work(queued(aws)[1])
    assert scorer.loads == 1
    assert JobTable(aws.table, aws.dynamodb).registered_model() == INFO


def test_a_film_that_no_browser_plays_gets_a_rendition_beside_its_score(
    aws: Aws, scorer: Scorer, tmp_path: Path
) -> None:
    film = tmp_path / "film.avi"
    write_film(film, "mjpeg")
    scorer.playable = False
    job, body = queued(aws, video=film.read_bytes(), created_at=int(time.time() * 1000))
    assert work(body) == []
    assert JobTable(aws.table, aws.dynamodb).get(job.job_id).status is Status.SCORED
    kept = aws.s3.get_object(Bucket=aws.bucket, Key=rendition_key(job.job_id))
    assert kept["ContentType"] == "video/mp4"
    with av.open(io.BytesIO(kept["Body"].read()), "r") as opened:
        assert opened.streams.video[0].codec_context.name == "h264"
        assert len(list(opened.decode(video=0))) == 48


def test_a_bad_video_is_rejected_and_acknowledged(aws: Aws, scorer: Scorer) -> None:
    scorer.error = VideoRejected("DAMAGED", "The file is damaged.")
    job, body = queued(aws)
    assert work(body) == []
    assert read(aws, job).status is Status.REJECTED


def test_a_fault_of_ours_brings_the_message_back(aws: Aws, scorer: Scorer) -> None:
    scorer.error = ScoringError("a bug")
    job, body = queued(aws)
    assert work(body) == ["m0"]
    assert read(aws, job).status is Status.QUEUED


def test_an_attempt_stops_some_seconds_before_the_function_is_stopped(aws: Aws, scorer: Scorer) -> None:
    job, body = queued(aws)
    assert work(body, left=app.STOP_MARGIN_SECONDS) == ["m0"]
    error = read(aws, job).error
    assert error is not None
    assert error.code == "OUT_OF_TIME"
    assert work(body, left=app.STOP_MARGIN_SECONDS + 60) == []


def test_a_busy_dive_comes_back(aws: Aws, scorer: Scorer) -> None:
    now = JobTable(aws.table, aws.dynamodb).now()
    job, body = queued(aws, Status.PROCESSING, lease_until=now + 30_000)
    assert work(body) == ["m0"]
    assert read(aws, job) == job


def test_spent_attempts_are_buried_and_acknowledged(aws: Aws, scorer: Scorer) -> None:
    job, body = queued(aws, Status.PROCESSING, attempt=3, lease_until=1)
    assert work(body) == []
    assert read(aws, job).status is Status.FAILED
    assert aws.bodies(aws.scoring_dlq) == [body]


def test_what_nobody_of_ours_wrote_ends_in_the_dead_letters_by_its_receives(aws: Aws, scorer: Scorer) -> None:
    assert work("{}", "no json") == ["m0", "m1"]


def test_a_model_that_cannot_be_loaded_brings_the_message_back(aws: Aws, scorer: Scorer) -> None:
    job, body = queued(aws)
    scorer.broken = OSError("no such folder")
    assert work(body) == ["m0"]
    assert (read(aws, job).status, read(aws, job).attempt) == (Status.QUEUED, 1)
    scorer.broken = None
    assert work(body) == []
    assert read(aws, job).status is Status.SCORED


def test_a_model_that_never_loads_ends_the_dive_soon_with_a_cause(
    aws: Aws, scorer: Scorer, monkeypatch: pytest.MonkeyPatch, capture: Callable[[Logger], io.StringIO]
) -> None:
    """Attempts are counted on the job; the message never waits for the queue's own time-out of half an hour."""
    waits: list[float] = []
    monkeypatch.setattr("divescore.worker.delivery.come_back_in", lambda seconds, *_: waits.append(seconds))
    log = capture(logger)
    job, body = queued(aws)
    scorer.broken = OSError("no such folder")
    assert [work(body) for _ in range(3)] == [["m0"], ["m0"], []]
    ended = read(aws, job)
    assert (ended.status, ended.attempt) == (Status.FAILED, 3)
    assert ended.error is not None
    assert ended.error.retryable
    assert aws.bodies(aws.scoring_dlq) == [body]
    # Of each attempt the first is the lease, which the end of the attempt replaces.
    assert max(waits[1::2]) <= LONGEST_WAIT_OF_A_SECOND_ATTEMPT
    assert log.getvalue().count("model not loaded") == 3


def test_an_environment_starts_though_its_model_does_not_load(
    aws: Aws, scorer: Scorer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A start that fails takes the first message with it, which then stays hidden."""
    monkeypatch.setenv("AWS_LAMBDA_INITIALIZATION_TYPE", "on-demand")
    scorer.broken = OSError("no such folder")
    started = runpy.run_path(str(app.__file__))
    job, body = queued(aws)
    assert started["handler"](sqs_event(body), context()) == {"batchItemFailures": [{"itemIdentifier": "m0"}]}
    assert read(aws, job).attempt == 1
    with pytest.raises(OSError, match="no such folder"):
        started["handler"]({"warm": True}, context())


def test_a_worker_starts_though_its_model_cannot_be_noted(
    aws: Aws, scorer: Scorer, monkeypatch: pytest.MonkeyPatch, capture: Callable[[Logger], io.StringIO]
) -> None:
    def unavailable(*_: object) -> None:
        raise EndpointConnectionError(endpoint_url="https://dynamodb.example")

    monkeypatch.setattr(JobTable, "register_model", unavailable)
    log = capture(logger)
    job, body = queued(aws)
    assert work(body) == []
    assert read(aws, job).status is Status.SCORED
    assert "model not noted" in log.getvalue()


def test_a_dive_is_not_claimed_before_the_model_is_there(aws: Aws, scorer: Scorer) -> None:
    job, body = queued(aws)
    seen: list[Status] = []
    scorer.on_load = lambda: seen.append(read(aws, job).status)
    assert work(body) == []
    assert seen == [Status.QUEUED]


def test_a_start_that_lambda_runs_twice_does_no_harm(aws: Aws, scorer: Scorer, monkeypatch: pytest.MonkeyPatch) -> None:
    """Lambda stops a start after ten seconds and runs it again within the first invocation."""
    monkeypatch.setenv("AWS_LAMBDA_INITIALIZATION_TYPE", "on-demand")
    job, body = queued(aws)
    for _ in range(2):
        started = runpy.run_path(str(app.__file__))
        assert read(aws, job).status is Status.QUEUED
    assert JobTable(aws.table, aws.dynamodb).registered_model() == INFO
    assert started["handler"](sqs_event(body), context()) == {"batchItemFailures": []}
    assert read(aws, job).attempt == 1


def test_in_lambda_the_model_is_loaded_before_the_first_message(
    aws: Aws, scorer: Scorer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_LAMBDA_INITIALIZATION_TYPE", "on-demand")
    runpy.run_path(str(app.__file__))
    assert scorer.loads == 1


def test_the_log_names_the_job_and_the_outcome(
    aws: Aws, scorer: Scorer, capture: Callable[[Logger], io.StringIO]
) -> None:
    log = capture(logger)
    scorer.error = RuntimeError("a bug")
    job, body = queued(aws)
    work(body)
    lines = [json.loads(text) for text in log.getvalue().splitlines()]
    assert {line["correlation_id"] for line in lines} == {job.job_id}
    assert [line["message"] for line in lines if line["message"] != "visibility not changed"] == [
        "attempt failed",
        "delivered",
    ]


def test_outcomes_are_counted(aws: Aws, scorer: Scorer, capsys: pytest.CaptureFixture[str]) -> None:
    work(queued(aws)[1])
    metrics = counted(capsys.readouterr().out)
    assert metrics["Delivered_scored"] == metrics["Deliveries"] == [1.0]
