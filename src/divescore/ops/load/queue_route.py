"""The way past the API: jobs made ready beforehand, their scoring messages flooded in batches.

It shows the queue, the workers and the pushes without what comes before them, and needs the owner's rights.
"""

import asyncio
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

from botocore.exceptions import ClientError

from divescore.jobs.messages import ScoringMessage
from divescore.jobs.model import Job
from divescore.ops.load.batches import Batches
from divescore.ops.load.clock import Clock
from divescore.ops.load.errors import NobodyListens, NotPrepared
from divescore.ops.load.job_log import Ledger
from divescore.ops.load.prepared_jobs import Stock
from divescore.ops.load.sockets import Sockets
from divescore.ops.load.upload_route import State
from divescore.stack.deployed import Stack
from divescore.tokens.keys import key_loader
from divescore.tokens.tokens import Scope, Tokens
from divescore.views import FINAL

SUBSCRIBED_AT_ONCE = 16
READ_AT_ONCE = 8


class QueueRoute:
    """Sends jobs straight to the scoring queue."""

    name = "queue"

    def __init__(
        self,
        owner: Stack,
        clips: list[Path],
        ledger: Ledger,
        sockets: Sockets,
        clock: Clock,
        run: str,
        keep: bool,
        say: Callable[[str], None],
    ) -> None:
        self.answers: Counter[str] = Counter()
        self._owner = owner
        self._clips = clips
        self._ledger = ledger
        self._sockets = sockets
        self._clock = clock
        self._keep = keep
        self._say = say
        self._stock = Stock(owner, f"load-{run}")
        self._jobs: list[Job] = []
        self._making: asyncio.Task[list[Job]] | None = None
        self._batches: Batches | None = None
        self._reading = asyncio.Semaphore(READ_AT_ONCE)
        self._tokens = Tokens(key_loader(owner.output("TokenSecretArn"), owner.client("secretsmanager")))

    async def prepare(self) -> None:
        """Make all jobs and have their watchers subscribed. Raises LoadError, and what boto3 raises."""
        url = self._owner.output("ScoringQueueUrl")
        await asyncio.to_thread(listened_to, self._owner, url)
        count = len(self._ledger.entries)
        self._making = asyncio.create_task(asyncio.to_thread(self._stock.make, self._clips, count, self._say))
        self._jobs = await asyncio.shield(self._making)
        self._say(f"subscribing {self._sockets.count} sockets")
        places = asyncio.Semaphore(SUBSCRIBED_AT_ONCE)

        async def watch(number: int, job: Job) -> None:
            self._ledger.named(number, job.job_id, self._sockets.of(number), job.version)
            token = self._tokens.issue(job.job_id, [Scope.READ], job.expires_at // 1000)
            async with places:
                await self._sockets.watch(number, job.job_id, token, self._live(job), lambda: self._address(job))

        await asyncio.gather(*(watch(number, job) for number, job in enumerate(self._jobs)))
        if self._ledger.messages == 0:
            raise NotPrepared(f"No socket could be opened at {self._owner.output('LiveUrl')}.")
        self._batches = Batches(self._owner.client("sqs"), url)

    async def send(self, number: int) -> None:
        """One job's message. Raises SendFailed."""
        job = self._jobs[number]
        if self._batches is None or job.object_version is None:
            raise NotPrepared("the jobs were not made ready")
        message = ScoringMessage(job_id=job.job_id, object_version=job.object_version)
        await self._batches.send(message.model_dump_json(by_alias=True), job.client)
        self._ledger.sent(number, self._clock())

    async def read(self, number: int) -> State | None:
        """The state of a job's record."""
        async with self._reading:
            job = await asyncio.to_thread(self._stock.read, self._jobs[number].job_id)
        return State(job.version, job.status.value, job.updated_at / 1000)

    async def cancel(self, number: int) -> None:
        """Cancel a job, so that its message is passed over."""
        async with self._reading:
            await asyncio.to_thread(self._stock.cancel, self._jobs[number])

    async def close(self) -> None:
        """Remove jobs that were never sent, and the videos of those that nobody works on any more."""
        if self._making is not None:
            self._stock.stop.set()
            await asyncio.gather(self._making, return_exceptions=True)
        if self._batches is not None:
            await self._batches.close()
        pairs = list(zip(self._ledger.entries, self._stock.recorded, strict=False))
        await asyncio.to_thread(self._stock.withdraw, [job for entry, job in pairs if entry.began is None])
        if not self._keep:
            over = [job for entry, job in pairs if entry.began is not None and entry.status in FINAL]
            await asyncio.to_thread(self._stock.erase, over)

    def _live(self, job: Job) -> str:
        return f"{self._owner.output('LiveUrl')}?ticket={self._tokens.ticket(job.job_id)}"

    async def _address(self, job: Job) -> str:
        return await asyncio.to_thread(self._live, job)


def listened_to(owner: Stack, url: str) -> None:
    """Raise NobodyListens when the queue is not there, or no enabled mapping hands its messages to a function."""
    try:
        attributes: Any = owner.client("sqs").get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])
    except ClientError as error:
        said = error.response["Error"].get("Message") or error.response["Error"]["Code"]
        raise NobodyListens(f"The scoring queue {url} cannot be used: {said}") from error
    try:
        arn = attributes["Attributes"]["QueueArn"]
        mappings = owner.client("lambda").list_event_source_mappings(EventSourceArn=arn)["EventSourceMappings"]
    except ClientError as error:
        if "AccessDenied" in error.response["Error"]["Code"]:
            return  # not being allowed to look is no reason not to send
        raise
    if not any(mapping["State"] in ("Enabled", "Enabling", "Updating", "Creating") for mapping in mappings):
        raise NobodyListens(f"No function reads the scoring queue {url}: its mapping is missing or disabled.")
