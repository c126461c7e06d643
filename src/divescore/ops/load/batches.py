"""Messages to a queue in batches of ten: what is due goes at once, together with whatever else is due by then."""

import asyncio
from collections import Counter, deque
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from divescore.ops.load.errors import SendFailed

MOST = 10  # entries of one batch, SQS's own limit
SENDERS = 4
TRIED = 5


@dataclass
class Letter:
    """A message and what waits for its confirmation."""

    body: str
    group: str
    confirmed: asyncio.Future[None] = field(default_factory=lambda: asyncio.get_running_loop().create_future())
    tried: int = 0


class Batches:
    """Sends letters; only those that the queue confirmed one by one count as sent."""

    def __init__(self, sqs: Any, url: str, wait: Callable[[int], float] = lambda tried: 0.1 * 2**tried) -> None:
        self.tally: Counter[str] = Counter()
        self._sqs = sqs
        self._url = url
        self._wait = wait
        self._due: deque[Letter] = deque()
        self._news = asyncio.Event()
        self._pool = ThreadPoolExecutor(SENDERS, "send")
        self._senders = [asyncio.create_task(self._sender()) for _ in range(SENDERS)]

    async def send(self, body: str, group: str) -> None:
        """Send one message; returns when the queue has confirmed it. Raises SendFailed."""
        letter = Letter(body, group)
        self._due.append(letter)
        self._news.set()
        await letter.confirmed

    async def close(self) -> None:
        """Send nothing more."""
        for task in self._senders:
            task.cancel()
        await asyncio.gather(*self._senders, return_exceptions=True)
        self._pool.shutdown()

    async def _sender(self) -> None:
        while True:
            while not self._due:
                self._news.clear()
                await self._news.wait()
            some = [self._due.popleft() for _ in range(min(MOST, len(self._due)))]
            await self._send(some)

    async def _send(self, letters: list[Letter]) -> None:
        entries = [
            {"Id": str(index), "MessageBody": letter.body, "MessageGroupId": letter.group}
            for index, letter in enumerate(letters)
        ]
        self.tally["batches"] += 1
        try:
            answer = await asyncio.get_running_loop().run_in_executor(self._pool, self._call, entries)
        except (ClientError, BotoCoreError) as error:
            # Whether the queue took them is not known; sent again they are at worst there twice, which jobs stand.
            self._again(letters, {index: _reason(error) for index in range(len(letters))}, final=False)
            return
        refused = {int(entry["Id"]): entry for entry in answer.get("Failed", [])}
        for index, letter in enumerate(letters):
            if index not in refused and not letter.confirmed.done():
                letter.confirmed.set_result(None)
        ours = {index: entry["Code"] for index, entry in refused.items() if entry.get("SenderFault")}
        self._again(letters, ours, final=True)
        self._again(letters, {i: entry["Code"] for i, entry in refused.items() if i not in ours}, final=False)

    def _call(self, entries: list[dict[str, str]]) -> Any:
        return self._sqs.send_message_batch(QueueUrl=self._url, Entries=entries)

    def _again(self, letters: list[Letter], reasons: dict[int, str], final: bool) -> None:
        """Send those again after a while, or give them up."""
        for index, reason in reasons.items():
            letter = letters[index]
            letter.tried += 1
            if letter.confirmed.done():
                continue
            if final or letter.tried >= TRIED:
                letter.confirmed.set_exception(SendFailed(reason, f"The queue refused a message: {reason}."))
                continue
            self.tally["sent again"] += 1
            asyncio.get_running_loop().call_later(self._wait(letter.tried), self._put_back, letter)

    def _put_back(self, letter: Letter) -> None:
        self._due.append(letter)
        self._news.set()


def _reason(error: ClientError | BotoCoreError) -> str:
    return str(error.response["Error"]["Code"]) if isinstance(error, ClientError) else type(error).__name__
