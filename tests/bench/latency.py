"""How long a dive takes, stage by stage, on a warm local system at low load.

    python -m tests.bench.latency --runs 20 [--json] [--clip FILE] [--api URL]

Measures the running system (`divescore up`) at `--api`, or one that it starts and stops itself. The figure that is
promised is `overhead`: from the end of the upload to the arrival of the score, less the worker's own decoding and
inference; its median stays within 150 ms.
"""

import argparse
import asyncio
import json
import os
import platform
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Any

from divescore.ops.load.stages import ENDS_WITHIN, one_by_one, summary
from tests.conftest import divescore, free_port

PROMISED_OVERHEAD = 0.150
STARTS_WITHIN = 180.0


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
        rows = asyncio.run(one_by_one(api, clip, arguments.runs, arguments.warm_up))
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
