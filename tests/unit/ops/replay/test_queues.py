"""On moto, which keeps the fakes honest, and on fakes that fail for some entries of a batch."""

from typing import Any

import pytest

from divescore.ops.replay.dead_letters import DeadLetter, QueueName
from divescore.ops.replay.queues import BATCH_BYTES, RateLimiter, SourceQueue, batches
from tests.fakes.aws import Aws
from tests.fakes.clock import Clock
from tests.unit.ops.replay.conftest import ATTRIBUTES, FakeSystem
from tests.unit.ops.replay.test_in_flight import SCORING, in_flight_on, put

EVERY_TYPE: dict[str, Any] = {
    **ATTRIBUTES,
    "picture": {"DataType": "Binary.png", "BinaryValue": b"\x89PNG\x00"},
    "kind": {"DataType": "String.kind", "StringValue": "née 漢 🤿"},
}


def test_a_dead_letter_goes_back_as_it_was(aws: Aws) -> None:
    header = {"AWSTraceHeader": {"DataType": "String", "StringValue": "Root=1-2-3"}}
    put(aws, 2, MessageAttributes=EVERY_TYPE, MessageGroupId="client", MessageSystemAttributes=header)
    letters = in_flight_on(aws, aws.scoring_dlq).receive(SCORING)
    # One by one, since moto too forgets system attributes of batches.
    source = SourceQueue(aws.scoring, aws.sqs, batches_keep_traces=False)
    assert source.send([(letter, 0) for letter in letters]) == {}
    sent = in_flight_on(aws, aws.scoring).receive(SCORING)
    assert sorted(letter.body for letter in sent) == ["letter 0", "letter 1"]
    for letter in sent:
        assert letter.attributes == EVERY_TYPE
        assert (letter.group, letter.trace) == ("client", "Root=1-2-3")
        assert letter.digests[1] == letters[0].digests[1]


def test_batches_carry_attributes_and_groups_too(aws: Aws) -> None:
    put(aws, 12, MessageAttributes=EVERY_TYPE, MessageGroupId="client")
    letters = in_flight_on(aws, aws.scoring_dlq).receive(SCORING)
    for batch in batches(letters, lambda letter: letter):
        assert SourceQueue(aws.scoring, aws.sqs).send([(letter, 0) for letter in batch]) == {}
    sent = in_flight_on(aws, aws.scoring).receive(SCORING)
    assert [(letter.attributes, letter.group) for letter in sent] == [(EVERY_TYPE, "client")] * 12


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


def test_an_answer_that_leaves_an_entry_out_confirms_no_sending(system: FakeSystem) -> None:
    system.dead_letter(system.job())
    (letter,) = system.receive()

    class Silent:
        def send_message_batch(self, **_: Any) -> dict[str, Any]:
            return {}

    silent: Any = Silent()
    assert SourceQueue("q", silent).send([(letter, 0)]) == {letter.message_id: "the queue did not say"}


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
