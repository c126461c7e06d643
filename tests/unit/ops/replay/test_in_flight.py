import pytest

from divescore.ops.replay.dead_letters import QueueName
from divescore.ops.replay.in_flight import InFlight
from divescore.ops.replay.journal import Journal
from divescore.ops.replay.lookup import survey
from tests.fakes.world import SCORING_DLQ, UPLOADS_DLQ
from tests.unit.ops.replay.conftest import STREAM_DLQ, FakeSystem


def test_dead_letters_are_hidden_while_in_flight_and_released_however_it_ends(system: FakeSystem) -> None:
    for queue in (UPLOADS_DLQ, SCORING_DLQ, STREAM_DLQ):
        system.send_to(queue, "x")
    queues = [QueueName.UPLOADS, QueueName.SCORING, QueueName.STREAM]
    with InFlight(system.resources.dead_letter_queues, 60) as in_flight:
        assert len(in_flight.receive(queues)) == len(in_flight.message_ids) == 3
        assert [system.visible(queue) for queue in (UPLOADS_DLQ, SCORING_DLQ, STREAM_DLQ)] == [0, 0, 0]
    assert [system.visible(queue) for queue in (UPLOADS_DLQ, SCORING_DLQ, STREAM_DLQ)] == [1, 1, 1]

    def fail() -> None:
        with InFlight(system.resources.dead_letter_queues, 60) as in_flight:
            in_flight.receive(queues)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert [system.visible(queue) for queue in (UPLOADS_DLQ, SCORING_DLQ, STREAM_DLQ)] == [1, 1, 1]


def test_an_error_is_not_hidden_by_one_of_releasing(system: FakeSystem) -> None:
    system.send_to(SCORING_DLQ, "x")

    def fail() -> None:
        with InFlight(system.resources.dead_letter_queues, 60) as in_flight:
            in_flight.receive([QueueName.SCORING])
            system.world.network.fail("change_message_visibility_batch", times=9)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()


def test_what_is_in_flight_is_extended_at_half_its_time_and_what_is_deleted_is_not(system: FakeSystem) -> None:
    clock = system.world.clock
    for _ in range(2):
        system.send_to(SCORING_DLQ, "x")
    with InFlight(system.resources.dead_letter_queues, 60, clock=clock.seconds) as in_flight:
        first, second = in_flight.receive([QueueName.SCORING])
        assert in_flight.delete([first]) == {}
        clock.advance(29)
        in_flight.extend()
        clock.advance(1)
        in_flight.extend()
        clock.advance(59)
        assert system.visible() == 0
        assert in_flight.message_ids == [second.message_id]


def test_what_a_dead_run_had_in_flight_is_released_by_its_journal(system: FakeSystem) -> None:
    system.send_to(SCORING_DLQ, "x")
    system.send_to(UPLOADS_DLQ, "x")
    queues = system.resources.dead_letter_queues
    with Journal(system.resources.journal) as journal:
        for queue in (QueueName.SCORING, QueueName.UPLOADS):
            queues.receive_all(queue, 600, journal.in_flight)
    with Journal(system.resources.journal) as journal:
        assert queues.change_visibility(journal.receipts.values(), 0) == 2
        assert (system.visible(), system.visible(UPLOADS_DLQ)) == (1, 1)
        system.in_dlq().clear()
        assert queues.change_visibility(journal.receipts.values(), 0) == 1, "what is gone is not released"


def test_failed_jobs_are_those_that_no_dead_letter_is_about_whichever_queues_are_chosen(system: FakeSystem) -> None:
    bare, other = system.job(), system.job()
    system.dead_letter(other)
    with InFlight(system.resources.dead_letter_queues, 60) as in_flight:
        (diagnosis,) = survey(system.resources, in_flight, [QueueName.JOBS])
    assert diagnosis.jobs == (bare.job_id,)
    with InFlight(system.resources.dead_letter_queues, 60) as in_flight:
        assert {each.jobs for each in survey(system.resources, in_flight, list(QueueName))} == {
            (bare.job_id,),
            (other.job_id,),
        }
