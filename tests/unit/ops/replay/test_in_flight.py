"""On moto, which keeps the fakes honest, and on fakes."""

from typing import Any

import pytest

from divescore.ops.replay.dead_letters import DeadLetter, QueueName
from divescore.ops.replay.in_flight import InFlight
from divescore.ops.replay.journal import Journal
from tests.fakes.aws import Aws
from tests.fakes.world import SCORING_DLQ, UPLOADS_DLQ
from tests.unit.ops.replay.conftest import STREAM_DLQ, FakeSystem

SCORING = [QueueName.SCORING]


def put(aws: Aws, count: int, **more: Any) -> None:
    for number in range(count):
        aws.sqs.send_message(QueueUrl=aws.scoring_dlq, MessageBody=f"letter {number}", **more)


def in_flight_on(aws: Aws, url: str, **more: Any) -> InFlight:
    return InFlight({QueueName.SCORING: url}, aws.sqs, 600, **more)


def test_a_look_consumes_nothing(aws: Aws) -> None:
    put(aws, 23)
    heard: list[DeadLetter] = []
    ours, others = in_flight_on(aws, aws.scoring_dlq, on_receive=heard.extend), in_flight_on(aws, aws.scoring_dlq)
    letters = ours.receive(SCORING)
    assert {letter.body for letter in letters} == {f"letter {number}" for number in range(23)}
    assert len(heard) == 23
    assert others.receive(SCORING) == [], "hidden from everybody else"
    assert ours.release(ours.receipts) == 23
    assert len(others.receive(SCORING)) == 23


def test_deleted_messages_are_gone_and_others_are_named(aws: Aws) -> None:
    put(aws, 11)
    ours = in_flight_on(aws, aws.scoring_dlq)
    letters = ours.receive(SCORING)
    receipts = ours.receipts
    stranger = DeadLetter(QueueName.SCORING, "stranger", "no-such-receipt", "")
    failed = ours.delete([*letters, stranger])
    assert list(failed) == ["stranger"]
    assert ours.receipts == []
    assert ours.release(receipts) == 0


def test_looking_ends_although_messages_come_back_meanwhile(system: FakeSystem) -> None:
    for _ in range(3):
        system.dead_letter(system.job())
    assert len(system.in_flight(seconds=0).receive(SCORING)) == 3


def test_an_answer_that_leaves_an_entry_out_confirms_no_deletion(system: FakeSystem) -> None:
    system.dead_letter(system.job())
    (letter,) = system.receive()

    class Silent:
        def delete_message_batch(self, **_: Any) -> dict[str, Any]:
            return {}

    silent: Any = Silent()
    failed = InFlight({QueueName.SCORING: "q"}, silent, 600).delete([letter])
    assert failed == {letter.message_id: "the queue did not say"}


def test_dead_letters_are_hidden_while_in_flight_and_released_however_it_ends(system: FakeSystem) -> None:
    for queue in (UPLOADS_DLQ, SCORING_DLQ, STREAM_DLQ):
        system.send_to(queue, "x")
    queues = [QueueName.UPLOADS, QueueName.SCORING, QueueName.STREAM]
    with system.in_flight() as in_flight:
        assert len(in_flight.receive(queues)) == len(in_flight.receipts) == 3
        assert [system.visible(queue) for queue in (UPLOADS_DLQ, SCORING_DLQ, STREAM_DLQ)] == [0, 0, 0]
    assert [system.visible(queue) for queue in (UPLOADS_DLQ, SCORING_DLQ, STREAM_DLQ)] == [1, 1, 1]

    def fail() -> None:
        with system.in_flight() as in_flight:
            in_flight.receive(queues)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert [system.visible(queue) for queue in (UPLOADS_DLQ, SCORING_DLQ, STREAM_DLQ)] == [1, 1, 1]


def test_an_error_is_not_hidden_by_one_of_releasing(system: FakeSystem) -> None:
    system.send_to(SCORING_DLQ, "x")

    def fail() -> None:
        with system.in_flight() as in_flight:
            in_flight.receive([QueueName.SCORING])
            system.world.network.fail("change_message_visibility_batch", times=9)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()


def test_what_is_in_flight_is_extended_at_half_its_time_and_what_is_deleted_is_not(system: FakeSystem) -> None:
    clock = system.world.clock
    for _ in range(2):
        system.send_to(SCORING_DLQ, "x")
    with system.in_flight(60, clock=clock.seconds) as in_flight:
        first, second = in_flight.receive([QueueName.SCORING])
        assert in_flight.delete([first]) == {}
        clock.advance(29)
        in_flight.extend()
        clock.advance(1)
        in_flight.extend()
        clock.advance(59)
        assert system.visible() == 0
        assert in_flight.receipts == [second.receipt]


def test_what_a_dead_run_had_in_flight_is_released_by_its_journal(system: FakeSystem) -> None:
    system.send_to(SCORING_DLQ, "x")
    system.send_to(UPLOADS_DLQ, "x")
    with Journal(system.resources.journal) as journal:
        system.in_flight(on_receive=journal.in_flight).receive([QueueName.SCORING, QueueName.UPLOADS])
    next_run = system.in_flight()
    with Journal(system.resources.journal) as journal:
        assert next_run.release(journal.receipts.values()) == 2
        assert (system.visible(), system.visible(UPLOADS_DLQ)) == (1, 1)
        system.in_dlq().clear()
        assert next_run.release(journal.receipts.values()) == 1, "what is gone is not released"
