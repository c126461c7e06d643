"""Dead letters in flight: received, so hidden from others for a time, and not yet deleted or released."""

import time
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext, suppress
from dataclasses import dataclass, field
from threading import Lock
from types import TracebackType
from typing import TYPE_CHECKING, Self

from botocore.exceptions import BotoCoreError, ClientError

from divescore.ops.replay.dead_letters import DeadLetter, QueueName, Receipt, received
from divescore.ops.replay.queues import BATCH, chunks, unconfirmed

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient
    from mypy_boto3_sqs.type_defs import (
        ChangeMessageVisibilityBatchRequestEntryTypeDef,
        DeleteMessageBatchRequestEntryTypeDef,
    )

# A look is short; should it be killed, the dead letters are visible again by themselves after this.
LOOK_SECONDS = 60
# A run extends this when half of it is over; should it be killed, the next one releases them by the journal.
RUN_SECONDS = 600
# An empty answer to a short poll says little, since not every server was asked; an empty long poll asked them all.
LONG_POLL_SECONDS = 1
REPEATS = 10  # so many answers with nothing new in them: the first messages are visible again already


@dataclass
class InFlight:
    """What we received and did not delete yet. Used as a context, it releases what is left at the end, however it ends.

    `urls`: the dead-letter queues. `visibility_seconds`: for how long others do not see what is received. `on_receive`
    gets each batch as it comes.
    """

    urls: Mapping[QueueName, str]
    sqs: "SQSClient"
    visibility_seconds: int
    on_receive: Callable[[Sequence[DeadLetter]], None] = lambda _: None
    clock: Callable[[], float] = time.monotonic
    _receipts: dict[str, Receipt] = field(default_factory=dict)
    _hidden_at: float = 0.0
    _lock: Lock = field(default_factory=Lock)

    @property
    def receipts(self) -> list[Receipt]:
        """Of everything that is in flight."""
        return list(self._receipts.values())

    def receive(self, names: Collection[QueueName]) -> list[DeadLetter]:
        """All visible messages of these queues, of all at once since each ends with a second of waiting."""
        self._hidden_at = self.clock()
        with ThreadPoolExecutor(len(names) or 1, "receive") as pool:
            return [letter for letters in pool.map(self._receive, names) for letter in letters]

    def extend(self) -> None:
        """Keep what is in flight hidden, when half of the time is over."""
        if self.clock() - self._hidden_at >= self.visibility_seconds / 2:
            self._hidden_at = self.clock()
            self._change_visibility(self.receipts, self.visibility_seconds)

    def release(self, receipts: Collection[Receipt]) -> int:
        """Make these messages visible to everybody again, ours or those of a dead run; how many that worked for.

        A receipt whose time has passed, or whose message was deleted, is no error: there is nothing to release.
        """
        with self._lock:
            for receipt in receipts:
                self._receipts.pop(receipt.message_id, None)
        return self._change_visibility(receipts, 0)

    def delete(self, letters: Iterable[DeadLetter]) -> dict[str, str]:
        """Delete dead letters for good; message id → why, for those that are still there."""
        failed: dict[str, str] = {}
        for url, receipts in self._batches([receipt for letter in letters if (receipt := letter.receipt)]):
            entries: list[DeleteMessageBatchRequestEntryTypeDef] = [
                {"Id": receipt.message_id, "ReceiptHandle": receipt.handle} for receipt in receipts
            ]
            answer = self.sqs.delete_message_batch(QueueUrl=url, Entries=entries)
            failed |= unconfirmed([receipt.message_id for receipt in receipts], answer)
            for receipt in receipts:
                if receipt.message_id not in failed:
                    self._receipts.pop(receipt.message_id, None)
        return failed

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, _e: BaseException | None, _tb: TracebackType | None) -> None:
        # What went wrong first is what has to be told.
        with suppress(BotoCoreError, ClientError) if kind else nullcontext():
            self.release(self.receipts)

    def _receive(self, name: QueueName) -> list[DeadLetter]:
        found: dict[str, DeadLetter] = {}
        empty, repeated = 0, 0
        while empty < 2 and repeated < REPEATS:
            answer = self.sqs.receive_message(
                QueueUrl=self.urls[name],
                MaxNumberOfMessages=BATCH,
                VisibilityTimeout=self.visibility_seconds,
                WaitTimeSeconds=LONG_POLL_SECONDS if empty else 0,
                MessageAttributeNames=["All"],
                MessageSystemAttributeNames=["All"],
            )
            letters = [received(name, message) for message in answer.get("Messages", [])]
            empty = 0 if letters else empty + 1
            repeated = repeated + 1 if letters and all(letter.message_id in found for letter in letters) else 0
            found |= {letter.message_id: letter for letter in letters}
            if letters:
                self.on_receive(letters)
                with self._lock:  # several queues are received from at once
                    self._receipts |= {letter.message_id: receipt for letter in letters if (receipt := letter.receipt)}
        return list(found.values())

    def _change_visibility(self, receipts: Collection[Receipt], seconds: int) -> int:
        changed = 0
        for url, part in self._batches(receipts):
            entries: list[ChangeMessageVisibilityBatchRequestEntryTypeDef] = [
                {"Id": receipt.message_id, "ReceiptHandle": receipt.handle, "VisibilityTimeout": seconds}
                for receipt in part
            ]
            answer = self.sqs.change_message_visibility_batch(QueueUrl=url, Entries=entries)
            changed += len(answer.get("Successful", []))
        return changed

    def _batches(self, receipts: Collection[Receipt]) -> Iterator[tuple[str, Sequence[Receipt]]]:
        for name, url in self.urls.items():
            for part in chunks([receipt for receipt in receipts if receipt.queue is name], BATCH):
                yield url, part
