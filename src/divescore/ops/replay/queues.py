"""Source queues, to which dead letters are sent again: in batches, and at a rate."""

import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

from divescore.ops.replay.dead_letters import DeadLetter

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient
    from mypy_boto3_sqs.type_defs import SendMessageRequestQueueSendMessageTypeDef

BATCH = 10  # messages per call, SQS's limit
BATCH_BYTES = 256 * 1024  # of all bodies and attributes of a batch; SQS takes four times as much today, not everywhere
SHORTEST_WAIT_SECONDS, LONGEST_WAIT_SECONDS = 0.001, 1.0

Item = TypeVar("Item")


@dataclass(frozen=True)
class SourceQueue:
    """A queue that dead letters came from and go back to."""

    url: str
    sqs: "SQSClient"
    batches_keep_traces: bool = True  # otherwise dead letters with a trace are sent one by one

    def send(self, messages: Sequence[tuple[DeadLetter, int]]) -> dict[str, str]:
        """Send one batch of dead letters as they were, each after its delay in seconds.

        Returns message id → why, for those not confirmed. Confirmed means that the queue named it as successful *and*
        gave the same digests as for the dead letter.
        """
        failed: dict[str, str] = {}
        alone = [] if self.batches_keep_traces else [message for message in messages if message[0].trace]
        for letter, delay in alone:
            failed |= _altered(letter, self.sqs.send_message(QueueUrl=self.url, **_message(letter, delay)))
        together = [message for message in messages if message not in alone]
        if together:
            answer = self.sqs.send_message_batch(
                QueueUrl=self.url,
                Entries=[{"Id": letter.message_id, **_message(letter, delay)} for letter, delay in together],
            )
            letters = {letter.message_id: letter for letter, _ in together}
            failed |= unconfirmed(letters, answer)
            for entry in answer.get("Successful", []):
                failed |= _altered(letters[entry["Id"]], entry)
        return failed


def batches(items: Iterable[Item], letter_of: Callable[[Item], DeadLetter], most: int = BATCH) -> Iterator[list[Item]]:
    """Cut a row into batches of at most `most` that SQS takes in one call."""
    batch: list[Item] = []
    size = 0
    for item in items:
        more = letter_of(item).size
        if batch and (len(batch) >= most or size + more > BATCH_BYTES):
            yield batch
            batch, size = [], 0
        batch.append(item)
        size += more
    if batch:
        yield batch


def chunks(items: Sequence[Item], size: int) -> Iterator[Sequence[Item]]:
    """Cut a row into pieces of at most `size`."""
    for start in range(0, len(items), size):
        yield items[start : start + size]


def unconfirmed(message_ids: Iterable[str], answer: Mapping[str, Any]) -> dict[str, str]:
    """Why, for each message of a batch that the answer does not name as successful."""
    done = {entry["Id"] for entry in answer.get("Successful", [])}
    reasons = {
        entry["Id"]: ": ".join(filter(None, (entry.get("Code", "unknown"), entry.get("Message"))))
        for entry in answer.get("Failed", [])
    }
    return {name: reasons.get(name, "the queue did not say") for name in message_ids if name not in done}


class RateLimiter:
    """Lets messages through at a rate: each counts, not each batch. Without a rate everything passes."""

    def __init__(
        self,
        rate: float | None,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._rate = rate
        self._clock = clock
        self._sleep = sleep
        self._free_at = clock()

    @property
    def batch(self) -> int:
        """Messages to send at once, so that even a batch is no burst of more than a tenth of a second."""
        return BATCH if self._rate is None else max(1, min(BATCH, int(self._rate / 10)))

    def wait(self, messages: int, stopped: Callable[[], bool]) -> bool:
        """Return True when `messages` more may be sent, False once `stopped`, which is asked every second, says so."""
        while not (ends := stopped()) and (rest := self._free_at - self._clock()) > SHORTEST_WAIT_SECONDS:
            self._sleep(min(rest, LONGEST_WAIT_SECONDS))
        if self._rate is not None:
            self._free_at = max(self._free_at, self._clock()) + messages / self._rate
        return not ends


def _message(letter: DeadLetter, delay: int) -> "SendMessageRequestQueueSendMessageTypeDef":
    message: SendMessageRequestQueueSendMessageTypeDef = {"MessageBody": letter.body}
    if letter.attributes:
        message["MessageAttributes"] = letter.attributes
    if letter.group is not None:
        message["MessageGroupId"] = letter.group
    if letter.trace is not None:
        message["MessageSystemAttributes"] = {"AWSTraceHeader": {"DataType": "String", "StringValue": letter.trace}}
    if delay:
        message["DelaySeconds"] = delay
    return message


def _altered(letter: DeadLetter, answer: Mapping[str, Any]) -> dict[str, str]:
    for name, digest in zip(("MD5OfMessageBody", "MD5OfMessageAttributes"), letter.digests, strict=True):
        if digest and answer.get(name) and answer[name] != digest:
            return {letter.message_id: f"the queue took something else than the dead letter ({name} differs)"}
    return {}
