"""A delivery, by the state of its job."""

import json
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError

from divescore.jobs.errors import Contended
from divescore.jobs.items import to_item
from divescore.jobs.messages import BadMessage
from divescore.jobs.model import Cause, Job
from divescore.jobs.transitions import Cancelled
from divescore.video.errors import VideoRejected
from divescore.views import Status
from divescore.worker.attempt import Attempt, HandBack
from divescore.worker.delivery import Delivered, Delivery
from tests.fakes.jobs import job_in
from tests.fakes.network import Killed, refused
from tests.fakes.scored import scored
from tests.fakes.sqs import Message
from tests.fakes.world import SCORING, SCORING_DLQ, VIDEO, Report, World, good_score


def queued(world: World, status: Status = Status.QUEUED, **changes: Any) -> Job:
    """A job in `status` with its video and a message that is visible now."""
    job = job_in(status, **changes)
    world.dynamodb.put_item(Item=to_item(job))
    world.post(job, notify=False)
    world.queue.send(replace(job, object_version="v1"))
    return job


def letters(world: World) -> list[Message]:
    return world.sqs.queues[SCORING_DLQ].messages


def visible_in(world: World) -> float:
    [message] = world.sqs.queues[SCORING].messages
    return (message.visible_at - world.clock()) / 1000


def raising(error: BaseException) -> Any:
    def score(path: Path, on_progress: Report) -> Mapping[str, Any]:
        raise error

    return score


@pytest.mark.parametrize("status", [Status.QUEUED, Status.AWAITING_UPLOAD])
def test_a_waiting_dive_is_scored(world: World, status: Status) -> None:
    job = queued(world, status)
    assert world.work_once() is Delivered.SCORED
    scored = world.read(job)
    assert (scored.status, scored.attempt) == (Status.SCORED, 1)
    assert scored.result is not None
    assert scored.result["score"] == 84.15
    assert set(scored.result["timings"]) == {"download", "decode", "infer"}
    assert world.sqs.queues[SCORING].messages == []


def test_the_scorer_gets_the_accepted_video_and_what_was_declared(world: World) -> None:
    queued(world, dive="107B", height=10.0, difficulty=3.0)
    seen: list[Any] = []

    def score(
        path: Path, dive: str | None, difficulty: float | None, *, height: float | None, on_progress: Report
    ) -> Any:
        seen.extend([path, path.read_bytes(), dive, height, difficulty])
        return scored(good_score(path, on_progress))

    message = world.sqs.receive(SCORING)
    assert message is not None
    worker = replace(world.worker(), score=score)
    assert worker.handle(Delivery.of(message.body, message.receipt), lambda: 100) is Delivered.SCORED
    path, *given = seen
    assert given == [VIDEO, "107B", 10.0, 3.0]
    assert not path.exists(), "nothing of the video stays on the disk"


def test_a_living_attempt_is_left_alone_until_its_lease_would_lapse(world: World) -> None:
    job = queued(world, Status.PROCESSING)
    world.clock.advance(10)
    assert world.work_once() is Delivered.BUSY
    assert world.read(job) == job
    assert visible_in(world) == 20 + 2


def test_a_lapsed_attempt_is_taken_over(world: World) -> None:
    job = queued(world, Status.PROCESSING)
    world.clock.advance(30)
    assert world.work_once() is Delivered.SCORED
    assert world.read(job).attempt == 2


def test_spent_attempts_end_in_a_dead_letter_with_its_cause(world: World) -> None:
    job = queued(world, Status.PROCESSING, attempt=3)
    world.clock.advance(30)
    assert world.work_once() is Delivered.FAILED
    assert world.read(job).status is Status.FAILED
    [letter] = letters(world)
    assert json.loads(letter.body) == {"jobId": job.job_id, "objectVersion": "v1"}
    assert letter.group == job.client
    assert letter.attributes["cause"]["StringValue"] == "ATTEMPTS_SPENT"
    assert letter.attributes["attempts"]["StringValue"] == "3"
    assert world.sqs.queues[SCORING].messages == []


@pytest.mark.parametrize("status", [Status.SCORED, Status.REJECTED, Status.CANCELLED, Status.EXPIRED])
def test_a_settled_dive_is_acknowledged(world: World, status: Status) -> None:
    job = queued(world, status)
    assert world.work_once() is Delivered.DONE
    assert world.read(job) == job
    assert world.sqs.queues[SCORING].messages == letters(world) == []


