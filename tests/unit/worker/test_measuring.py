"""What is counted and timed on a dive's way, at the gate and at the worker."""

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from divescore.jobs.items import to_item
from divescore.jobs.model import Cause, Job
from divescore.uploads.notifications import Upload
from divescore.video.errors import VideoRejected
from divescore.views import Status
from divescore.worker.delivery import Delivery
from tests.fakes.jobs import job_in
from tests.fakes.world import MAX_ATTEMPTS, NOT_A_VIDEO, SCORING, Report, World


class Recorder:
    """Keeps what it is told."""

    def __init__(self) -> None:
        self.counts: Counter[str] = Counter()
        self.times: dict[str, float] = {}

    def count(self, name: str, **dimensions: str) -> None:
        self.counts[" ".join([name, *dimensions.values()])] += 1

    def seconds(self, name: str, value: float, **dimensions: str) -> None:
        self.times[" ".join([name, *dimensions.values()])] = value


@pytest.fixture
def recorder() -> Recorder:
    return Recorder()


def admit(world: World, recorder: Recorder, job: Job, version: str) -> None:
    replace(world.admission, meter=recorder).admit(Upload(job.job_id, version))


def deliver(world: World, recorder: Recorder, job: Job, sent_at: int | None = None) -> None:
    """Have a worker take the job's message."""
    world.dynamodb.put_item(Item=to_item(job))
    world.post(job, notify=False)
    world.queue.send(replace(job, object_version="v1"))
    message = world.sqs.receive(SCORING)
    assert message is not None
    replace(world.worker(), meter=recorder).handle(Delivery.of(message.body, message.receipt, sent_at), lambda: 100)


def raising(error: Exception) -> Callable[[Path, Report], Mapping[str, Any]]:
    def score(path: Path, on_progress: Report) -> Mapping[str, Any]:
        raise error

    return score


def test_the_gate_counts_what_it_lets_in_and_what_not(world: World, recorder: Recorder) -> None:
    good, bad = world.create(), world.create()
    version = world.post(good, notify=False)
    admit(world, recorder, good, version)
    admit(world, recorder, good, version)
    admit(world, recorder, bad, world.post(bad, NOT_A_VIDEO, notify=False))
    assert recorder.counts == {"Accepted": 1, "Rejected NOT_A_VIDEO": 1}


def test_a_score_is_counted_and_its_stages_and_wait_timed(world: World, recorder: Recorder) -> None:
    deliver(world, recorder, job_in(Status.QUEUED), sent_at=world.clock() - 1500)
    assert recorder.counts == {"Scored": 1}
    assert recorder.times.keys() == {"QueueAge", "StageSeconds download", "StageSeconds decode", "StageSeconds infer"}
    assert recorder.times["QueueAge"] == 1.5
    assert recorder.times["StageSeconds infer"] == 0.02


def test_a_later_attempt_is_no_wait_for_the_first_worker(world: World, recorder: Recorder) -> None:
    deliver(world, recorder, job_in(Status.QUEUED, attempt=1), sent_at=world.clock() - 1500)
    assert "QueueAge" not in recorder.times


def test_a_clock_that_is_behind_the_queues_measures_no_wait(world: World, recorder: Recorder) -> None:
    deliver(world, recorder, job_in(Status.QUEUED), sent_at=world.clock() + 40)
    assert recorder.times["QueueAge"] == 0


def test_a_takeover_is_counted(world: World, recorder: Recorder) -> None:
    deliver(world, recorder, job_in(Status.PROCESSING, lease_until=world.clock() - 1))
    assert recorder.counts == {"TakenOver": 1, "Scored": 1}


def test_a_busy_job_counts_for_nothing(world: World, recorder: Recorder) -> None:
    deliver(world, recorder, job_in(Status.PROCESSING, lease_until=world.clock() + 1000))
    assert recorder.counts == {}


@pytest.mark.parametrize(
    ("error", "attempt", "counted"),
    [
        (VideoRejected("TOO_LONG", "Too long."), 0, "Rejected TOO_LONG"),
        (MemoryError(), 0, "Retried OUT_OF_MEMORY"),
        (MemoryError(), MAX_ATTEMPTS - 1, "Failed OUT_OF_MEMORY"),
    ],
)
def test_what_goes_wrong_is_counted_by_code(
    world: World, recorder: Recorder, error: Exception, attempt: int, counted: str
) -> None:
    world.score = raising(error)
    deliver(world, recorder, job_in(Status.QUEUED, attempt=attempt))
    assert recorder.counts == {counted: 1}


def test_spent_attempts_are_a_failure_and_their_further_deliveries_are_not(world: World, recorder: Recorder) -> None:
    spent = job_in(Status.PROCESSING, attempt=MAX_ATTEMPTS, lease_until=world.clock() - 1)
    deliver(world, recorder, spent)
    assert recorder.counts == {"Failed ATTEMPTS_SPENT": 1}
    deliver(world, recorder, job_in(Status.FAILED, error=Cause("INTERNAL", "A fault.", True)))
    assert recorder.counts == {"Failed ATTEMPTS_SPENT": 1}
