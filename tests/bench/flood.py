"""A flood of the whole pipeline on a system of its own, with the shipped model or with one that knows nothing.

    python -m tests.bench.flood --model shipped --jobs 5000 --out build/flood-shipped
    python -m tests.bench.flood --model stub --jobs 5000 --out build/flood-stub

Writes `report.json` and `report.html` of `divescore load` into the folder and prints what matters of them. The model
that knows nothing (tests/bench/stub.py) leaves what the system itself costs. `processor` says who worked, by stage: a
process whose milliseconds a dive times the throughput come near a core is the bottleneck. Run it alone on the machine;
`share_of_machine` then comes near 1, and says how much else went on where it does not.
"""

import argparse
import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
from pathlib import Path
from typing import Any

from tests.bench.stub import write_video, write_weights
from tests.conftest import ROOT, STACK_STARTS_WITHIN, STACK_STOPS_WITHIN, divescore, free_port

SHOWN = ("jobs", "sent", "scored", "failed", "lost", "duplicates", "out_of_order", "late", "missed", "scored_twice")
FIGURES = ("throughput", "busiest", "drain", "preparation", "service", "workers", "dead_letters", "processor")


def flood(arguments: list[str], env: dict[str, str], target: Path, within: float) -> dict[str, Any]:
    """Run `divescore load` with its progress on our standard error; its report."""
    command = [str(Path(sys.executable).with_name("divescore")), "load", "--json", *arguments]
    with target.open("w") as out, subprocess.Popen(command, cwd=ROOT, env=os.environ | env, stdout=out) as process:
        stop = threading.Timer(within, process.send_signal, [signal.SIGINT])
        stop.start()
        process.wait()
        stop.cancel()
    report: dict[str, Any] = json.loads(target.read_text())
    return report


def main() -> None:
    """Start a system, flood it, stop it; exit 1 when anything was lost or came twice."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("--model", choices=["shipped", "stub"], default="shipped")
    parser.add_argument("--jobs", type=int, default=5000)
    parser.add_argument("--via", choices=["queue", "upload"], default="queue")
    parser.add_argument("--rate", type=float, help="jobs a second; default: all at once")
    parser.add_argument("--workers", type=int, help="default: one for each core")
    parser.add_argument("--out", type=Path, default=ROOT / "build" / "flood")
    parser.add_argument("--within", type=float, default=3600.0, help="seconds for the flood")
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="divescore-flood-") as folder:
        env = {"DIVESCORE_HOME": str(Path(folder) / "home")}
        up = ["up", "--detach", "--port", str(free_port())]
        clips: list[str] = []  # none: `load` renders a dive
        if options.model == "stub":
            up += ["--weights", str(write_weights(Path(folder) / "weights"))]
            clips = [str(write_video(Path(folder) / "film.webm"))]
        if options.workers:
            up += ["--parameter", f"WorkerConcurrency={options.workers}"]
        started = divescore(*up, timeout=STACK_STARTS_WITHIN, env=env)
        try:
            if started.returncode != 0:
                raise SystemExit(started.stderr)
            arguments = ["--via", options.via, "--jobs", str(options.jobs), "--html", str(options.out / "report.html")]
            arguments += ["--require", "lost=0,duplicates=0,scored_twice=0", *clips]
            if options.rate:
                arguments += ["--rate", str(options.rate)]
            report = flood(arguments, env, options.out / "report.json", options.within)
        finally:
            divescore("down", timeout=STACK_STOPS_WITHIN, env=env)
    shown = {name: report[name] for name in (*SHOWN, *FIGURES)}
    shown |= {"load": report["provenance"]["load"]}
    sys.stdout.write(json.dumps(shown, indent=2) + "\n")
    raise SystemExit(0 if all(verdict["met"] for verdict in report["requirements"]) else 1)


if __name__ == "__main__":
    main()
