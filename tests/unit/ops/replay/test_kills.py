"""A run may die before or after any of its writes: nothing is lost, nothing is scored twice, nothing is altered."""

from pathlib import Path

import pytest

from divescore.views import Status
from tests.fakes.network import Call, Moment
from tests.fakes.world import SCORING, SCORING_DLQ
from tests.unit.ops.replay.conftest import ATTRIBUTES, Graveyard

LETTERS = 3
MOST_WRITES = 60


@pytest.mark.parametrize("moment", ["before", "after"])
@pytest.mark.parametrize("pause", [0, 6, 3600], ids=["at once", "when its messages are due", "an hour later"])
@pytest.mark.parametrize("alone", [False, True], ids=["in batches", "one by one"])
def test_wherever_a_run_dies_the_next_one_makes_it_good(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, moment: Moment, pause: int, alone: bool
) -> None:
    """Every write in turn, until a run lives to its end: all kill points there are, not some."""
    for number in range(1, MOST_WRITES):
        graveyard = Graveyard(tmp_path / str(number))
        if alone:
            object.__setattr__(graveyard.place, "batches_keep_traces", False)
        monkeypatch.setattr("divescore.ops.replay.operations.open_place", lambda _stack, place=graveyard.place: place)
        world = graveyard.world
        buried = {job.job_id: (job, graveyard.letter(job)) for job in (graveyard.job() for _ in range(LETTERS))}
        bare = graveyard.job()  # failed, and no letter speaks of it
        killed = graveyard.run_until_killed(number, moment)
        for job in (bare, *(job for job, _ in buried.values())):
            assert graveyard.status(job) is Status.FAILED or graveyard.on_its_way(job), "QUEUED without a message"

        # Workers go on meanwhile, and put away what they meet too early.
        world.clock.advance(pause)
        while world.sqs.receive_is_possible("scoring"):
            world.work_once()
        for job, _ in buried.values():
            alive = graveyard.status(job) is not Status.FAILED
            assert alive or any(job.job_id in letter.body for letter in graveyard.dead()), "lost"

        document = graveyard.run()
        assert document["ok"], document
        world.run_fairly(*(job for job, _ in buried.values()), bare)

        for job, letter in buried.values():
            assert (graveyard.status(job), graveyard.times_scored(job)) == (Status.SCORED, 1)
            mine = [message for message in graveyard.sent() if job.job_id in message.body and message.trace]
            assert mine, "the letter itself was sent, not a copy made by somebody who lost half of it"
            for message in mine:
                assert (message.body, message.group, message.trace) == (letter.body, letter.group, letter.trace)
                assert message.attributes == ATTRIBUTES
        assert graveyard.times_scored(bare) == 1
        # What a worker put away in between is about a dive that has its score now.
        for left in graveyard.dead(SCORING_DLQ):
            assert graveyard.visible() == len(graveyard.dead()), left
        assert not graveyard.place.journal.exists()
        if not killed:
            assert number > LETTERS, "the run made hardly any writes"
            return
    raise AssertionError("the run never lives to its end")


@pytest.mark.parametrize("seconds", [0, 2, 10])
def test_idle_workers_take_every_message_the_moment_they_can(graveyard: Graveyard, seconds: int) -> None:
    """However slow each call of the run is: a message that came too early is sent once more."""
    world = graveyard.world
    jobs = [graveyard.job() for _ in range(LETTERS)]
    for job in jobs[1:]:
        graveyard.letter(job)

    def work(_call: Call, _moment: Moment) -> None:
        with world.network.quiet():
            world.clock.advance(seconds / 2)
            while world.sqs.receive_is_possible(SCORING):
                world.work_once()

    world.network.gate = work
    graveyard.run(clock=world.clock.seconds)
    world.network.gate = None
    for job in jobs:
        assert graveyard.status(job) is Status.SCORED or graveyard.on_its_way(job)
    world.run_fairly(*jobs)
    assert [graveyard.times_scored(job) for job in jobs] == [1] * LETTERS
