"""A run may die before or after any of its writes: nothing is lost, nothing is scored twice, nothing is altered."""

from pathlib import Path

import pytest

from divescore.views import Status
from tests.fakes.network import Call, Moment
from tests.fakes.world import SCORING, SCORING_DLQ
from tests.unit.ops.replay.conftest import ATTRIBUTES, FakeSystem

LETTERS = 3
MOST_WRITES = 60


@pytest.mark.parametrize("moment", ["before", "after"])
@pytest.mark.parametrize("pause", [0, 6, 3600], ids=["at once", "when its messages are due", "an hour later"])
@pytest.mark.parametrize("alone", [False, True], ids=["in batches", "one by one"])
def test_wherever_a_run_dies_the_next_one_makes_it_good(
    tmp_path: Path, moment: Moment, pause: int, alone: bool
) -> None:
    """Every write in turn, until a run lives to its end: all kill points there are, not some."""
    for number in range(1, MOST_WRITES):
        system = FakeSystem(tmp_path / str(number), batches_keep_traces=not alone)
        world = system.world
        failed = {job.job_id: (job, system.dead_letter(job)) for job in (system.job() for _ in range(LETTERS))}
        bare = system.job()  # failed, and no dead letter is about it
        killed = system.run_until_killed(number, moment)
        for job in (bare, *(job for job, _ in failed.values())):
            assert system.status(job) is Status.FAILED or system.on_its_way(job), "QUEUED without a message"

        # Workers go on meanwhile, and send what they meet too early to the dead-letter queue.
        world.clock.advance(pause)
        while world.sqs.receive_is_possible("scoring"):
            world.work_once()
        for job, _ in failed.values():
            alive = system.status(job) is not Status.FAILED
            assert alive or any(job.job_id in letter.body for letter in system.in_dlq()), "lost"

        document = system.run()
        assert document["ok"], document
        world.run_fairly(*(job for job, _ in failed.values()), bare)

        for job, letter in failed.values():
            assert (system.status(job), system.times_scored(job)) == (Status.SCORED, 1)
            mine = [message for message in system.sent() if job.job_id in message.body and message.trace]
            assert mine, "the dead letter itself was sent, not a copy made by somebody who lost half of it"
            for message in mine:
                assert (message.body, message.group, message.trace) == (letter.body, letter.group, letter.trace)
                assert message.attributes == ATTRIBUTES
        assert system.times_scored(bare) == 1
        # What a worker sent there in between is about a dive that has its score now.
        for left in system.in_dlq(SCORING_DLQ):
            assert system.visible() == len(system.in_dlq()), left
        assert not system.resources.journal.exists()
        if not killed:
            assert number > LETTERS, "the run made hardly any writes"
            return
    raise AssertionError("the run never lives to its end")


@pytest.mark.parametrize("seconds", [0, 2, 10])
def test_idle_workers_take_every_message_the_moment_they_can(system: FakeSystem, seconds: int) -> None:
    """However slow each call of the run is: a message that came too early is sent once more."""
    world = system.world
    jobs = [system.job() for _ in range(LETTERS)]
    for job in jobs[1:]:
        system.dead_letter(job)

    def work(_call: Call, _moment: Moment) -> None:
        with world.network.quiet():
            world.clock.advance(seconds / 2)
            while world.sqs.receive_is_possible(SCORING):
                world.work_once()

    world.network.gate = work
    system.run(clock=world.clock.seconds)
    world.network.gate = None
    for job in jobs:
        assert system.status(job) is Status.SCORED or system.on_its_way(job)
    world.run_fairly(*jobs)
    assert [system.times_scored(job) for job in jobs] == [1] * LETTERS
