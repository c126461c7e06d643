"""The way past the API: jobs prepared beforehand, their scoring messages sent in batches.

It shows the queue, the workers and the pushes without what comes before them, and needs the owner's rights.
"""

import asyncio
from collections import Counter
from collections.abc import Callable
from pathlib import Path

from botocore.exceptions import ClientError

from divescore.jobs.messages import ScoringMessage
from divescore.jobs.model import Job
from divescore.ops.load.batches import Batches
from divescore.ops.load.clock import now
from divescore.ops.load.errors import NotPrepared, QueueWithoutWorker
from divescore.ops.load.job_log import JobLog
from divescore.ops.load.prepared_jobs import PreparedJobs
from divescore.ops.load.sockets import Sockets
from divescore.stack.deployed import Stack
from divescore.tokens.keys import key_loader
from divescore.tokens.tokens import Scope, Tokens
from divescore.views import FINAL

SUBSCRIBED_AT_ONCE = 16
READ_AT_ONCE = 8
ENABLED = frozenset({"Enabled", "Enabling", "Updating", "Creating"})


class QueueRoute:
    """Sends jobs straight to the scoring queue. Without `keep` their videos are removed at the end."""

    name = "queue"

    def __init__(
        self,
        stack: Stack,
        clips: list[Path],
        log: JobLog,
        sockets: Sockets,
        run_id: str,
        keep: bool,
        say: Callable[[str], None],
    ) -> None:
        self.answers: Counter[str] = Counter()
        self._stack = stack
        self._clips = clips
        self._log = log
        self._sockets = sockets
        self._keep = keep
        self._say = say
        self._prepared = PreparedJobs(stack, f"load-{run_id}")
        self._jobs: list[Job] = []
        self._making: asyncio.Task[list[Job]] | None = None
        self._batches: Batches | None = None
        self._reading = asyncio.Semaphore(READ_AT_ONCE)
        self._tokens = Tokens(key_loader(stack.output("TokenSecretArn"), stack.client("secretsmanager")))

    async def prepare(self) -> None:
        """Prepare all jobs and have their watchers subscribed. Raises LoadError, and what boto3 raises."""
        url = self._stack.output("ScoringQueueUrl")
        await asyncio.to_thread(require_worker, self._stack, url)
        count = len(self._log.jobs)
        self._making = asyncio.create_task(asyncio.to_thread(self._prepared.make, self._clips, count, self._say))
        self._jobs = await asyncio.shield(self._making)
        self._say(f"subscribing {self._sockets.count} sockets")
        places = asyncio.Semaphore(SUBSCRIBED_AT_ONCE)

        async def watch(number: int, job: Job) -> None:
            self._log.created(number, job.job_id, self._sockets.of(number), job.version, now())
            token = self._tokens.issue(job.job_id, [Scope.READ], job.expires_at // 1000)
            async with places:
                await self._sockets.watch(number, job.job_id, token, self._live(job), lambda: self._address(job))

        await asyncio.gather(*(watch(number, job) for number, job in enumerate(self._jobs)))
        if self._log.messages == 0:
            raise NotPrepared(f"No socket could be opened at {self._stack.output('LiveUrl')}.")
        self._batches = Batches(self._stack.client("sqs"), url)

    async def send(self, number: int) -> None:
        """One job's message. Raises SendFailed."""
        job = self._jobs[number]
        if self._batches is None or job.object_version is None:
            raise NotPrepared("the jobs were not prepared")
        message = ScoringMessage(job_id=job.job_id, object_version=job.object_version)
        await self._batches.send(message.model_dump_json(by_alias=True), job.client)
        self._log.sent(number, now())

    async def read(self, number: int) -> str:
        """Read and log the state of a job's record."""
        async with self._reading:
            job = await asyncio.to_thread(self._prepared.read, self._jobs[number].job_id)
        self._log.read(number, job.version, job.status.value, job.updated_at / 1000)
        return job.status.value

    async def cancel(self, number: int) -> None:
        """Cancel a job, so that its message is passed over."""
        async with self._reading:
            await asyncio.to_thread(self._prepared.cancel, self._jobs[number])

    async def close(self) -> None:
        """Remove jobs that were never sent, and the videos of those that nobody works on any more."""
        if self._making is not None:
            self._prepared.stop.set()
            await asyncio.gather(self._making, return_exceptions=True)
        if self._batches is not None:
            await self._batches.close()
        pairs = list(zip(self._log.jobs, self._prepared.recorded, strict=False))
        await asyncio.to_thread(self._prepared.withdraw, [job for record, job in pairs if record.began is None])
        if not self._keep:
            over = [job for record, job in pairs if record.began is not None and record.status in FINAL]
            await asyncio.to_thread(self._prepared.erase, over)

    def _live(self, job: Job) -> str:
        return f"{self._stack.output('LiveUrl')}?ticket={self._tokens.ticket(job.job_id)}"

    async def _address(self, job: Job) -> str:
        return await asyncio.to_thread(self._live, job)


def require_worker(stack: Stack, url: str) -> None:
    """Raise QueueWithoutWorker when the queue is not there, or no enabled mapping hands its messages to a function."""
    try:
        attributes = stack.client("sqs").get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])
    except ClientError as error:
        said = error.response["Error"].get("Message") or error.response["Error"]["Code"]
        raise QueueWithoutWorker(f"The scoring queue {url} cannot be used: {said}") from error
    try:
        arn = attributes["Attributes"]["QueueArn"]
        mappings = stack.client("lambda").list_event_source_mappings(EventSourceArn=arn)["EventSourceMappings"]
    except ClientError as error:
        if "AccessDenied" in error.response["Error"]["Code"]:
            return  # not being allowed to look is no reason not to send
        raise
    if not any(mapping["State"] in ENABLED for mapping in mappings):
        raise QueueWithoutWorker(f"No function reads the scoring queue {url}: its mapping is missing or disabled.")
