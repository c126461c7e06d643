"""Messages to a queue in batches of ten: what is due goes at once, together with whatever else is due by then."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

from divescore.ops.load.errors import SendFailed

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient
    from mypy_boto3_sqs.type_defs import SendMessageBatchRequestEntryTypeDef, SendMessageBatchResultTypeDef

BATCH = 10  # entries, SQS's own limit
SENDERS = 4
ATTEMPTS = 5


@dataclass
class BatchEntry:
    """A message and the future that its confirmation sets."""

    body: str
    group: str
    confirmed: asyncio.Future[None] = field(default_factory=lambda: asyncio.get_running_loop().create_future())
    attempts: int = 0


class Batches:
    """Sends messages; only those that the queue confirmed one by one count as sent."""

    def __init__(
        self, sqs: "SQSClient", url: str, backoff: Callable[[int], float] = lambda attempts: 0.1 * 2**attempts
    ) -> None:
        self._sqs = sqs
        self._url = url
        self._backoff = backoff
        self._due: asyncio.Queue[BatchEntry] = asyncio.Queue()
        self._pool = ThreadPoolExecutor(SENDERS, "send")
        self._senders = [asyncio.create_task(self._sender()) for _ in range(SENDERS)]

    async def send(self, body: str, group: str) -> None:
        """Send one message; returns when the queue has confirmed it. Raises SendFailed."""
        entry = BatchEntry(body, group)
        self._due.put_nowait(entry)
        await entry.confirmed

    async def close(self) -> None:
        """Send nothing more."""
        for task in self._senders:
            task.cancel()
        await asyncio.gather(*self._senders, return_exceptions=True)
        self._pool.shutdown()

    async def _sender(self) -> None:
        while True:
            batch = [await self._due.get()]
            while len(batch) < BATCH and not self._due.empty():
                batch.append(self._due.get_nowait())
            await self._send(batch)

    async def _send(self, batch: list[BatchEntry]) -> None:
        entries: list[SendMessageBatchRequestEntryTypeDef] = [
            {"Id": str(index), "MessageBody": entry.body, "MessageGroupId": entry.group}
            for index, entry in enumerate(batch)
        ]
        try:
            answer = await asyncio.get_running_loop().run_in_executor(self._pool, self._call, entries)
        except (ClientError, BotoCoreError) as error:
            # Whether the queue took them is not known; sent again they are at worst there twice, which jobs stand.
            code = error.response["Error"]["Code"] if isinstance(error, ClientError) else type(error).__name__
            for entry in batch:
                self._again(entry, code)
            return
        refused = {int(failure["Id"]): failure for failure in answer.get("Failed", [])}
        for index, entry in enumerate(batch):
            if index in refused:
                self._again(entry, refused[index]["Code"], give_up=refused[index].get("SenderFault", False))
            elif not entry.confirmed.done():
                entry.confirmed.set_result(None)

    def _call(self, entries: "list[SendMessageBatchRequestEntryTypeDef]") -> "SendMessageBatchResultTypeDef":
        return self._sqs.send_message_batch(QueueUrl=self._url, Entries=entries)

    def _again(self, entry: BatchEntry, code: str, give_up: bool = False) -> None:
        """Send the message again after a while, or give it up."""
        entry.attempts += 1
        if entry.confirmed.done():
            return
        if give_up or entry.attempts >= ATTEMPTS:
            entry.confirmed.set_exception(SendFailed(code, f"The queue refused a message: {code}."))
            return
        asyncio.get_running_loop().call_later(self._backoff(entry.attempts), self._due.put_nowait, entry)
