"""How long the queues are over time, read beside the run."""

import asyncio
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from botocore.exceptions import BotoCoreError, ClientError

from divescore.ops.load.clock import now
from divescore.stack.deployed import Stack

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient

EVERY = 1.0
DEAD_LETTER_QUEUES = ("UploadsDlqUrl", "ScoringDlqUrl", "StreamDlqUrl")
WAITING: Final = "ApproximateNumberOfMessages"
IN_FLIGHT: Final = "ApproximateNumberOfMessagesNotVisible"


@dataclass(frozen=True)
class QueueDepth:
    """About how many messages there are: waiting for and held by workers, and of uploads that enqueue has not seen."""

    at: float
    waiting: int
    in_flight: int
    uploads: int


@dataclass
class Sampler:
    """Reads the queues every second; a read that fails leaves a gap, and is counted."""

    stack: Stack
    samples: list[QueueDepth] = field(default_factory=list)
    failed: int = 0
    _task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Sample from now on."""
        self._task = asyncio.create_task(self._run())

    async def stop(self) -> None:
        """Sample no more."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def _run(self) -> None:
        while True:
            try:
                self.samples.append(await asyncio.to_thread(self._sample))
            except (ClientError, BotoCoreError):
                self.failed += 1
            await asyncio.sleep(EVERY)

    def dead_letters(self) -> dict[str, int] | None:
        """How many messages lie in each dead-letter queue; None when they cannot be read."""
        try:
            return {name.removesuffix("DlqUrl").lower(): sum(self._depth(name)) for name in DEAD_LETTER_QUEUES}
        except (ClientError, BotoCoreError):
            return None

    def _sample(self) -> QueueDepth:
        waiting, in_flight = self._depth("ScoringQueueUrl")
        return QueueDepth(now(), waiting, in_flight, sum(self._depth("UploadsQueueUrl")))

    def _depth(self, output: str) -> tuple[int, int]:
        return queue_depth(self.stack.client("sqs"), self.stack.output(output))


def queue_depth(sqs: "SQSClient", url: str) -> tuple[int, int]:
    """About how many messages of a queue wait, and how many are being handled."""
    attributes = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=[WAITING, IN_FLIGHT])["Attributes"]
    return int(attributes[WAITING]), int(attributes[IN_FLIGHT])
