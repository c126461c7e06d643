from typing import Any

from divescore.ops.replay.canary import split, wait_for
from divescore.ops.replay.dead_letters import Source
from divescore.ops.replay.in_flight import desk, survey
from divescore.ops.replay.planning import Action, Confirmed, Step, plan
from divescore.uploads.notifications import notification_body
from divescore.views import Status
from tests.fakes.world import UPLOADS_DLQ
from tests.unit.ops.replay.conftest import Graveyard


def steps(graveyard: Graveyard) -> list[Step]:
    with desk(graveyard.place, 60) as here:
        return plan(survey(here, list(Source)), Confirmed(), graveyard.world.clock())


def test_the_oldest_that_have_a_dive_scored_are_sent_first(graveyard: Graveyard) -> None:
    cancelled = graveyard.job(Status.CANCELLED)
    graveyard.bury(UPLOADS_DLQ, notification_body("bucket", cancelled.key, cancelled.object_version or ""))
    letters = []
    for _ in range(3):
        graveyard.world.clock.advance(1)
        letters.append(graveyard.letter(graveyard.job()))
    first, rest = split(steps(graveyard), 2)
    assert [step.letter.message_id for step in first] == [letter.message_id for letter in letters[:2]]
    assert [step.action for step in rest] == [Action.SEND, Action.SEND]
    assert split(steps(graveyard), 0)[0] == []


def wait(graveyard: Graveyard, *job_ids: str, seconds: float = 5, **more: Any) -> dict[str, str]:
    clock = graveyard.world.clock
    verdict = wait_for(graveyard.place.table, job_ids, seconds, clock=clock.seconds, sleep=clock.advance, **more)
    assert verdict.well == (set(verdict.states.values()) <= {"SCORED"})
    return verdict.states


def test_waits_until_all_have_ended(graveyard: Graveyard) -> None:
    scored, failed = graveyard.job(Status.SCORED), graveyard.job()
    ends = {scored.job_id: "SCORED", failed.job_id: "FAILED", "gone": "REMOVED"}
    before = graveyard.world.clock()
    assert wait(graveyard, *ends) == ends
    assert graveyard.world.clock() == before, "nothing to wait for"
    assert wait(graveyard) == {}


def test_does_not_wait_for_ever(graveyard: Graveyard) -> None:
    queued = graveyard.job(Status.QUEUED)
    before = graveyard.world.clock()
    assert wait(graveyard, queued.job_id) == {queued.job_id: "QUEUED"}
    assert 5000 <= graveyard.world.clock() - before < 6000
    assert wait(graveyard, queued.job_id, seconds=1e9, stopped=lambda: True) == {queued.job_id: "QUEUED"}
