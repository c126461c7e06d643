"""On moto, which keeps the fakes honest, and on fakes that fail for some entries of a batch."""

from typing import Any

import pytest

from divescore.ops.replay.dead_letters import DeadLetter, QueueName, Receipt
from divescore.ops.replay.queues import BATCH_BYTES, DeadLetterQueues, RateLimiter, SourceQueue, batches
from tests.fakes.aws import Aws
from tests.fakes.clock import Clock
from tests.unit.ops.replay.conftest import ATTRIBUTES, FakeSystem

EVERY_TYPE: dict[str, Any] = {
    **ATTRIBUTES,
    "picture": {"DataType": "Binary.png", "BinaryValue": b"\x89PNG\x00"},
    "kind": {"DataType": "String.kind", "StringValue": "née 漢 🤿"},
}


@pytest.fixture(autouse=True)
def _no_long_polls(monkeypatch: pytest.MonkeyPatch) -> None:
    """Moto waits for real."""
    monkeypatch.setattr("divescore.ops.replay.queues.LONG_POLL_SECONDS", 0)


def put(aws: Aws, count: int, **more: Any) -> None:
    for number in range(count):
        aws.sqs.send_message(QueueUrl=aws.scoring_dlq, MessageBody=f"letter {number}", **more)


def scoring_dlq(aws: Aws) -> DeadLetterQueues:
    return DeadLetterQueues({QueueName.SCORING: aws.scoring_dlq}, aws.sqs)


def receipts(letters: list[DeadLetter]) -> list[Receipt]:
    return [letter.receipt for letter in letters if letter.receipt]


def test_a_look_consumes_nothing(aws: Aws) -> None:
    put(aws, 23)
    queues = scoring_dlq(aws)
    heard: list[DeadLetter] = []
    letters = queues.receive_all(QueueName.SCORING, 600, heard.extend)
    assert {letter.body for letter in letters} == {f"letter {number}" for number in range(23)}
    assert len(heard) == 23
    assert queues.receive_all(QueueName.SCORING, 600) == [], "hidden from everybody else"
    assert queues.change_visibility(receipts(letters), 0) == 23
    assert len(queues.receive_all(QueueName.SCORING, 600)) == 23


def test_a_dead_letter_goes_back_as_it_was(aws: Aws) -> None:
    header = {"AWSTraceHeader": {"DataType": "String", "StringValue": "Root=1-2-3"}}
    put(aws, 2, MessageAttributes=EVERY_TYPE, MessageGroupId="client", MessageSystemAttributes=header)
    letters = scoring_dlq(aws).receive_all(QueueName.SCORING, 600)
    # One by one, since moto too forgets system attributes of batches.
    source = SourceQueue(aws.scoring, aws.sqs, batches_keep_traces=False)
    assert source.send([(letter, 0) for letter in letters]) == {}
    sent = DeadLetterQueues({QueueName.SCORING: aws.scoring}, aws.sqs).receive_all(QueueName.SCORING, 600)
    assert sorted(letter.body for letter in sent) == ["letter 0", "letter 1"]
    for letter in sent:
        assert letter.attributes == EVERY_TYPE
        assert (letter.group, letter.trace) == ("client", "Root=1-2-3")
        assert letter.digests[1] == letters[0].digests[1]


def test_batches_carry_attributes_and_groups_too(aws: Aws) -> None:
    put(aws, 12, MessageAttributes=EVERY_TYPE, MessageGroupId="client")
    letters = scoring_dlq(aws).receive_all(QueueName.SCORING, 600)
    for batch in batches(letters, lambda letter: letter):
        assert SourceQueue(aws.scoring, aws.sqs).send([(letter, 0) for letter in batch]) == {}
    sent = DeadLetterQueues({QueueName.SCORING: aws.scoring}, aws.sqs).receive_all(QueueName.SCORING, 600)
    assert [(letter.attributes, letter.group) for letter in sent] == [(EVERY_TYPE, "client")] * 12