@pytest.mark.parametrize(
    ("error", "code"), [(Cause("OUT_OF_MEMORY", "Too much.", True), "OUT_OF_MEMORY"), (None, "INTERNAL")]
)
def test_a_failed_dive_goes_to_the_dead_letters(world: World, error: Cause | None, code: str) -> None:
    job = queued(world, Status.FAILED, error=error)
    assert world.work_once() is Delivered.FAILED
    assert world.read(job) == job
    [letter] = letters(world)
    assert letter.attributes["cause"]["StringValue"] == code
    assert world.sqs.queues[SCORING].messages == []


def test_a_message_about_another_version_is_stale(world: World) -> None:
    job = queued(world, object_version="v2")
    assert world.work_once() is Delivered.STALE
    assert world.read(job) == job


def test_a_message_about_nobody_is_acknowledged(world: World) -> None:
    queued(world)
    world.dynamodb.items.clear()
    assert world.work_once() is Delivered.UNKNOWN


def test_a_message_that_nobody_of_ours_wrote_is_left_for_the_dead_letters(world: World) -> None:
    with pytest.raises(BadMessage):
        world.worker().handle(Delivery.of("{}", "r"), lambda: 100)


def test_only_what_has_to_come_back_is_not_acknowledged() -> None:
    assert {outcome for outcome in Delivered if not outcome.acknowledged} == {Delivered.RETRY, Delivered.BUSY}


# What goes wrong during an attempt.


def test_a_bad_video_is_rejected_and_never_retried(world: World) -> None:
    job = queued(world)
    world.score = raising(VideoRejected("DAMAGED", "The file is damaged."))
    assert world.work_once() is Delivered.REJECTED
    rejected = world.read(job)
    assert rejected.error == Cause("DAMAGED", "The file is damaged.")
    assert letters(world) == []


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (refused("SlowDown"), "UNAVAILABLE"),
        (EndpointConnectionError(endpoint_url="https://example"), "UNAVAILABLE"),
        (Contended("j"), "UNAVAILABLE"),
        (MemoryError(), "OUT_OF_MEMORY"),
        (RuntimeError("a bug"), "INTERNAL"),
        (HandBack(Cause("OUT_OF_TIME", "Too slow.", True)), "OUT_OF_TIME"),
    ],
)
def test_a_fault_of_ours_is_retried_and_in_the_end_kept_with_its_cause(
    world: World, error: Exception, code: str
) -> None:
    job = queued(world)
    world.score = raising(error)
    for attempt in (1, 2):
        assert world.work_once() is Delivered.RETRY
        waiting = world.read(job)
        assert (waiting.status, waiting.attempt) == (Status.QUEUED, attempt)
        assert 2**attempt * 0.5 - 1 <= visible_in(world) <= 2**attempt * 1.5 + 1
        world.clock.advance(visible_in(world))
    assert world.work_once() is Delivered.FAILED
    failed = world.read(job)
    assert failed.error is not None
    assert (failed.status, failed.error.code) == (Status.FAILED, code)
    [letter] = letters(world)
    assert letter.attributes["cause"]["StringValue"] == code
    assert [message for message, _ in world.reports] == ["attempt failed"] * 3


def test_a_video_that_was_removed_is_not_waited_for(world: World) -> None:
    job = queued(world)
    world.s3.objects.clear()
    assert world.work_once() is Delivered.FAILED
    error = world.read(job).error
    assert error is not None
    assert (error.code, error.retryable) == ("VIDEO_GONE", False)


def test_an_attempt_that_has_no_time_hands_its_job_back(world: World) -> None:
    job = queued(world)
    assert world.work_once(seconds_left=0) is Delivered.RETRY
    assert world.read(job).status is Status.QUEUED
    error = world.read(job).error
    assert error is not None
    assert error.code == "OUT_OF_TIME"


def test_a_cancelled_dive_is_dropped(world: World) -> None:
    job = queued(world)

    def score(path: Path, on_progress: Report) -> Mapping[str, Any]:
        world.operations.cancel(job.job_id)
        return good_score(path, on_progress)

    world.score = score
    assert world.work_once() is Delivered.LOST
    assert world.read(job).status is Status.CANCELLED
    assert world.sqs.queues[SCORING].messages == []


