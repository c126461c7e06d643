"""How long a dive takes, stage by stage, on a warm local system at low load.

    python -m tests.bench.latency --runs 20 [--json] [--clip FILE] [--api URL]

Measures the running system (`divescore up`) at `--api`, or one that it starts and stops itself. The figure that is
promised is `overhead`: from the end of the upload to the arrival of the score, less the worker's own decoding and
inference; its median stays within 150 ms.

Where the stages end is told by the job itself: `updatedAt` of each version is the service's clock, and on one machine
that is this program's clock too. Against a deployed system the stages that cross the two (`queue` starts with the
upload's end, `push` ends with the arrival) are off by the difference of the clocks; `total` and `overhead` never are.
"""

import argparse
import asyncio
import json
import os
import platform
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from datetime import datetime
from pathlib import Path
from typing import Any

from divescore.client.http import Http
from divescore.client.live import Live
from divescore.client.submit import Submission, submit
from tests.conftest import divescore, free_port

PROMISED_OVERHEAD = 0.150
STAGES = ("upload", "queue", "start", "download", "decode", "infer", "write", "push")
STARTS_WITHIN = 180.0
ENDS_WITHIN = 60.0


def moment(text: str) -> float:
    """Seconds since the epoch of an ISO time."""
    return datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp()


def measured(run: Submission, clock: float) -> dict[str, float]:
    """One dive's stages in seconds; `clock` turns the steady clock into seconds since the epoch.

    queue: upload confirmed -> QUEUED written (S3's notification, first queue, gate). start: -> claimed by the worker
    (second queue). write: what the worker did besides downloading, decoding and inferring, until the score was written.
    push: written -> here. A stage that ended before the one in front of it (the notification may overtake the
    confirmation) is negative.
    """
    if run.job is None or run.job.result is None or run.upload_ended is None or run.upload_started is None:
        raise SystemExit(f"a run did not end SCORED: {run.document()}")
    timings = run.job.result.timings
    written = {event.job.status: moment(event.job.updated_at) for event in reversed(run.events)}
    ended, arrived = run.upload_ended, run.events[-1].moment
    worked = timings["download"] + timings["decode"] + timings["infer"]
    return {
        "upload": ended - run.upload_started,
        "queue": written["QUEUED"] - (ended + clock),
        "start": written["PROCESSING"] - written["QUEUED"],
        "download": timings["download"],
        "decode": timings["decode"],
        "infer": timings["infer"],
        "write": written["SCORED"] - written["PROCESSING"] - worked,
        "push": arrived + clock - written["SCORED"],
        "total": arrived - ended,
        "overhead": arrived - ended - timings["decode"] - timings["infer"],
    }


async def measure(api: str, clip: Path, runs: int, warm_up: int) -> list[dict[str, float]]:
    """One dive after another, so that none waits for another; every one is a job and a connection of its own."""
    rows = []
    for number in range(warm_up + runs):
        async with Http(api) as http, Live(http) as live:
            run = await submit(http, live, clip, timeout=ENDS_WITHIN)
        row = measured(run, time.time() - time.monotonic())
        if number >= warm_up:
            rows.append(row)
    return rows


def summary(rows: list[dict[str, float]]) -> dict[str, dict[str, float]]:
    """Median, worst and 90th percentile of each column, in seconds."""
    figures = {}
    for name in rows[0]:
        values = sorted(row[name] for row in rows)
        figures[name] = {
            "median": round(statistics.median(values), 4),
            "p90": round(values[min(len(values) - 1, int(len(values) * 0.9))], 4),
            "max": round(values[-1], 4),
        }
    return figures


@contextmanager
def system() -> Iterator[str]:
    """A local system for the length of the measurement."""
    with tempfile.TemporaryDirectory(prefix="divescore-bench-") as home:
        env = {"DIVESCORE_HOME": home}
        up = divescore("up", "--detach", "--json", "--port", str(free_port()), timeout=STARTS_WITHIN, env=env)
        try:
            if up.returncode != 0:
                raise SystemExit(up.stderr)
            yield json.loads(up.stdout)["api"]
        finally:
            down = divescore("down", timeout=STARTS_WITHIN, env=env)
            if down.returncode != 0:
                sys.stderr.write(f"the system did not stop: {down.stderr}")


def report(document: dict[str, Any]) -> str:
    """The figures as a table, in milliseconds."""
    lines = [f"{'ms':<10}{'median':>8}{'p90':>8}{'max':>8}"]
    for name, figures in document["stages"].items():
        lines.append(f"{name:<10}" + "".join(f"{figures[key] * 1000:>8.1f}" for key in ("median", "p90", "max")))
    kept = "kept" if document["kept"] else "NOT KEPT"
    lines.append(f"promise: median overhead within {PROMISED_OVERHEAD * 1000:.0f} ms: {kept}")
    lines.append(f"load of the machine: {document['load'][0]:.2f} before, {document['load'][1]:.2f} after")
    return "\n".join(lines)


def main() -> None:
    """Measure, print, and fail when the promise is not kept."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("--runs", type=int, default=20)
    parser.add_argument("--warm-up", type=int, default=3, help="runs that do not count")
    parser.add_argument("--clip", type=Path, help="default: a rendered dive")
    parser.add_argument("--api", help="default: a system of its own")
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()

    before = os.getloadavg()[0]
    with (
        tempfile.TemporaryDirectory() as folder,
        nullcontext(arguments.api) if arguments.api else system() as api,
    ):
        clip = arguments.clip or Path(folder) / "dive.webm"
        if arguments.clip is None:
            drawn = divescore("render", "--dive", "107B", "--seed", "7", "--out", str(clip), timeout=ENDS_WITHIN)
            if drawn.returncode != 0:
                raise SystemExit(drawn.stderr)
        rows = asyncio.run(measure(api, clip, arguments.runs, arguments.warm_up))
    figures = summary(rows)
    document = {
        "runs": arguments.runs,
        "stages": figures,
        "promised": PROMISED_OVERHEAD,
        "kept": figures["overhead"]["median"] <= PROMISED_OVERHEAD,
        "load": [before, os.getloadavg()[0]],
        "machine": f"{platform.machine()}, {os.cpu_count()} cores",
    }
    sys.stdout.write((json.dumps(document, indent=2) if arguments.json else report(document)) + "\n")
    raise SystemExit(0 if document["kept"] else 1)


if __name__ == "__main__":
    main()
