"""One dive that many watch: how soon the last of them has the score."""

import json
from pathlib import Path
from typing import Any

from divescore.client.errors import ClientError
from divescore.client.models import Job
from divescore.ops.load.job_log import SCORED, JobRecord
from divescore.ops.load.scored import NotScored, scored_dives
from divescore.ops.load.stages import figures


async def fan_out(api: str, clip: Path, watchers: int, timeout: float) -> dict[str, Any]:
    """Watch one dive over so many sockets. Seconds from the score's write until each socket had it.

    Raises ClientError when a socket is refused, or the score does not reach all of them within `timeout` seconds.
    """
    async with scored_dives(api, clip, 1, 1, timeout, watchers) as (log, route):
        return fan_out_report(log.jobs[0], await route.job(0))


def fan_out_report(record: JobRecord, job: Job) -> dict[str, Any]:
    """The figures of a dive that was scored; `job` is what its watchers got of it. Raises ClientError."""
    pushes = list(record.pushes.values())
    if any(push.first_at == push.ended_at for push in pushes):
        raise ClientError("NOT_SUBSCRIBED", "A socket had its subscription only after the score was written.")
    arrivals = [push.ended_at for push in pushes if push.ended_at is not None]
    subscribed = [push.first_at for push in pushes if push.first_at is not None]
    if record.created is None or len(arrivals) < len(pushes):
        raise NotScored(record)
    message = json.dumps({"type": "job", "job": job.document()}, separators=(",", ":"), ensure_ascii=False)
    return {
        "watchers": len(pushes),
        "connects_per_second": round(len(pushes) / (max(subscribed) - record.created), 1),
        "message_bytes": len(message.encode()),
        "write_to_push": figures(at - record.reached[SCORED] for at in arrivals),
        "first_to_last": round(max(arrivals) - min(arrivals), 4),
    }
