"""The queues' side: take letters without consuming them, hide them, give them back, send and delete them in batches."""

import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from divescore.ops.replay.dead_letters import Letter, Source, received

BATCH = 10  # messages per call, SQS's limit
BATCH_BYTES = 256 * 1024  # of all bodies and attributes of a batch; SQS takes four times as much today, not everywhere
# An empty answer to a short poll says little, since not every server was asked; an empty long poll asked them all.
LONG_POLL_SECONDS = 1
SHORTEST_WAIT_SECONDS, LONGEST_WAIT_SECONDS = 0.001, 1.0
REPEATS = 10  # so many answers with nothing new in them: the first letters are visible again already

Item = TypeVar("Item")


@dataclass(frozen=True)
class Hold:
    """A letter hidden from everybody else, by this receipt."""

    source: Source
    message_id: str
    receipt: str


@dataclass(frozen=True)
class Mailbox:
    """One dead-letter queue."""

    source: Source
    url: str
    sqs: Any

    def take(self, hide_seconds: int, taken: Callable[[Sequence[Letter]], None] = lambda _: None) -> list[Letter]:
        """Everything in the queue that nobody else holds, hidden for `hide_seconds`; `taken` hears of each batch."""
        found: dict[str, Letter] = {}
        empty, repeated = 0, 0
        while empty < 2 and repeated < REPEATS:
            answer = self.sqs.receive_message(
                QueueUrl=self.url,
                MaxNumberOfMessages=BATCH,
                VisibilityTimeout=hide_seconds,
                WaitTimeSeconds=LONG_POLL_SECONDS if empty else 0,
                MessageAttributeNames=["All"],
                MessageSystemAttributeNames=["All"],
            )
            letters = [received(self.source, message) for message in answer.get("Messages", [])]
            empty = 0 if letters else empty + 1
            repeated = repeated + 1 if letters and all(letter.message_id in found for letter in letters) else 0
            found |= {letter.message_id: letter for letter in letters}
            if letters:
                taken(letters)
        return list(found.values())

    def hide(self, receipts: Iterable[str], seconds: int) -> int:
        """Hide what these receipts stand for `seconds` from now, 0 to give it back; how many that worked for.

        A receipt whose time has passed, or whose letter was deleted, is no error: there is nothing to give back.
        """
        done = 0
        for part in chunks(list(receipts), BATCH):
            entries = [
                {"Id": str(number), "ReceiptHandle": receipt, "VisibilityTimeout": seconds}
                for number, receipt in enumerate(part)
            ]
            answer = self.sqs.change_message_visibility_batch(QueueUrl=self.url, Entries=entries)
            done += len(answer.get("Successful", []))
        return done

    def delete(self, letters: Sequence[Letter]) -> dict[str, str]:
        """Delete letters; message id → why, for those that are still there."""
        failed: dict[str, str] = {}
        for part in chunks([letter for letter in letters if letter.receipt is not None], BATCH):
            entries = [{"Id": str(number), "ReceiptHandle": letter.receipt} for number, letter in enumerate(part)]
            answer = self.sqs.delete_message_batch(QueueUrl=self.url, Entries=entries)
            gone = {entry["Id"] for entry in answer.get("Successful", [])}
            reasons = {entry["Id"]: entry.get("Code", "unknown") for entry in answer.get("Failed", [])}
            for number, letter in enumerate(part):
                if str(number) not in gone:
                    failed[letter.message_id] = reasons.get(str(number), "the queue did not say")
        return failed


@dataclass(frozen=True)
class Outbox:
    """The queue that letters came from and go back to."""

    url: str
    sqs: Any
    batches_keep_traces: bool = True  # otherwise letters with a trace go alone

    def send(self, posts: Sequence[tuple[Letter, int]]) -> dict[str, str]:
        """Send each letter as it was, after its delay in seconds; message id → why, for those not confirmed as sent.

        Confirmed means that the queue named it as successful *and* gave the same digests as for the letter.
        """
        failed: dict[str, str] = {}
        alone = [] if self.batches_keep_traces else [post for post in posts if post[0].trace]
        together = [post for post in posts if post not in alone]
        for letter, delay in alone:
            answer = self.sqs.send_message(QueueUrl=self.url, **_message(letter, delay))
            failed |= _altered(letter, answer)
        for part in chunks(together, BATCH):
            entries = [{"Id": str(number), **_message(*post)} for number, post in enumerate(part)]
            answer = self.sqs.send_message_batch(QueueUrl=self.url, Entries=entries)
            taken = {entry["Id"]: entry for entry in answer.get("Successful", [])}
            reasons = {entry["Id"]: _reason(entry) for entry in answer.get("Failed", [])}
            for number, (letter, _) in enumerate(part):
                if str(number) in taken:
                    failed |= _altered(letter, taken[str(number)])
                else:
                    failed[letter.message_id] = reasons.get(str(number), "the queue did not say")
        return failed


def batches(letters: Iterable[Item], letter_of: Callable[[Item], Letter], most: int = BATCH) -> Iterator[list[Item]]:
    """Cut a row into batches of at most `most` that SQS takes in one call."""
    batch: list[Item] = []
    size = 0
    for item in letters:
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


class Pacer:
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


def _message(letter: Letter, delay: int) -> dict[str, Any]:
    message: dict[str, Any] = {"MessageBody": letter.body}
    if letter.attributes:
        message["MessageAttributes"] = {name: dict(attribute) for name, attribute in letter.attributes.items()}
    if letter.group is not None:
        message["MessageGroupId"] = letter.group
    if letter.trace is not None:
        header = {"DataType": "String", "StringValue": letter.trace}
        message["MessageSystemAttributes"] = {"AWSTraceHeader": header}
    if delay:
        message["DelaySeconds"] = delay
    return message


def _altered(letter: Letter, answer: Mapping[str, Any]) -> dict[str, str]:
    for name, digest in zip(("MD5OfMessageBody", "MD5OfMessageAttributes"), letter.digests, strict=True):
        if digest and answer.get(name) and answer[name] != digest:
            return {letter.message_id: f"the queue took something else than the letter ({name} differs)"}
    return {}


def _reason(entry: Mapping[str, Any]) -> str:
    return f"{entry.get('Code', 'unknown')}: {entry.get('Message', 'no reason given')}"
