"""Queues in memory: visibility, receive counts, redrive and retention, by a test's clock."""

import itertools
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from tests.fakes.clock import Clock
from tests.fakes.network import Network, refused


@dataclass
class Message:
    """A message in a queue; `receipt` is that of the last receive."""

    message_id: str
    body: str
    group: str | None
    attributes: Mapping[str, Any]
    sent_at: int
    visible_at: int
    receives: int = 0
    receipt: str = ""


@dataclass
class Queue:
    """How a queue is set up, and what is in it."""

    visibility: int = 180
    retention: int = 86_400
    max_receives: int | None = None
    dead_letters: str | None = None
    messages: list[Message] = field(default_factory=list)


class FakeSqs:
    """boto3's side: send, change visibility, depth. The event source's side: receive and delete."""

    def __init__(self, network: Network, clock: Clock, queues: dict[str, Queue]) -> None:
        self.queues = queues
        self._network = network
        self._clock = clock
        self._ids = itertools.count(1)

    def send_message(
        self,
        *,
        QueueUrl: str,
        MessageBody: str,
        MessageGroupId: str | None = None,
        MessageAttributes: Mapping[str, Any] | None = None,
    ) -> None:
        now = self._clock()
        message = Message(f"m{next(self._ids)}", MessageBody, MessageGroupId, MessageAttributes or {}, now, now)
        self._network.carry("sqs", "send_message", lambda: self.queues[QueueUrl].messages.append(message))

    def change_message_visibility(
        self,
        *,
        QueueUrl: str,
        ReceiptHandle: str,
        VisibilityTimeout: int,
    ) -> None:
        def change() -> None:
            for message in self.queues[QueueUrl].messages:
                if message.receipt == ReceiptHandle:
                    message.visible_at = self._clock() + VisibilityTimeout * 1000
                    return
            raise refused("ReceiptHandleIsInvalid", "ChangeMessageVisibility")

        self._network.carry("sqs", "change_message_visibility", change)

    def get_queue_attributes(self, *, QueueUrl: str, AttributeNames: list[str]) -> dict[str, Any]:
        def count() -> dict[str, Any]:
            waiting = [m for m in self.queues[QueueUrl].messages if m.visible_at <= self._clock()]
            return {"Attributes": {AttributeNames[0]: str(len(waiting))}}

        return self._network.carry("sqs", "get_queue_attributes", count)

    def receive(self, url: str, pick: int = 0) -> Message | None:
        """The `pick`-th visible message, if there is one; what was received too often goes to the dead letters."""
        queue, now = self.queues[url], self._clock()
        queue.messages = [m for m in queue.messages if now - m.sent_at < queue.retention * 1000]
        for message in [m for m in queue.messages if m.visible_at <= now]:
            if queue.max_receives is not None and queue.dead_letters and message.receives >= queue.max_receives:
                queue.messages.remove(message)
                self.queues[queue.dead_letters].messages.append(message)
        visible = [m for m in queue.messages if m.visible_at <= now]
        if not visible:
            return None
        message = visible[pick % len(visible)]
        message.receives += 1
        message.receipt = f"{message.message_id}.{message.receives}"
        message.visible_at = now + queue.visibility * 1000
        return message

    def receive_is_possible(self, url: str) -> bool:
        """Whether a message is visible now."""
        return any(message.visible_at <= self._clock() for message in self.queues[url].messages)

    def delete(self, url: str, receipt: str, old_ones_count: bool = False) -> None:
        """Acknowledge. Whether a receipt from before the last receive still deletes, AWS leaves open: both may be."""
        queue, message_id = self.queues[url], receipt.split(".")[0]
        queue.messages = [
            m for m in queue.messages if m.receipt != receipt and not (old_ones_count and m.message_id == message_id)
        ]

    def duplicate(self, url: str, number: int = 0) -> None:
        """Deliver a message once more, under another id, as SQS and a redrive may."""
        messages, now = self.queues[url].messages, self._clock()
        if messages:
            original = messages[number % len(messages)]
            copy = Message(f"m{next(self._ids)}", original.body, original.group, original.attributes, now, now)
            messages.append(copy)
