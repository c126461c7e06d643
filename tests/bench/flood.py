"""A flood of the whole pipeline on a system of its own, with the shipped model or with one that knows nothing.

    python -m tests.bench.flood --model shipped --jobs 5000 --out build/flood-shipped
    python -m tests.bench.flood --model stub --jobs 5000 --out build/flood-stub

Writes `report.json` and `report.html` of `divescore load` into the folder and prints what matters of them. The model
that knows nothing (tests/bench/stub.py) leaves what the system itself costs. `cpu_ms_per_job` says who worked: the
process whose share times the throughput comes near a core is the bottleneck. Run it alone on the machine.
"""

import argparse
import json
import os
import re
import signal
import subprocess
import sys
import tempfile
import threading
from collections import defaultdict
from pathlib import Path
from typing import Any

import psutil

from divescore.stack.local import engine
from tests.bench.stub import write_video, write_weights
from tests.conftest import ROOT, STACK_STARTS_WITHIN, STACK_STOPS_WITHIN, divescore, free_port

SHOWN = ("jobs", "sent", "scored", "failed", "lost", "duplicates", "out_of_order", "late", "missed", "scored_twice")
FUNCTION = re.compile(r"ministack-lambda-\w+?-(Presign|Enqueue|Notify|WsConnect|Sweep)Function")
FIGURES = ("throughput", "busiest", "drain", "preparation", "service", "workers", "dead_letters")


def flood(arguments: list[str], env: dict[str, str], target: Path, within: float) -> dict[str, Any]:
    """Run `divescore load` with its progress on our standard error; its report, and who used the processor."""
    command = [str(Path(sys.executable).with_name("divescore")), "load", "--json", *arguments]
    home = Path(env["DIVESCORE_HOME"])
    spent: list[dict[str, float]] = []
    with target.open("w") as out:
        process = subprocess.Popen(
            command, cwd=ROOT, env=os.environ | env, stdout=out, stderr=subprocess.PIPE, text=True
        )
        stop = threading.Timer(within, process.send_signal, [signal.SIGINT])
        stop.start()
        assert process.stderr is not None
        for line in process.stderr:
            sys.stderr.write(line)
            if "  sending " in line or "  ending the run" in line:
                spent.append(processor_seconds(home, process.pid))
        process.wait()
        stop.cancel()
    report: dict[str, Any] = json.loads(target.read_text())
    if len(spent) == 2 and report["scored"]:
        used = {name: spent[1][name] - spent[0].get(name, 0.0) for name in spent[1]}
        report["cpu_ms_per_job"] = {name: round(1000 * used[name] / report["scored"], 2) for name in sorted(used)}
        target.write_text(json.dumps(report, indent=2) + "\n")
    return report


def processor_seconds(home: Path, generator: int) -> dict[str, float]:
    """Seconds of processor time so far of the engine, of each function's processes and of the generator."""
    spent: dict[str, float] = defaultdict(float)
    for process in [*engine.processes(home), psutil.Process(generator)]:
        try:
            words, times = " ".join(process.cmdline()), process.cpu_times()
        except psutil.Error:
            continue  # gone meanwhile
        function = FUNCTION.search(words)
        if process.pid == generator:
            name = "generator"
        elif "divescore.stack.local.launch" in words:
            name = "engine"
        else:
            name = function[1].lower() if function else "worker"
        spent[name] += times.user + times.system
        if name == "worker":  # whose decoders are forked for one video each
            spent[name] += times.children_user + times.children_system
    return dict(spent)


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
            clips = [str(write_video(Path(folder) / "film.avi"))]
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
    shown |= {"cpu_ms_per_job": report.get("cpu_ms_per_job"), "load": report["provenance"]["load"]}
    sys.stdout.write(json.dumps(shown, indent=2) + "\n")
    raise SystemExit(0 if all(verdict["met"] for verdict in report["requirements"]) else 1)


if __name__ == "__main__":
    main()
