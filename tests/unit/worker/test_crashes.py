"""A process may die before or after any of its writes: the dive is scored once all the same."""

import itertools
from collections.abc import Callable

import pytest

from divescore.jobs.items import to_item
from divescore.jobs.model import Job
from divescore.views import FINAL, Status
from tests.fakes.jobs import job_in
from tests.fakes.network import Killed, Moment
from tests.fakes.world import NOT_A_VIDEO, SCORING_DLQ, VIDEO, World

MOMENTS: tuple[Moment, Moment] = ("before", "after")
Start = Callable[[World], Job]


def uploaded(world: World) -> Job:
    """From the form post on: the gate, then a worker."""
    job = world.create()
    world.post(job, VIDEO)
    return job


def no_video(world: World) -> Job:
    """The gate turns it away."""
    job = world.create()
    world.post(job, NOT_A_VIDEO)
    return job


def unheard(world: World) -> Job:
    """S3's notification was lost: sweep, the gate, then a worker."""
    job = world.create()
    world.post(job, VIDEO, notify=False)
    world.clock.now = job.deadline
    return job


def abandoned(world: World) -> Job:
    """A worker died and its message with it: sweep, then another worker."""
    job = job_in(Status.PROCESSING)
    world.dynamodb.put_item(Item=to_item(job))
    world.post(job, VIDEO, notify=False)
    world.clock.now = job.deadline
    return job


def cancelled(world: World) -> Job:
    """The client cancels after its upload, before anybody looked; it asks again when its request dies."""
    job = uploaded(world)
    for _ in range(5):
        try:
            world.operations.cancel(job.job_id)
        except Killed:
            continue
        break
    return job


SCENES: dict[Start, Status] = {
    uploaded: Status.SCORED,
    no_video: Status.REJECTED,
    unheard: Status.SCORED,
    abandoned: Status.SCORED,
}


def writes(start: Start) -> int:
    """How many writes a run without faults takes from here to its end."""
    world = World()
    job = start(world)
    before = len(world.network.calls)
    world.run_fairly(job)
    return sum(call.writes for call in world.network.calls[before:])


def check(world: World, job: Job, expected: Status) -> None:
    settled = world.read(job)
    assert settled.status is expected
    history = [new for old, new in world.writes_of(job) if old is not None]
    assert [entry.version for entry in history] == sorted(entry.version for entry in history)
    assert sum(entry.status in FINAL for entry in history) == 1, "it ends once"
    assert sum(entry.result is not None for entry in history) == (expected is Status.SCORED), "one score"
    assert world.sqs.queues[SCORING_DLQ].messages == [], "nothing that ends well leaves a dead letter"


@pytest.mark.parametrize("start", SCENES, ids=lambda start: start.__name__)
def test_a_crash_at_any_write_changes_nothing_in_the_end(start: Start) -> None:
    count = writes(start)
    assert count >= 1
    for number, moment in itertools.product(range(1, count + 1), MOMENTS):
        world = World()
        job = start(world)
        world.network.kill_at_write(number, moment)
        world.run_fairly(job)
        assert world.network.faults[0].times == 0, "the crash happened"
        check(world, job, SCENES[start])


@pytest.mark.parametrize("start", [uploaded, no_video, unheard], ids=lambda start: start.__name__)
def test_two_crashes_change_nothing_either(start: Start) -> None:
    """Two, since the third dead worker would spend the attempts."""
    numbers = range(1, writes(start) + 1)
    for first, later, moments in itertools.product(numbers, numbers, itertools.product(MOMENTS, MOMENTS)):
        world = World()
        job = start(world)
        world.network.kill_at_write(first, moments[0])
        world.network.kill_at_write(first + later, moments[1])
        world.run_fairly(job)
        check(world, job, SCENES[start])


def test_a_cancel_that_dies_anywhere_and_is_asked_again_leaves_no_video() -> None:
    for number, moment in itertools.product(range(1, 3), MOMENTS):
        world = World()
        world.network.kill_at_write(number + 1, moment)  # after creating
        job = cancelled(world)
        assert world.network.faults[0].times == 0
        world.run_fairly(job)
        assert world.read(job).status is Status.CANCELLED
        assert world.s3.objects[job.key] == []


def test_a_video_that_kills_every_worker_fails_after_three_attempts_with_one_dead_letter(world: World) -> None:
    job = uploaded(world)

    def poison(*_: object) -> dict[str, object]:
        raise Killed

    world.score = poison
    failed = world.run_fairly(job)
    assert (failed.status, failed.attempt) == (Status.FAILED, 3)
    assert failed.error is not None
    assert failed.error.code == "ATTEMPTS_SPENT"
    while world.work_once() is not None:
        pass
    [letter] = world.sqs.queues[SCORING_DLQ].messages
    assert letter.attributes["cause"]["StringValue"] == "ATTEMPTS_SPENT"


def test_a_death_after_failing_still_leaves_a_dead_letter(world: World) -> None:
    job = uploaded(world)
    assert world.enqueue_once()
    world.s3.objects.clear()  # so that the first attempt ends in FAILED
    world.network.kill_at_write(4, "before")  # claim, visibility, FAILED, dead letter
    assert world.work_once() is None
    assert world.read(job).status is Status.FAILED
    assert world.sqs.queues[SCORING_DLQ].messages == []
    world.clock.advance(60)
    world.work_once()
    assert len(world.sqs.queues[SCORING_DLQ].messages) == 1


@pytest.mark.parametrize("copies", [1, 3])
def test_duplicates_of_everything_score_once(world: World, copies: int) -> None:
    job = uploaded(world)
    for _ in range(copies):
        world.sqs.duplicate("uploads")
    while world.enqueue_once():
        for _ in range(copies):
            world.sqs.duplicate("scoring")
    world.run_fairly(job)
    while world.sqs.receive_is_possible("scoring"):
        world.work_once()
    check(world, job, Status.SCORED)
