"""Sweep: every overdue job is settled, and none keeps the others waiting."""

import pytest

from divescore.jobs.items import to_item
from divescore.jobs.messages import ScoringQueue
from divescore.jobs.model import Job
from divescore.jobs.transitions import QUEUE_RETENTION_MS
from divescore.uploads.notifications import Upload, parse_notification
from divescore.views import Status
from divescore.worker.delivery import Delivered
from tests.fakes.jobs import job_in
from tests.fakes.network import Killed
from tests.fakes.world import SCORING, UPLOADS, World


def put(world: World, job: Job) -> Job:
    world.dynamodb.put_item(Item=to_item(job))
    return job


def overdue(world: World, status: Status, **changes: object) -> Job:
    job = put(world, job_in(status, **changes))
    world.clock.now = job.deadline
    return job


def sent(world: World, queue: str) -> int:
    return len(world.sqs.queues[queue].messages)


def test_nothing_is_done_before_its_time(world: World) -> None:
    job = overdue(world, Status.QUEUED)
    world.clock.now -= 1
    assert world.sweeper.sweep() == {}
    assert world.read(job) == job


def test_a_form_that_nobody_used_expires(world: World) -> None:
    job = overdue(world, Status.AWAITING_UPLOAD)
    assert world.sweeper.sweep() == {"expired": 1}
    assert world.read(job).status is Status.EXPIRED


def test_a_lost_notification_is_written_again_until_the_gate_has_decided(world: World) -> None:
    job = overdue(world, Status.AWAITING_UPLOAD)
    version = world.post(job, notify=False)
    assert world.sweeper.sweep() == {"handed_on": 1}
    assert world.sweeper.sweep() == {"handed_on": 1}
    assert world.read(job) == job
    bodies = [message.body for message in world.sqs.queues[UPLOADS].messages]
    assert [parse_notification(body) for body in bodies] == [[Upload(job.job_id, version)]] * 2
    assert world.enqueue_once()
    assert world.sweeper.sweep() == {}
    assert world.read(job).status is Status.QUEUED


def test_an_upload_that_the_gate_cannot_decide_fails_in_the_end(world: World) -> None:
    job = overdue(world, Status.AWAITING_UPLOAD)
    version = world.post(job, notify=False)
    world.clock.now = job.deadline + QUEUE_RETENTION_MS
    assert world.sweeper.sweep() == {"failed": 1}
    assert (world.read(job).status, world.read(job).object_version) == (Status.FAILED, version)


def test_a_dive_that_waited_longer_than_the_queue_keeps_it_fails(world: World) -> None:
    job = overdue(world, Status.QUEUED)
    assert world.sweeper.sweep() == {"failed": 1}
    assert world.read(job).status is Status.FAILED


def test_a_dead_workers_dive_is_sent_again(world: World) -> None:
    job = overdue(world, Status.PROCESSING)
    assert world.sweeper.sweep() == {"sent_again": 1}
    assert world.read(job).status is Status.QUEUED
    assert sent(world, SCORING) == 1


def test_a_dead_workers_last_attempt_was_the_last(world: World) -> None:
    job = overdue(world, Status.PROCESSING, attempt=3)
    assert world.sweeper.sweep() == {"failed": 1}
    assert world.read(job).status is Status.FAILED
    assert sent(world, SCORING) == 0


def test_the_index_may_lag(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """It names a job that was settled, one whose lease was renewed, and one whose record is gone."""
    settled = put(world, job_in(Status.SCORED, job_id="1"))
    alive = put(world, job_in(Status.PROCESSING, job_id="2"))
    monkeypatch.setattr(world.table, "overdue", lambda _before, after=0: iter([] if after else ["1", "2", "3"]))
    assert world.sweeper.sweep() == {"untouched": 3}
    assert (world.read(settled), world.read(alive)) == (settled, alive)
    assert sent(world, SCORING) == 0


@pytest.mark.parametrize("arrived", [False, True])
def test_whoever_is_faster_than_sweep_wins(world: World, arrived: bool) -> None:
    job = overdue(world, Status.AWAITING_UPLOAD)
    if arrived:
        world.post(job, notify=False)
        world.clock.now = job.deadline + QUEUE_RETENTION_MS
    look = world.s3.head_object

    def queued_meanwhile(**arguments: str) -> object:
        put(world, job_in(Status.QUEUED, rev=job.rev + 1, deadline=world.clock() + 1))
        return look(**arguments)

    world.s3.head_object = queued_meanwhile  # type: ignore[method-assign, assignment]
    assert world.sweeper.sweep() == {"untouched": 1}
    assert world.read(job).status is Status.QUEUED


def test_one_bad_job_does_not_keep_the_others_waiting(world: World) -> None:
    jobs = [put(world, job_in(Status.QUEUED, job_id=f"{number}")) for number in range(5)]
    world.dynamodb.items["JOB#2", "JOB"].pop("createdAt")  # nothing can be made of this
    world.clock.now = jobs[0].deadline
    assert world.sweeper.sweep() == {"failed": 4, "error": 1}
    [(message, fields)] = world.reports
    assert message == "job could not be settled"
    assert fields["job_id"] == "2"


@pytest.mark.parametrize("operation", ["get_item", "send_message", "update_item"])
def test_what_fails_is_tried_again_a_minute_later(world: World, operation: str) -> None:
    job = overdue(world, Status.PROCESSING)
    world.network.fail(operation)
    assert world.sweeper.sweep() == {"error": 1}
    assert world.sweeper.sweep() == {"sent_again": 1}
    assert world.read(job).status is Status.QUEUED


def test_a_sweep_that_dies_before_its_write_has_sent_its_message(world: World) -> None:
    job = overdue(world, Status.PROCESSING)
    world.post(job, notify=False)
    world.network.fail("update_item", Killed())
    with pytest.raises(Killed):
        world.sweeper.sweep()
    assert sent(world, SCORING) == 1
    assert world.run_fairly(job).status is Status.SCORED


def taken(world: World, minutes: float) -> Job:
    """A queued job whose message was taken by a worker that died at once, so long ago."""
    job = world.create()
    world.post(job)
    assert world.enqueue_once()
    assert world.sqs.receive(SCORING) is not None
    world.clock.now += int(minutes * 60_000)
    return job


def test_a_job_whose_message_died_with_its_worker_before_the_claim_is_sent_again(world: World) -> None:
    job = taken(world, 5)
    assert world.sweeper.sweep() == {"sent_again": 1}
    assert world.read(job).status is Status.QUEUED
    assert world.work_once() is Delivered.SCORED


def test_a_job_that_only_just_left_the_queue_is_its_workers(world: World) -> None:
    taken(world, 4.9)
    assert world.sweeper.sweep() == {}


def test_while_others_wait_a_job_may_be_among_them(world: World) -> None:
    job = taken(world, 5)
    world.queue.send(world.read(job))
    assert world.sweeper.sweep() == {}


def test_a_queue_that_does_not_say_how_long_it_is_is_left_alone(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    taken(world, 5)
    monkeypatch.setattr(ScoringQueue, "ahead", lambda _queue: None)
    assert world.sweeper.sweep() == {}
