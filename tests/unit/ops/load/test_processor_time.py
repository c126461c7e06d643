"""The account of processor time: made-up processes, and a real tree of which all but the root ends."""

import asyncio
import subprocess
import sys
import time

import psutil
import pytest

from divescore.ops.load.processor_time import Consumption, ProcessorTime, SystemAccount, stage_of

ENDS_WITHIN = 60.0
BURNS = 0.6  # seconds of processor time of each process
TICK = 0.1  # how exact the system's own count of a process is, and what starting one takes

# The root waits for a word, then has a child burn that has a child of its own; both end, and the root stays.
TREE = f"""
import os, sys, time

def burn():
    until = time.process_time() + {BURNS}
    while time.process_time() < until:
        pass

def child():
    pid = os.fork()
    burn()
    if pid:
        os.waitpid(pid, 0)
    os._exit(0)

for line in sys.stdin:
    pid = os.fork()
    if pid == 0:
        child()
    os.waitpid(pid, 0)
    print("ended", flush=True)
"""


def used(pid: int, own: float, ended: float = 0.0, parent: int = 1, stage: str = "worker") -> Consumption:
    return Consumption(pid, parent, stage, own, ended)


def test_what_was_used_before_the_first_look_does_not_count() -> None:
    account = ProcessorTime()
    account.add([used(2, 10.0, 5.0)])
    account.add([used(2, 11.5, 5.0), used(3, 0.5, parent=2, stage="notify")])
    assert account.stages == pytest.approx({"worker": 1.5, "decoder": 0.0, "notify": 0.5})


def test_what_ended_is_counted_once() -> None:
    forkserver = {"parent": 2, "stage": "decoder"}
    account = ProcessorTime()
    account.add([used(2, 0.0), used(3, 0.0, **forkserver)])  # type: ignore[arg-type]
    # A decoder is seen with 0.3 s and ends with 0.4; another one, of 0.2 s, nobody sees.
    account.add([used(2, 0.0), used(3, 0.0, **forkserver), used(4, 0.3, parent=3, stage="decoder")])  # type: ignore[arg-type]
    account.add([used(2, 0.0), used(3, 0.0, 0.6, **forkserver)])  # type: ignore[arg-type]
    assert account.stages["decoder"] == pytest.approx(0.6)


def test_a_tree_that_ends_at_once_leaves_its_time_to_the_root() -> None:
    account = ProcessorTime()
    tree = [used(2, 0.0), used(3, 0.1, parent=2, stage="decoder"), used(4, 0.3, parent=3, stage="decoder")]
    account.add([used(2, 0.0)])
    account.add(tree)
    account.add([used(2, 0.0, 0.1 + 0.3 + 0.2)])
    assert account.stages["decoder"] == pytest.approx(0.6)


def test_what_lost_its_parent_keeps_what_it_was_seen_with() -> None:
    account = ProcessorTime()
    account.add([used(2, 0.0, stage="engine")])
    account.add([used(2, 0.0, stage="engine"), used(4, 0.3, parent=1)])  # its parent ended; init has it
    account.add([used(2, 0.0, stage="engine")])
    assert account.stages["worker"] == pytest.approx(0.3)


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="only Linux tells of children that ended")
def test_a_real_tree_that_ends_is_counted() -> None:
    async def run() -> dict[str, float]:
        account = SystemAccount(root.pid)
        assert root.stdin is not None
        assert root.stdout is not None
        async with account.kept():
            root.stdin.write(b"\n")
            root.stdin.flush()
            assert await asyncio.wait_for(asyncio.to_thread(root.stdout.readline), ENDS_WITHIN) == b"ended\n"
            assert psutil.Process(root.pid).children(recursive=True) == []
        report = account.report(dives=2)
        assert report["ms_per_dive"]["engine"] == pytest.approx(500 * report["seconds"]["engine"], abs=10)
        assert report["total"] <= report["machine"] + TICK
        seconds: dict[str, float] = report["seconds"]
        return seconds

    with subprocess.Popen([sys.executable, "-c", TREE], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as root:
        time.sleep(TICK)
        seconds = asyncio.run(run())
    assert seconds["engine"] + TICK >= 2 * BURNS
    assert seconds["engine"] <= 2 * BURNS + 2 * TICK


@pytest.mark.parametrize(
    ("command", "stage"),
    [
        ("python -m divescore.stack.local.launch", "engine"),
        ("python /tmp/ministack-lambda-divescore-NotifyFunction-85757D65/worker.py", "notify"),
        ("python /tmp/ministack-lambda-divescore-WsConnectFunction-02AA1/worker.py", "ws_connect"),
        ("python -m awslambdaric app.handler", "worker"),
        ("python -I -c import json, sys; from divescore.video.forkserver import main; main() 5 []", "decoder"),
    ],
)
def test_processes_are_told_apart_by_their_command(command: str, stage: str) -> None:
    assert stage_of(command) == stage