def test_deleted_messages_are_gone_and_others_are_named(aws: Aws) -> None:
    put(aws, 11)
    queues = scoring_dlq(aws)
    letters = queues.receive_all(QueueName.SCORING, 600)
    stranger = DeadLetter(QueueName.SCORING, "stranger", "no-such-receipt", "")
    failed = queues.delete(receipts([*letters, stranger]))
    assert list(failed) == ["stranger"]
    assert queues.change_visibility(receipts(letters), 0) == 0


def test_what_a_batch_did_not_take_is_named(system: FakeSystem) -> None:
    letters = [system.dead_letter(system.job()) for _ in range(15)]
    unlucky = {letters[3].body, letters[12].body}
    system.world.sqs.refuses = lambda entry: entry["MessageBody"] in unlucky
    found = system.receive()
    failed: dict[str, str] = {}
    for batch in batches(found, lambda letter: letter):
        failed |= system.resources.source_queues[QueueName.SCORING].send([(letter, 0) for letter in batch])
    assert failed == dict.fromkeys((letters[3].message_id, letters[12].message_id), "InternalError: not now")
    assert len(system.sent()) == 13


def test_a_queue_that_took_something_else_has_not_taken_the_dead_letter(system: FakeSystem) -> None:
    system.dead_letter(system.job())
    (letter,) = system.receive()
    altered = DeadLetter(QueueName.SCORING, "m", "r", letter.body, {}, {}, letter.digests)
    send = system.world.sqs.send_message_batch

    def forgetful(**words: Any) -> dict[str, Any]:
        answer = send(**words)
        answer["Successful"][0]["MD5OfMessageAttributes"] = "other"
        return answer

    system.world.sqs.send_message_batch = forgetful  # type: ignore[method-assign]
    (why,) = system.resources.source_queues[QueueName.SCORING].send([(altered, 0)]).values()
    assert "MD5OfMessageAttributes differs" in why


def test_an_answer_that_leaves_an_entry_out_confirms_nothing(system: FakeSystem) -> None:
    system.dead_letter(system.job())
    (letter,) = system.receive()

    class Silent:
        def send_message_batch(self, **_: Any) -> dict[str, Any]:
            return {}

        def delete_message_batch(self, **_: Any) -> dict[str, Any]:
            return {}

    silent: Any = Silent()
    assert SourceQueue("q", silent).send([(letter, 0)]) == {letter.message_id: "the queue did not say"}
    assert DeadLetterQueues({QueueName.SCORING: "q"}, silent).delete(receipts([letter])) == {
        letter.message_id: "the queue did not say"
    }


def test_looking_ends_although_messages_come_back_meanwhile(system: FakeSystem) -> None:
    for _ in range(3):
        system.dead_letter(system.job())
    assert len(system.receive(seconds=0)) == 3


def test_batches_end_at_ten_messages_or_at_their_size() -> None:
    small = [DeadLetter(QueueName.SCORING, str(number), "r", "x") for number in range(23)]
    assert [len(batch) for batch in batches(small, lambda letter: letter)] == [10, 10, 3]
    large = [DeadLetter(QueueName.SCORING, str(number), "r", "x" * (BATCH_BYTES // 2)) for number in range(5)]
    assert [len(batch) for batch in batches(large, lambda letter: letter)] == [2, 2, 1]
    assert [len(batch) for batch in batches(small, lambda letter: letter, most=4)] == [4, 4, 4, 4, 4, 3]
    assert list(batches([], lambda letter: letter)) == []


@pytest.mark.parametrize(("rate", "batch"), [(None, 10), (1000.0, 10), (50.0, 5), (20.0, 2), (5.0, 1), (0.5, 1)])
def test_a_rate_counts_messages_not_batches(rate: float | None, batch: int) -> None:
    clock = Clock()
    limiter = RateLimiter(rate, clock.seconds, clock.advance)
    assert limiter.batch == batch
    begun, messages = clock.seconds(), 0
    while messages < 40:
        assert limiter.wait(batch, lambda: False)
        messages += batch
    passed = clock.seconds() - begun
    assert not limiter.wait(batch, lambda: True)
    assert passed == pytest.approx(0 if rate is None else (messages - batch) / rate, abs=0.05)
