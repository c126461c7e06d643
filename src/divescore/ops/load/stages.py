"""How long one dive takes, stage by stage, when nothing else is under way.

Where the stages end is told by the job itself: `updatedAt` of each version is the service's clock, and on one machine
that is this program's clock too. Against a deployed system the stages that cross the two (`queue` starts with the
upload's end, `push` ends with the arrival) are off by the difference of the clocks; `total` and `overhead` never are.
"""

import statistics
import time
from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path

from divescore.client.errors import ClientError
from divescore.client.http import Http
from divescore.client.live import Live
from divescore.client.submit import Submission, submit

STAGES = ("upload", "queue", "start", "download", "decode", "infer", "write", "push")
ENDS_WITHIN = 60.0


class NotScored(ClientError):
    """A dive of the measurement did not end with a score, so there is nothing to measure."""

    def __init__(self, run: Submission) -> None:
        state = "was not created" if run.job is None else f"is {run.job.status}"
        cause = f": {run.error.message}" if run.error else ""
        super().__init__("NOT_SCORED", f"A dive of the measurement {state}{cause}")
        self.run = run


def moment(text: str) -> float:
    """Seconds since the epoch of an ISO time."""
    return datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp()


def written(run: Submission) -> dict[str, float]:
    """When the service first wrote each status that this client heard of, in seconds since the epoch."""
    return {event.job.status: moment(event.job.updated_at) for event in reversed(run.events)}


def stages(run: Submission, clock: float) -> dict[str, float]:
    """One dive's stages in seconds; `clock` turns the steady clock into seconds since the epoch. Raises NotScored.

    queue: upload confirmed -> QUEUED written (S3's notification, first queue, gate). start: -> claimed by the worker
    (second queue). write: what the worker did besides downloading, decoding and inferring, until the score was written.
    worker: these four together. push: written -> here. A stage that ended before the one in front of it (the
    notification may overtake the confirmation) is negative.
    """
    if run.job is None or run.job.result is None or run.upload_ended is None or run.upload_started is None:
        raise NotScored(run)
    timings = run.job.result.timings
    times = written(run)
    ended, arrived = run.upload_ended, run.events[-1].moment
    worked = timings["download"] + timings["decode"] + timings["infer"]
    attempt = times["SCORED"] - times["PROCESSING"]
    return {
        "upload": ended - run.upload_started,
        "queue": times["QUEUED"] - (ended + clock),
        "start": times["PROCESSING"] - times["QUEUED"],
        "download": timings["download"],
        "decode": timings["decode"],
        "infer": timings["infer"],
        "write": attempt - worked,
        "push": arrived + clock - times["SCORED"],
        "worker": attempt,
        "total": arrived - ended,
        "overhead": arrived - ended - timings["decode"] - timings["infer"],
    }


async def one_by_one(
    api: str, clip: Path, runs: int, warm_up: int, told: Callable[[int], None] = lambda _: None
) -> list[dict[str, float]]:
    """One dive after another, so that none waits for another; every one is a job and a connection of its own."""
    rows = []
    for number in range(warm_up + runs):
        async with Http(api) as http, Live(http) as live:
            run = await submit(http, live, clip, timeout=ENDS_WITHIN)
        row = stages(run, time.time() - time.monotonic())
        if number >= warm_up:
            rows.append(row)
            told(len(rows))
    return rows


def spread(values: Sequence[float]) -> dict[str, float]:
    """The best, median, 90th and 99th percentile and the worst of some seconds, to a tenth of a millisecond."""
    ordered = sorted(values)

    def at(share: float) -> float:
        return round(ordered[min(len(ordered) - 1, int(len(ordered) * share))], 4)

    return {
        "min": round(ordered[0], 4),
        "median": round(statistics.median(ordered), 4),
        "p90": at(0.9),
        "p99": at(0.99),
        "max": round(ordered[-1], 4),
    }


def summary(rows: Sequence[dict[str, float]]) -> dict[str, dict[str, float]]:
    """The spread of each stage over all dives."""
    return {name: spread([row[name] for row in rows]) for name in rows[0]}
