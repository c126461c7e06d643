"""`divescore up`, `down` and `status` after everything that can go wrong on a machine."""

import json
import os
import signal
import socket
import stat
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil
import pytest

from divescore.stack import local_state
from divescore.stack.clients import clients_of_engine
from divescore.stack.local import engine
from divescore.stack.local.deploy import STACK_NAME
from divescore.stack.local_state import LocalState
from tests.conftest import STACK_STARTS_WITHIN, STACK_STOPS_WITHIN, divescore, free_port

GONE_WITHIN = 5.0
IMPORTED_WITHIN = 1.0  # before that Python itself may tell of the interruption
JOBS_COME_WITHIN = 120.0
SETTLED_WITHIN = 60.0


@dataclass(frozen=True)
class Machine:
    """A folder and a port of its own for a local system."""

    folder: Path
    port: int

    def __call__(self, *arguments: str, timeout: float = STACK_STARTS_WITHIN) -> subprocess.CompletedProcess[str]:
        return divescore(*arguments, timeout=timeout, env={"DIVESCORE_HOME": str(self.folder)})

    def up(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return self("up", "--detach", "--json", "--port", str(self.port), *arguments)

    def processes(self) -> list[psutil.Process]:
        return engine.processes(self.folder)

    def record(self) -> LocalState:
        found = local_state.load(self.folder)
        assert found is not None
        return found


@pytest.fixture
def machine(tmp_path: Path) -> Iterator[Machine]:
    chosen = Machine(tmp_path / "home", free_port())
    yield chosen
    engine.stop(chosen.folder)


def running(machine: Machine) -> dict[str, Any]:
    told = machine("status", "--json")
    answer: dict[str, Any] = json.loads(told.stdout)
    assert told.returncode == (0 if answer["running"] else 1)
    return answer


def test_a_port_in_use_is_told_and_nothing_is_left(machine: Machine) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", machine.port))
        other.listen()
        started = machine.up()
    assert started.returncode == 1
    assert f"Port {machine.port}" in started.stderr
    assert "already in use" in started.stderr
    assert "Traceback" not in started.stderr
    assert machine.processes() == []


def test_up_updates_in_place_and_down_leaves_no_process_and_no_file(machine: Machine) -> None:
    first = machine.up()
    assert first.returncode == 0, first.stderr
    told = json.loads(first.stdout)
    assert set(told) == {"api", "live", "web", "bucket", "queues", "table"}
    assert stat.S_IMODE(machine.folder.stat().st_mode) == 0o700, "others may look at videos and keys"
    assert stat.S_IMODE((machine.folder / "stack.json").stat().st_mode) == 0o600

    second = machine.up("--parameter", "RetentionDays=3")
    assert second.returncode == 0, second.stderr
    assert "already runs" in second.stderr
    assert json.loads(second.stdout) == told
    refused = machine.up("--parameter", "RetentionDays=0")
    assert refused.returncode == 1
    assert "RetentionDays" in refused.stderr
    assert "Traceback" not in refused.stderr
    assert running(machine)["api"] == told["api"]

    assert len(machine.processes()) >= 2, "the engine and its worker"
    stopped = machine("down", timeout=STACK_STOPS_WITHIN)
    assert stopped.returncode == 0, stopped.stderr
    assert machine.processes() == []
    assert not machine.folder.exists()
    assert running(machine) == {"running": False}
    again = machine("down", timeout=STACK_STOPS_WITHIN)
    assert (again.returncode, again.stderr.strip()) == (0, "Nothing was running.")


def test_a_crashed_engine_is_noticed_and_the_next_start_cleans_up(machine: Machine) -> None:
    assert machine.up().returncode == 0
    crashed = machine.record().engine
    psutil.Process(crashed.pid).kill()
    deadline = time.monotonic() + GONE_WITHIN
    while engine.lives(crashed) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert running(machine) == {"running": False}
    again = machine.up()
    assert again.returncode == 0, again.stderr
    assert "crashed" in again.stderr
    assert running(machine)["running"] is True
    assert machine.record().engine.pid != crashed.pid


def test_after_an_interrupted_start_the_next_begins_afresh_and_one_that_fails_leaves_nothing(
    machine: Machine, tmp_path: Path
) -> None:
    begin = "import sys, pathlib; from divescore.stack import local_state; from divescore.stack.local import engine; "
    begin += "folder = pathlib.Path(sys.argv[1]); "
    begin += "local_state.LocalState(engine.start(folder, int(sys.argv[2])), folder=folder).save()"
    subprocess.run([sys.executable, "-c", begin, str(machine.folder), str(machine.port)], check=True)
    half = machine.record()
    assert engine.lives(half.engine)
    assert running(machine) == {"running": False}

    (tmp_path / "no-weights").mkdir()
    failed = machine.up("--weights", str(tmp_path / "no-weights"))
    assert "did not finish" in failed.stderr
    assert not engine.lives(half.engine)
    assert failed.returncode == 1
    assert "The function 'worker' does not work" in failed.stderr
    assert "Traceback" not in failed.stderr
    assert machine.processes() == []
    assert not machine.folder.exists()


def test_in_the_foreground_it_stays_until_it_is_told_to_end(machine: Machine) -> None:
    process = subprocess.Popen(
        [str(Path(sys.executable).with_name("divescore")), "up", "--port", str(machine.port)],
        env=os.environ | {"DIVESCORE_HOME": str(machine.folder)},
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    assert process.stdout is not None
    with process:
        printed = [process.stdout.readline() for _ in range(3)]
        assert [line.split()[0] for line in printed] == ["page", "api", "live"]
        assert running(machine)["running"] is True
        process.terminate()
        assert process.wait(STACK_STOPS_WITHIN) == 0
    assert machine.processes() == []


def test_what_was_kept_is_there_again(machine: Machine, clips: dict[str, Path]) -> None:
    first = machine.up()
    assert first.returncode == 0, first.stderr
    scored = machine("score", "--json", str(clips["one"]))
    assert scored.returncode == 0, scored.stderr
    kept = machine("down", "--keep", timeout=STACK_STOPS_WITHIN)
    assert kept.returncode == 0, kept.stderr
    assert machine.processes() == []
    second = machine("up", "--detach", "--json")
    assert second.returncode == 0, second.stderr
    assert json.loads(second.stdout) == json.loads(first.stdout)
    again = machine("score", "--json", str(clips["other"]))
    assert again.returncode == 0, again.stderr
    statuses = [event["job"]["status"] for event in json.loads(again.stdout)["events"]]
    assert "QUEUED" in statuses, "pushes must reach the client from the first on"
    assert statuses[-1] == "SCORED"


def test_an_engine_that_lost_its_stack_does_not_run_the_system(machine: Machine) -> None:
    assert machine.up().returncode == 0
    before = machine.record()
    assert before.credentials is not None
    client = clients_of_engine(before.engine, before.credentials, before.region)
    client("cloudformation").delete_stack(StackName=STACK_NAME)
    assert engine.answers(before.engine)
    assert running(machine) == {"running": False}
    assert "lost its stack" in machine("status").stdout
    again = machine.up()
    assert again.returncode == 0, again.stderr
    assert running(machine)["running"] is True
    assert machine.record().engine.pid != before.engine.pid


def interrupted(machine: Machine, number: signal.Signals, after: float) -> None:
    """Start the system, interrupt the start after so many seconds, and see that nothing is left of it."""
    process = subprocess.Popen(
        [str(Path(sys.executable).with_name("divescore")), "up", "--detach", "--port", str(machine.port)],
        env=os.environ | {"DIVESCORE_HOME": str(machine.folder)},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    time.sleep(after)
    process.send_signal(number)
    said = process.communicate(timeout=STACK_STARTS_WITHIN)[1]
    assert "Traceback" not in said or after < IMPORTED_WITHIN, said
    if process.returncode == 0:  # it was there already
        assert machine("down", timeout=STACK_STOPS_WITHIN).returncode == 0
        return
    deadline = time.monotonic() + GONE_WITHIN
    while machine.processes() and time.monotonic() < deadline:
        time.sleep(0.05)
    assert machine.processes() == [], f"interrupted after {after:.1f} s"
    assert running(machine) == {"running": False}
    assert number is signal.SIGKILL or not (machine.folder / "state").exists()


@pytest.mark.parametrize("after", [0.3, 0.8, 1.4, 3.0])
def test_an_interrupted_start_leaves_nothing_running(machine: Machine, after: float) -> None:
    interrupted(machine, signal.SIGINT, after)


def test_a_start_that_is_killed_leaves_nothing_running(machine: Machine) -> None:
    interrupted(machine, signal.SIGKILL, 1.5)


@pytest.mark.soak
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_a_start_can_be_interrupted_at_any_moment(machine: Machine, number: signal.Signals) -> None:
    for tenth in range(61):
        interrupted(machine, number, tenth / 10)


def test_jobs_that_were_under_way_are_scored_after_the_next_start(machine: Machine, clips: dict[str, Path]) -> None:
    """Also those whose message a worker had received when the system ended: nobody waits until it shows again."""
    assert machine.up().returncode == 0
    upload = subprocess.Popen(
        [str(Path(sys.executable).with_name("divescore")), "score", "--json", *[str(clips["one"])] * 24],
        env=os.environ | {"DIVESCORE_HOME": str(machine.folder)},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        wait_for(lambda: {"QUEUED", "PROCESSING"} <= set(states(machine)), JOBS_COME_WITHIN)
        kept = machine("down", "--keep", timeout=STACK_STOPS_WITHIN)
        assert kept.returncode == 0, kept.stderr
    finally:
        upload.kill()
        upload.wait()
    again = machine("up", "--detach", "--json")
    assert again.returncode == 0, again.stderr
    wait_for(lambda: not {"QUEUED", "PROCESSING"} & set(states(machine)), SETTLED_WITHIN)
    found = states(machine)
    assert found["SCORED"] > 0
    assert set(found) <= {"SCORED", "AWAITING_UPLOAD"}, "those whose upload the end cut off wait for another"


def states(machine: Machine) -> Counter[str]:
    """How many jobs of the running system are in each state."""
    record = machine.record()
    assert record.credentials is not None
    assert record.stack is not None
    table = clients_of_engine(record.engine, record.credentials, record.region)("dynamodb")
    items = table.scan(TableName=record.stack.table)["Items"]
    return Counter(item["status"]["S"] for item in items if item["sk"]["S"] == "JOB")


def wait_for(condition: Callable[[], bool], seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.1)
