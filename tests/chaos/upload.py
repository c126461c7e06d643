"""A large upload by the Python client over a line that breaks at random moments.

    python -m tests.chaos.upload --moments 50 --mb 60 [--seed N] [--api URL]

Prints a report; the exit code is 1 when the video did not arrive whole or a confirmed part was sent again.
"""

import argparse
import asyncio
import json
import random
import sys
import tempfile
import time
from contextlib import nullcontext
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from divescore.client.http import Http
from divescore.client.live import Live
from divescore.client.parts.patience import Patience, UploadTiming
from divescore.client.parts.unfinished import Notebook
from divescore.client.submit import submit
from tests.bench.latency import system
from tests.chaos.line import BadLine, ThroughTheLine
from tests.chaos.run import clips
from tests.films import padded

MB = 2**20
PART = 8 * MB
# A stall is noticed sooner than a user would want it to be, or fifty moments would take a quarter of an hour.
QUICK = Patience(UploadTiming(stalled_after=2.0, answer_within=10.0, longest_backoff=2.0))


async def rough(api: str, film: Path, moments: int, seed: int, folder: Path, timeout: float) -> dict[str, Any]:
    """Have a film scored over a bad line; the report."""
    size = film.stat().st_size
    where = urlsplit(api)
    # As many bytes as arrive, and what is lost with each connection: a part's half on average.
    line = BadLine(where.hostname or "", where.port or 80, moments, size // 2 + moments * PART // 4, seed)
    async with line.running():
        transport = ThroughTheLine(line.port)
        started = time.monotonic()
        async with Http(api, transport) as http, Live(http) as live:
            run = await submit(http, live, film, timeout=timeout, notebook=Notebook(folder / "notes"), patience=QUICK)
    return {
        "bytes": size,
        "carried": line.carried,
        "moments": dict(line.made),
        "moments_left": line.left,
        "parts": len(transport.confirmed),
        "puts": transport.puts,
        "confirmed_parts_sent_again": transport.again,
        "job": None if run.job is None else run.job.status,
        "error": None if run.error is None else f"{run.error.code}: {run.error.message}",
        "seconds": round(time.monotonic() - started, 1),
    }


def holds(report: dict[str, Any]) -> bool:
    """Whether the film arrived whole, over all that was to happen, and nothing confirmed was sent again."""
    return (
        report["job"] in ("SCORED", "REJECTED")
        and report["error"] is None
        and not report["confirmed_parts_sent_again"]
        and report["moments_left"] == 0
    )


def main() -> int:
    """Run what the arguments ask for."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("--moments", type=int, default=50)
    parser.add_argument("--mb", type=int, default=60)
    parser.add_argument("--seed", type=int, default=random.randrange(10**6))
    parser.add_argument("--timeout", type=float, default=1800.0)
    parser.add_argument("--api", help="default: a system of its own")
    options = parser.parse_args()
    with (
        tempfile.TemporaryDirectory(prefix="chaos-") as name,
        nullcontext(options.api) if options.api else system() as api,
    ):
        folder = Path(name)
        film = padded(clips(folder)[0], folder / "film.webm", options.mb * MB)
        report = asyncio.run(rough(api, film, options.moments, options.seed, folder, options.timeout))
    print(json.dumps({"seed": options.seed, **report}, indent=2))  # noqa: T201 - what the command is for
    return 0 if holds(report) else 1


if __name__ == "__main__":
    sys.exit(main())
