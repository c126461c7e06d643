"""How long the queues are over time, read beside the run."""

import asyncio
from dataclasses import dataclass, field

from botocore.exceptions import BotoCoreError, ClientError

from divescore.ops.load.clock import Clock
from divescore.ops.load.prepared_jobs import depth
from divescore.stack.deployed import Stack

EVERY = 1.0
DEAD_LETTERS = ("UploadsDlqUrl", "ScoringDlqUrl", "StreamDlqUrl")


@dataclass(frozen=True)
class Depth:
    """About how many messages there are: waiting for and held by workers, and of uploads not yet looked at."""

    at: float
    waiting: int
    in_flight: int
    uploads: int


@dataclass
class Sampler:
    """Reads the queues every second; a read that fails leaves a gap, and is counted."""

    owner: Stack
    clock: Clock
    samples: list[Depth] = field(default_factory=list)
    failed: int = 0

    async def run(self) -> None:
        """Sample until cancelled."""
        while True:
            try:
                self.samples.append(await asyncio.to_thread(self._sample))
            except (ClientError, BotoCoreError):
                self.failed += 1
            await asyncio.sleep(EVERY)

    def dead_letters(self) -> dict[str, int] | None:
        """How many letters lie in each dead-letter queue; None when they cannot be read."""
        sqs = self.owner.client("sqs")
        try:
            return {
                name.removesuffix("DlqUrl").lower(): sum(depth(sqs, self.owner.output(name))) for name in DEAD_LETTERS
            }
        except (ClientError, BotoCoreError):
            return None

    def _sample(self) -> Depth:
        sqs = self.owner.client("sqs")
        waiting, in_flight = depth(sqs, self.owner.output("ScoringQueueUrl"))
        uploads = sum(depth(sqs, self.owner.output("UploadsQueueUrl")))
        return Depth(self.clock(), waiting, in_flight, uploads)
