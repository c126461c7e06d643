"""An attempt: its heartbeat, its progress, and the end of its lease."""

import threading
from collections.abc import Callable
from typing import Any

import pytest

from divescore.jobs.items import to_item
from divescore.jobs.model import Cause, Job
from divescore.jobs.transitions import Cancelled, Claimed
from divescore.views import Status
from divescore.worker.attempt import PROGRESS_SECONDS, Attempt, HandBack, LeaseLost
from tests.fakes.jobs import LEASE_MS, job_in
from tests.fakes.world import World

BEATS_WITHIN = 5.0  # seconds; a beat is due every 10 ms
CAUSE = Cause("UNAVAILABLE", "Later.", True)


@pytest.fixture
def job(world: World) -> Job:
    job = job_in(Status.PROCESSING, stage="downloading", fraction=0.0)
    world.dynamodb.put_item(Item=to_item(job))
    return job


def attempt_at(world: World, job: Job, **changes: Any) -> Attempt:
    options: dict[str, Any] = {
        "lease_ms": LEASE_MS,
        "heartbeat_seconds": 3600,
        "max_attempts": 3,
        "keep_message": lambda: None,
        "seconds_left": lambda: 100.0,
        "on_heartbeat_error": pytest.fail,
        "clock": world.clock.seconds,
    }
    return Attempt(world.table, job, **(options | changes))


def writes(world: World) -> int:
    return sum(call.operation == "update_item" for call in world.network.calls)


def test_progress_is_written_at_most_twice_a_second(world: World, job: Job) -> None:
    attempt = attempt_at(world, job)
    for part in range(100):
        world.clock.advance(0.05)
        attempt.progress("downloading", part / 100)
    assert 9 <= writes(world) <= 10
    assert world.read(job).fraction == attempt.job.fraction > 0.09


def test_progress_is_a_share_of_the_whole_attempt(world: World, job: Job) -> None:
    """The last one is left to the score itself, which follows at once."""
    attempt = attempt_at(world, job)
    seen = []
    for stage, part in [("downloading", 1.0), ("decoding", 0.5), ("scoring", 0.5), ("scoring", 1.0)]:
        world.clock.advance(1)
        attempt.progress(stage, part)
        seen.append((world.read(job).stage, round(world.read(job).fraction, 6)))
    assert seen == [("downloading", 0.1), ("decoding", 0.3), ("scoring", 0.75), ("scoring", 0.75)]


def test_a_cancelled_dive_stops_before_its_next_stage(world: World, job: Job) -> None:
    attempt = attempt_at(world, job)
    attempt.progress("downloading", 1.0)
    world.table.apply(job, Cancelled())
    attempt.progress("downloading", 1.0)  # within half a second of the start, nothing is asked
    world.clock.advance(PROGRESS_SECONDS)
    with pytest.raises(LeaseLost):
        attempt.progress("decoding", 0.0)
    assert world.read(job).status is Status.CANCELLED


def test_a_short_dive_asks_nothing_between_its_claim_and_its_score(world: World, job: Job) -> None:
    attempt = attempt_at(world, job)
    asked = len(world.network.calls)
    for stage in ("downloading", "decoding", "scoring"):
        attempt.progress(stage, 0.0)
        world.clock.advance(PROGRESS_SECONDS / 4)
    assert len(world.network.calls) == asked
    world.table.apply(job, Cancelled())
    with pytest.raises(LeaseLost):
        attempt.finish({"score": 1.0})
    assert world.read(job).status is Status.CANCELLED


def test_a_lost_lease_is_lost_for_good(world: World, job: Job) -> None:
    attempt = attempt_at(world, job)
    world.clock.advance(LEASE_MS / 1000)
    taken = world.table.apply(job, Claimed("you", "v1", LEASE_MS, 3))
    for _ in range(2):
        with pytest.raises(LeaseLost):
            attempt.progress("decoding", 0.5)
    with pytest.raises(LeaseLost):
        attempt.finish({"score": 1.0})
    with pytest.raises(LeaseLost):
        attempt.reject(Cause("DAMAGED", "Damaged."))
    with pytest.raises(LeaseLost):
        attempt.fail(CAUSE)
    assert world.read(job) == taken


@pytest.mark.parametrize(
    "step",
    [lambda attempt: attempt.progress("decoding", 0.0), lambda attempt: attempt.finish({})],
    ids=["next stage", "finish"],
)
def test_a_record_that_is_gone_ends_the_attempt(world: World, job: Job, step: Callable[[Attempt], object]) -> None:
    attempt = attempt_at(world, job)
    world.dynamodb.items.clear()
    world.clock.advance(PROGRESS_SECONDS)
    with pytest.raises(LeaseLost):
        step(attempt)


def test_time_that_runs_out_hands_the_job_back(world: World, job: Job) -> None:
    attempt = attempt_at(world, job, seconds_left=lambda: 0.0)
    with pytest.raises(HandBack) as caught:
        attempt.progress("downloading", 0.5)
    assert caught.value.cause.code == "OUT_OF_TIME"
    assert caught.value.cause.retryable
    assert attempt.fail(caught.value.cause).status is Status.QUEUED


def test_an_attempt_ends_one_way(world: World, job: Job) -> None:
    attempt = attempt_at(world, job)
    assert attempt.finish({"score": 1.0}).status is Status.SCORED
    assert attempt.job == world.read(job)
    with pytest.raises(LeaseLost):
        attempt.reject(Cause("DAMAGED", "Damaged."))


def test_the_videos_fault_is_recorded(world: World, job: Job) -> None:
    cause = Cause("DAMAGED", "Damaged.")
    rejected = attempt_at(world, job).reject(cause)
    assert (rejected.status, rejected.error) == (Status.REJECTED, cause)


def test_a_job_that_nobody_claimed_has_no_attempt(world: World) -> None:
    with pytest.raises(ValueError, match="not claimed"):
        attempt_at(world, job_in(Status.QUEUED))


def test_the_heart_beats_for_lease_and_message(world: World, job: Job) -> None:
    beats = threading.Semaphore(0)
    world.clock.advance(20)
    with attempt_at(world, job, heartbeat_seconds=0.01, keep_message=beats.release):
        for _ in range(3):
            assert beats.acquire(timeout=BEATS_WITHIN)
    renewed = world.read(job)
    assert renewed.lease_until == world.clock() + LEASE_MS
    assert renewed.version == job.version
    assert renewed.rev >= job.rev + 3


def test_no_heart_beats_after_the_end(world: World, job: Job) -> None:
    with attempt_at(world, job, heartbeat_seconds=0.01):
        pass
    assert not [thread for thread in threading.enumerate() if thread.name == "heartbeat"]


def test_a_missed_beat_is_survived(world: World, job: Job) -> None:
    beat = threading.Event()
    errors: list[Exception] = []
    world.network.fail("update_item", times=2)
    with attempt_at(
        world, job, heartbeat_seconds=0.01, keep_message=beat.set, on_heartbeat_error=errors.append
    ) as attempt:
        assert beat.wait(BEATS_WITHIN)
        attempt.progress("downloading", 0.5)
    assert len(errors) == 2
    assert "Throttling" in str(errors[0])


def test_the_work_hears_of_a_lease_that_a_beat_found_lost(world: World, job: Job) -> None:
    world.table.apply(job, Cancelled())
    with attempt_at(world, job, heartbeat_seconds=0.01) as attempt:
        attempt._thread.join(BEATS_WITHIN)
        assert not attempt._thread.is_alive()
        with pytest.raises(LeaseLost):
            attempt.progress("downloading", 0.5)
