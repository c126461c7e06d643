"""The load test on the running system: every dive and every push accounted for, and an honest tail."""

import json
import os
import signal
import subprocess
import sys
import time
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import ROOT
from tests.integration.conftest import System

ENDS_WITHIN = 300.0
STALL = 2.0


def start(system: System, *arguments: str) -> subprocess.Popen[str]:
    """A load test under way."""
    return subprocess.Popen(
        [str(Path(sys.executable).with_name("divescore")), "load", "--json", *arguments],
        cwd=ROOT,
        env=os.environ | system.addresses["env"],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def finish(process: subprocess.Popen[str]) -> tuple[int, dict[str, Any]]:
    """Its exit code and its report."""
    try:
        out, err = process.communicate(timeout=ENDS_WITHIN)
    except subprocess.TimeoutExpired:
        process.kill()
        raise
    assert out, err
    return process.returncode, json.loads(out)


def accounted(report: dict[str, Any]) -> None:
    """Nothing was lost on the way, neither dives nor news."""
    jobs = report["jobs"]
    assert (report["sent"], report["scored"]) == (jobs, jobs), report["errors"]
    assert (report["lost"], report["missed"], report["scored_twice"]) == (0, 0, 0), report["lost_jobs"]


@pytest.mark.stack
def test_dives_through_the_front_door(system: System, clips: dict[str, Path], tmp_path: Path) -> None:
    page = tmp_path / "report.html"
    arguments = ("--jobs", "30", "--rate", "10", "--watchers", "2", "--sockets", "4", "--html", str(page))
    code, report = finish(start(system, *arguments, "--require", "lost=0,missed=0", str(clips["one"])))
    accounted(report)
    assert code == 0, report["requirements"]
    assert list(report["latency"]) == ["upload", "admitted", "started", "scored", "pushed"]
    assert all(stage["n"] == 30 for stage in report["latency"].values())
    order = [report["latency"][stage]["p50"] for stage in ("upload", "started", "scored", "pushed")]
    assert order == sorted(order)
    assert report["pushes"]["messages"] >= 30 * 2 * 3
    assert "</html>" in page.read_text()


@pytest.mark.stack
def test_a_stalled_system_shows_in_the_tail(system: System, clips: dict[str, Path]) -> None:
    """The engine is stopped for two seconds in the middle: all that was due meanwhile waited, and says so."""
    engine = json.loads((Path(system.addresses["env"]["DIVESCORE_HOME"]) / "stack.json").read_text())["engine"]["pid"]
    process = start(system, "--via", "queue", "--jobs", "30", "--rate", "10", "--require", "p99=1s", str(clips["one"]))
    assert process.stderr is not None
    for line in process.stderr:
        if "sending" in line:
            break
    time.sleep(0.7)
    os.kill(engine, signal.SIGSTOP)
    try:
        stopped = time.time()
        time.sleep(STALL)
    finally:
        os.kill(engine, signal.SIGCONT)
    code, report = finish(process)
    accounted(report)
    begun = datetime.fromisoformat(report["start"]).timestamp()
    samples = report["samples"]
    due = [at for at in samples["intended"] if 0.1 <= begun + at - stopped <= STALL / 2]
    assert due, "no job was due while the engine stood still"
    waits = {at: there - at for at, there in zip(samples["intended"], samples["arrived"], strict=True)}
    assert all(waits[at] >= STALL / 2 for at in due)
    # A loop that waits for each answer would have been held up once, and p99 would not have seen it.
    assert report["latency"]["pushed"]["p99"] >= STALL / 2
    assert code == 1, "p99 was required to be within a second"


@pytest.mark.soak
@pytest.mark.stack
@pytest.mark.parametrize(
    "arguments",
    [
        ("--via", "queue", "--jobs", "2000"),
        ("--via", "queue", "--jobs", "600", "--schedule", "poisson", "--rate", "20", "--sockets", "each"),
        ("--via", "upload", "--jobs", "300"),
        ("--via", "upload", "--jobs", "400", "--schedule", "ramp", "--rate", "10", "--watchers", "3"),
    ],
)
def test_floods(system: System, clips: dict[str, Path], arguments: tuple[str, ...]) -> None:
    process = start(system, *arguments, "--require", "lost=0,duplicates=0,missed=0", str(clips["one"]))
    try:
        out, err = process.communicate(timeout=1800)
    except subprocess.TimeoutExpired:
        process.kill()
        raise
    report = json.loads(out)
    accounted(report)
    assert process.returncode == 0, (report["requirements"], err)
