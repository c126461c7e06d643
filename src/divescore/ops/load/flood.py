"""Many dives at once: how fast they are scored, and what each of them took, which a simulation can be fed with."""

from pathlib import Path
from typing import Any

from divescore.ops.load.job_log import SCORED, JobLog
from divescore.ops.load.report import most_at_once, service_times
from divescore.ops.load.scored import scored_dives
from divescore.ops.load.stages import figures


async def flood(api: str, clip: Path, jobs: int, at_once: int, timeout: float) -> JobLog:
    """Upload `jobs` dives, `at_once` at a time, none waiting for another's score. Raises ClientError."""
    async with scored_dives(api, clip, jobs, at_once, timeout) as (log, _):
        return log


def flood_report(log: JobLog, at_once: int, workers: int | None) -> dict[str, Any]:
    """The flood in figures, in seconds; `samples` are the dives in the order of their uploads' ends.

    drain: from the first upload's end until the last score was written. service: claimed until written. `workers`:
    how many the system may run, None when that is not known.
    """
    jobs = sorted(log.jobs, key=lambda job: job.sent or 0.0)
    start = jobs[0].sent or 0.0
    samples = {
        "sent": [(job.sent or 0.0) - start for job in jobs],
        "queued": [job.reached["QUEUED"] - start for job in jobs],
        "claimed": [job.reached["PROCESSING"] - start for job in jobs],
        "scored": [job.reached[SCORED] - start for job in jobs],
        "arrived": [(job.pushed or 0.0) - start for job in jobs],
    }
    seconds = max(samples["scored"])
    return {
        "jobs": len(jobs),
        "at_once": at_once,
        "workers": workers if workers is not None else most_at_once(jobs),
        "drain": round(seconds, 3),
        "throughput": round(len(jobs) / seconds, 3),
        "uploading": round(samples["sent"][-1], 3),
        "service": figures(service_times(jobs)),
        "wait": figures(claimed - sent for sent, claimed in zip(samples["sent"], samples["claimed"], strict=True)),
        "total": figures(arrived - sent for sent, arrived in zip(samples["sent"], samples["arrived"], strict=True)),
        "samples": {name: [round(value, 3) for value in values] for name, values in samples.items()},
    }
