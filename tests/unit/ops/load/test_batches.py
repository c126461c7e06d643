"""Batches: only what the queue confirmed one by one counts as sent, and what it refused for a while is sent again."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

import pytest
from botocore.exceptions import ClientError

from divescore.ops.load.batches import Batches
from divescore.ops.load.errors import SendFailed

THROTTLED = ClientError({"Error": {"Code": "ThrottlingException", "Message": "slow down"}}, "SendMessageBatch")


class Queue:
    """SQS as far as it matters: `answer(entries)` gives the failed entries' codes, by id, or raises."""

    def __init__(self, answer: Callable[[int, list[str]], dict[str, tuple[str, bool]]]) -> None:
        self.calls: list[list[str]] = []
        self.there: list[str] = []
        self._answer = answer

    def send_message_batch(self, QueueUrl: str, Entries: list[dict[str, str]]) -> dict[str, Any]:
        bodies = [entry["MessageBody"] for entry in Entries]
        self.calls.append(bodies)
        failed = self._answer(len(self.calls), bodies)
        self.there += [body for body in bodies if body not in failed]
        return {
            "Failed": [
                {
                    "Id": entry["Id"],
                    "Code": failed[entry["MessageBody"]][0],
                    "SenderFault": failed[entry["MessageBody"]][1],
                }
                for entry in Entries
                if entry["MessageBody"] in failed
            ]
        }


def run(queue: Queue, work: Callable[[Batches], Coroutine[Any, Any, Any]]) -> Any:
    async def inside() -> Any:
        batches = Batches(queue, "url", backoff=lambda _attempts: 0.0)  # type: ignore[arg-type]
        try:
            return await work(batches)
        finally:
            await batches.close()

    return asyncio.run(inside())


def send(count: int) -> Callable[[Batches], Coroutine[Any, Any, list[Any]]]:
    async def work(batches: Batches) -> list[Any]:
        messages = (batches.send(f"m{number}", "group") for number in range(count))
        return await asyncio.gather(*messages, return_exceptions=True)

    return work


def test_what_is_due_together_goes_in_tens() -> None:
    queue = Queue(lambda _call, _bodies: {})
    assert run(queue, send(35)) == [None] * 35
    assert sorted(queue.there) == sorted(f"m{number}" for number in range(35))
    assert sorted(len(call) for call in queue.calls) == [5, 10, 10, 10]


def test_entries_that_failed_are_sent_again_alone() -> None:
    queue = Queue(lambda call, _bodies: {"m3": ("InternalError", False)} if call == 1 else {})
    assert run(queue, send(10)) == [None] * 10
    assert queue.calls[1] == ["m3"]
    assert sorted(queue.there) == sorted(f"m{number}" for number in range(10))


def test_a_message_at_fault_itself_is_given_up_at_once() -> None:
    queue = Queue(lambda _call, _bodies: {"m1": ("InvalidMessageContents", True)})
    first, second, third = run(queue, send(3))
    assert (first, third) == (None, None)
    assert isinstance(second, SendFailed)
    assert second.code == "InvalidMessageContents"
    assert len(queue.calls) == 1


def test_a_queue_that_goes_on_refusing_is_given_up() -> None:
    queue = Queue(lambda _call, _bodies: {"m0": ("InternalError", False)})
    (answer,) = run(queue, send(1))
    assert isinstance(answer, SendFailed)
    assert answer.code == "InternalError"
    assert len(queue.calls) == 5


def test_a_batch_without_an_answer_is_sent_again() -> None:
    def answer(call: int, _bodies: list[str]) -> dict[str, tuple[str, bool]]:
        if call <= 2:
            raise THROTTLED
        return {}

    queue = Queue(answer)
    assert run(queue, send(4)) == [None] * 4
    assert len(queue.calls) >= 3


def test_messages_of_a_run_that_ended_hold_nobody_up() -> None:
    queue = Queue(lambda _call, _bodies: {})

    async def work(batches: Batches) -> None:
        waiting = asyncio.create_task(batches.send("late", "group"))
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting
        await batches.send("next", "group")

    run(queue, work)
    assert "next" in queue.there
