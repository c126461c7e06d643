"""Queues in memory: visibility, receive counts, redrive and retention, by a test's clock."""

import hashlib
import itertools
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from tests.fakes.clock import Clock
from tests.fakes.network import Network, refused
from tests.fakes.standin import StandIn


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
    trace: str | None = None


@dataclass
class Queue:
    """How a queue is set up, and what is in it."""

    visibility: int = 180
    retention: int = 86_400
    max_receives: int | None = None
    dead_letters: str | None = None
    messages: list[Message] = field(default_factory=list)


class FakeSqs(StandIn):
    """boto3's side: send, change visibility, depth. The event source's side: receive and delete."""

    def __init__(self, network: Network, clock: Clock, queues: dict[str, Queue]) -> None:
        self.queues = queues
        self.sent: list[tuple[str, Message]] = []  # every message that was ever sent, and to which queue
        self.refuses: Callable[[Mapping[str, Any]], bool] = lambda _entry: False
        self.keeps: Callable[[Mapping[str, Any]], bool] = lambda _entry: False
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
        MessageSystemAttributes: Mapping[str, Any] | None = None,
        DelaySeconds: int = 0,
    ) -> dict[str, Any]:
        now = self._clock()
        trace = (MessageSystemAttributes or {}).get("AWSTraceHeader", {}).get("StringValue")
        message = Message(
            f"m{next(self._ids)}",
            MessageBody,
            MessageGroupId,
            MessageAttributes or {},
            now,
            now + DelaySeconds * 1000,
            trace=trace,
        )

        def put() -> dict[str, Any]:
            self.queues[QueueUrl].messages.append(message)
            self.sent.append((QueueUrl, message))
            return {"MessageId": message.message_id, **_digests("MD5OfMessageBody", message)}

        return self._network.carry("sqs", "send_message", put)

    def send_message_batch(self, *, QueueUrl: str, Entries: list[dict[str, Any]]) -> dict[str, Any]:
        """Each entry on its own: those that `refuses` picks fail, the others are sent."""

        def send() -> dict[str, Any]:
            answer: dict[str, Any] = {"Successful": [], "Failed": []}
            for entry in Entries:
                words = {name: value for name, value in entry.items() if name != "Id"}
                if self.refuses(entry):
                    answer["Failed"].append({"Id": entry["Id"], "Code": "InternalError", "Message": "not now"})
                else:
                    with self._network.quiet():
                        taken = self.send_message(QueueUrl=QueueUrl, **words)
                    answer["Successful"].append({"Id": entry["Id"], **taken})
            return answer

        assert 1 <= len(Entries) <= 10
        return self._network.carry("sqs", "send_message_batch", send)

    def receive_message(self, *, QueueUrl: str, VisibilityTimeout: int, **_: Any) -> dict[str, Any]:
        """Up to ten visible messages with all their attributes."""

        def receive() -> dict[str, Any]:
            now = self._clock()
            taken = [message for message in self.queues[QueueUrl].messages if message.visible_at <= now][:10]
            for message in taken:
                message.receives += 1
                message.receipt = f"{message.message_id}.{message.receives}"
                message.visible_at = now + VisibilityTimeout * 1000
            return {"Messages": [_received(message) for message in taken]} if taken else {}

        return self._network.carry("sqs", "receive_message", receive)

    def delete_message_batch(self, *, QueueUrl: str, Entries: list[dict[str, Any]]) -> dict[str, Any]:
        """Each entry on its own, by its receipt."""

        def delete() -> dict[str, Any]:
            answer: dict[str, Any] = {"Successful": [], "Failed": []}
            for entry in Entries:
                known = any(m.receipt == entry["ReceiptHandle"] for m in self.queues[QueueUrl].messages)
                if known and not self.keeps(entry):
                    self.delete(QueueUrl, entry["ReceiptHandle"])
                    answer["Successful"].append({"Id": entry["Id"]})
                else:
                    answer["Failed"].append({"Id": entry["Id"], "Code": "ReceiptHandleIsInvalid"})
            return answer

        return self._network.carry("sqs", "delete_message_batch", delete)

    def change_message_visibility_batch(self, *, QueueUrl: str, Entries: list[dict[str, Any]]) -> dict[str, Any]:
        """Each entry on its own, by its receipt."""

        def change() -> dict[str, Any]:
            answer: dict[str, Any] = {"Successful": [], "Failed": []}
            for entry in Entries:
                found = [m for m in self.queues[QueueUrl].messages if m.receipt == entry["ReceiptHandle"]]
                for message in found:
                    message.visible_at = self._clock() + entry["VisibilityTimeout"] * 1000
                answer["Successful" if found else "Failed"].append({"Id": entry["Id"]})
            return answer

        return self._network.carry("sqs", "change_message_visibility_batch", change)

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


def _received(message: Message) -> dict[str, Any]:
    system = {"SentTimestamp": str(message.sent_at), "ApproximateReceiveCount": str(message.receives)}
    if message.group is not None:
        system["MessageGroupId"] = message.group
    if message.trace is not None:
        system["AWSTraceHeader"] = message.trace
    return {
        "MessageId": message.message_id,
        "ReceiptHandle": message.receipt,
        "Body": message.body,
        "Attributes": system,
        **({"MessageAttributes": dict(message.attributes)} if message.attributes else {}),
        **_digests("MD5OfBody", message),
    }


def _digests(body: str, message: Message) -> dict[str, str]:
    digests = {body: hashlib.md5(message.body.encode()).hexdigest()}
    if message.attributes:
        text = repr(sorted((name, sorted(value.items())) for name, value in message.attributes.items()))
        digests["MD5OfMessageAttributes"] = hashlib.md5(text.encode()).hexdigest()
    return digests
