from typing import Any

from divescore.ops.replay.canary import split, wait_for
from divescore.ops.replay.dead_letters import QueueName
from divescore.ops.replay.lookup import survey
from divescore.ops.replay.planning import Action, Confirmed, Step, plan
from divescore.uploads.notifications import notification_body
from divescore.views import Status
from tests.fakes.world import UPLOADS_DLQ
from tests.unit.ops.replay.conftest import FakeSystem


def steps(system: FakeSystem) -> list[Step]:
    with system.in_flight() as in_flight:
        return plan(survey(system.resources, in_flight, list(QueueName)), Confirmed(), system.world.clock())


def test_the_oldest_that_have_a_dive_scored_are_sent_first(system: FakeSystem) -> None:
    cancelled = system.job(Status.CANCELLED)
    system.send_to(UPLOADS_DLQ, notification_body("bucket", cancelled.key, cancelled.object_version or ""))
    letters = []
    for _ in range(3):
        system.world.clock.advance(1)
        letters.append(system.dead_letter(system.job()))
    first, rest = split(steps(system), 2)
    assert [step.letter.message_id for step in first] == [letter.message_id for letter in letters[:2]]
    assert [step.action for step in rest] == [Action.SEND, Action.SEND]
    assert split(steps(system), 0)[0] == []


def wait(system: FakeSystem, *job_ids: str, seconds: float = 5, **more: Any) -> dict[str, str]:
    clock = system.world.clock
    return wait_for(system.resources.table, job_ids, seconds, clock=clock.seconds, sleep=clock.advance, **more)


def test_waits_until_all_have_ended(system: FakeSystem) -> None:
    scored, failed = system.job(Status.SCORED), system.job()
    ends = {scored.job_id: "SCORED", failed.job_id: "FAILED", "gone": "REMOVED"}
    before = system.world.clock()
    assert wait(system, *ends) == ends
    assert system.world.clock() == before, "nothing to wait for"
    assert wait(system) == {}


def test_does_not_wait_for_ever(system: FakeSystem) -> None:
    queued = system.job(Status.QUEUED)
    before = system.world.clock()
    assert wait(system, queued.job_id) == {queued.job_id: "QUEUED"}
    assert 5000 <= system.world.clock() - before < 6000
    assert wait(system, queued.job_id, seconds=1e9, stopped=lambda: True) == {queued.job_id: "QUEUED"}
