"""Dead letters while somebody works with them: in flight, so hidden from others, until they are deleted or released."""

import time
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext, suppress
from dataclasses import dataclass, field
from threading import Lock
from types import TracebackType
from typing import Self

from botocore.exceptions import BotoCoreError, ClientError

from divescore.ops.replay.dead_letters import DeadLetter, QueueName, Receipt
from divescore.ops.replay.queues import DeadLetterQueues

# A look is short; should it be killed, the dead letters are visible again by themselves after this.
LOOK_SECONDS = 60
# A run extends this when half of it is over; should it be killed, the next one releases them by the journal.
RUN_SECONDS = 600


@dataclass
class InFlight:
    """What was received and not yet deleted. Within `with`: whatever is left at the end, however it ends, is released.

    `visibility_seconds`: how long others do not see what is received. `on_receive` gets each batch as it comes.
    """

    queues: DeadLetterQueues
    visibility_seconds: int
    on_receive: Callable[[Sequence[DeadLetter]], None] = lambda _: None
    clock: Callable[[], float] = time.monotonic
    _receipts: dict[str, Receipt] = field(default_factory=dict)
    _hidden_at: float = 0.0
    _lock: Lock = field(default_factory=Lock)

    def receive(self, names: Sequence[QueueName]) -> list[DeadLetter]:
        """Everything in these queues, all of them at once since each ends with a second of waiting."""
        self._hidden_at = self.clock()
        with ThreadPoolExecutor(len(names) or 1, "receive") as pool:
            found = pool.map(lambda name: self.queues.receive_all(name, self.visibility_seconds, self._received), names)
            return [letter for letters in found for letter in letters]

    @property
    def message_ids(self) -> list[str]:
        """Of everything that is in flight."""
        return list(self._receipts)

    def extend(self) -> None:
        """Keep what is in flight hidden, when half of the time is over."""
        if self.clock() - self._hidden_at >= self.visibility_seconds / 2:
            self._hidden_at = self.clock()
            self.queues.change_visibility(self._receipts.values(), self.visibility_seconds)

    def release(self, message_ids: Iterable[str]) -> None:
        """Make these visible to everybody again."""
        with self._lock:
            receipts = [receipt for name in message_ids if (receipt := self._receipts.pop(name, None))]
        self.queues.change_visibility(receipts, 0)

    def delete(self, letters: Sequence[DeadLetter]) -> dict[str, str]:
        """Delete dead letters for good; message id → why, for those that are still there."""
        receipts = [receipt for letter in letters if (receipt := letter.receipt)]
        failed = self.queues.delete(receipts)
        for receipt in receipts:
            if receipt.message_id not in failed:
                self._receipts.pop(receipt.message_id, None)
        return failed

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, _e: BaseException | None, _tb: TracebackType | None) -> None:
        # What went wrong first is what has to be told.
        with suppress(BotoCoreError, ClientError) if kind else nullcontext():
            self.release(self.message_ids)

    def _received(self, letters: Sequence[DeadLetter]) -> None:
        self.on_receive(letters)
        with self._lock:
            self._receipts |= {letter.message_id: receipt for letter in letters if (receipt := letter.receipt)}