def test_a_video_erased_by_a_cancel_is_no_failure(world: World) -> None:
    job = queued(world)
    read = world.s3.get_object

    def erased_meanwhile(**arguments: Any) -> object:
        world.operations.cancel(job.job_id)
        return read(**arguments)

    world.s3.get_object = erased_meanwhile  # type: ignore[method-assign, assignment]
    assert world.work_once() is Delivered.LOST
    assert world.read(job).status is Status.CANCELLED
    assert letters(world) == []


def test_a_slow_worker_that_was_overtaken_writes_nothing(world: World) -> None:
    job = queued(world)

    def overtaken(path: Path, on_progress: Report) -> Mapping[str, Any]:
        world.clock.advance(31)
        world.score = good_score
        world.sqs.duplicate(SCORING)
        assert world.work_once() is Delivered.SCORED
        return {"score": 1.0, "timings": {}}

    world.score = overtaken
    assert world.work_once() is Delivered.LOST
    scored = world.read(job)
    assert scored.result is not None
    assert (scored.result["score"], scored.attempt) == (84.15, 2)


def test_a_dead_workers_dive_comes_back_when_its_lease_has_lapsed(world: World) -> None:
    job = queued(world)
    world.score = raising(Killed())
    assert world.work_once() is None
    assert world.read(job).status is Status.PROCESSING
    assert visible_in(world) == 32
    world.clock.advance(32)
    world.score = good_score
    assert world.work_once() is Delivered.SCORED


def test_a_visibility_that_cannot_be_changed_costs_no_attempt(world: World) -> None:
    job = queued(world)
    world.network.fail("change_message_visibility", "ReceiptHandleIsInvalid")
    assert world.work_once() is Delivered.SCORED
    assert world.read(job).attempt == 1
    [(message, fields)] = world.reports
    assert message == "visibility not changed"
    assert fields["seconds"] == 32


def test_no_delay_is_longer_than_a_quarter_of_an_hour(world: World) -> None:
    queued(world)
    message = world.sqs.receive(SCORING)
    assert message is not None
    worker = world.worker()
    for asked, given in ((5000, 900), (-3, 0), (7.4, 7)):
        worker._delay(Delivery.of(message.body, message.receipt), asked)
        assert visible_in(world) == given


@pytest.mark.parametrize("operation", ["get_item", "update_item"])
def test_a_table_that_fails_at_the_claim_leaves_the_message(world: World, operation: str) -> None:
    job = queued(world)
    message = world.sqs.receive(SCORING)
    assert message is not None
    world.network.fail(operation)
    with pytest.raises(ClientError):
        world.worker().handle(Delivery.of(message.body, message.receipt), lambda: 100)
    assert world.read(job) == job


def test_a_score_that_cannot_be_written_is_computed_again(world: World) -> None:
    job = queued(world)

    def score(path: Path, on_progress: Report) -> Mapping[str, Any]:
        world.network.fail("update_item")
        return good_score(path, on_progress)

    world.score = score
    assert world.work_once() is Delivered.RETRY
    world.score = good_score
    assert world.run_fairly(job).status is Status.SCORED


def test_a_beat_that_fails_is_reported(world: World) -> None:
    queued(world)
    seen: list[Attempt] = []

    def score(path: Path, on_progress: Report) -> Mapping[str, Any]:
        attempt = on_progress.__self__  # type: ignore[attr-defined]  # the attempt behind its method
        seen.append(attempt)
        attempt._on_heartbeat_error(refused("SlowDown"))
        attempt._keep_message()
        return good_score(path, on_progress)

    worker = world.worker()
    message = world.sqs.receive(SCORING)
    assert message is not None
    declared: Any = lambda path, *_declared, on_progress, **_more: scored(score(path, on_progress))  # noqa: E731
    worker = replace(worker, score=declared)
    assert worker.handle(Delivery.of(message.body, message.receipt), lambda: 100) is Delivered.SCORED
    assert [text for text, _ in world.reports] == ["heartbeat failed"]


def test_a_claimed_job_is_bound_to_an_upload(world: World) -> None:
    job = queued(world, Status.PROCESSING, object_version=None)
    attempt = Attempt(
        world.table,
        job,
        lease_ms=30_000,
        heartbeat_seconds=3600,
        max_attempts=3,
        keep_message=lambda: None,
        seconds_left=lambda: 100,
        on_heartbeat_error=print,
    )
    with pytest.raises(ValueError, match="bound to an upload"):
        world.worker()._result(attempt, ExitStack())


def test_a_cancel_before_the_claim_wins(world: World) -> None:
    job = queued(world)
    world.table.apply(job, Cancelled())
    assert world.work_once() is Delivered.DONE
