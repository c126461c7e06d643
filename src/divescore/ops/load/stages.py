"""How long one dive takes, stage by stage, when nothing else is under way.

The job itself says where its stages end: `updatedAt` of each version is the service's clock, and on one machine that
is this program's clock too. Against a deployed system the stages that cross the two (`queue` starts with the
upload's end, `push` ends with the arrival) are off by the difference of the clocks; `total` and `overhead` never are.
"""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from divescore.ops.load.job_log import SCORED, JobRecord
from divescore.ops.load.percentiles import spread
from divescore.ops.load.scored import NotScored, scored_dives

ENDS_WITHIN = 60.0


def stages(job: JobRecord, timings: Mapping[str, float] | None) -> dict[str, float]:
    """One dive's stages in seconds; `timings` are those of its result, if there is one. Raises NotScored.

    queue: upload confirmed -> QUEUED written (S3's notification, first queue, enqueue). start: -> claimed by the worker
    (second queue). write: what the worker did besides downloading, decoding and inferring, until the score was written.
    worker: these four together. push: written -> here. A stage that ended before the one in front of it (the
    notification may overtake the confirmation) is negative.
    """
    if timings is None or job.status != SCORED or job.created is None or job.sent is None or job.pushed is None:
        raise NotScored(job)
    queued, claimed, scored = (job.reached[status] for status in ("QUEUED", "PROCESSING", SCORED))
    worked = timings["download"] + timings["decode"] + timings["infer"]
    total = job.pushed - job.sent
    return {
        "upload": job.sent - job.created,
        "queue": queued - job.sent,
        "start": claimed - queued,
        "download": timings["download"],
        "decode": timings["decode"],
        "infer": timings["infer"],
        "write": scored - claimed - worked,
        "push": job.pushed - scored,
        "worker": scored - claimed,
        "total": total,
        "overhead": total - timings["decode"] - timings["infer"],
    }


async def one_by_one(api: str, clip: Path, runs: int, warm_up: int) -> list[dict[str, float]]:
    """One dive after another, so that none waits for another; every one is a job and a connection of its own."""
    rows = []
    for _ in range(warm_up + runs):
        async with scored_dives(api, clip, 1, 1, ENDS_WITHIN) as (log, route):
            result = (await route.job(0)).read_result()
            rows.append(stages(log.jobs[0], result.timings if result else None))
    return rows[warm_up:]


def figures(seconds: Iterable[float]) -> dict[str, float]:
    """`{min, median, p90, p99, max}` of some seconds, to a tenth of a millisecond."""
    found = spread(seconds)
    names = {"min": "min", "median": "p50", "p90": "p90", "p99": "p99", "max": "max"}
    return {name: round(found[figure], 4) for name, figure in names.items()}


def summary(rows: Sequence[dict[str, float]]) -> dict[str, dict[str, float]]:
    """The figures of each stage over all dives."""
    return {name: figures(row[name] for row in rows) for name in rows[0]}
