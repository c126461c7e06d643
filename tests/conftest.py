"""What every test shares: unit tests cannot open sockets, system tests share one running stack."""

import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[1]
STACK_STARTS_WITHIN = 180.0
STACK_STOPS_WITHIN = 60.0


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Forbid sockets in unit tests that do not ask for them."""
    unit = ROOT / "tests" / "unit"
    for item in items:
        if not item.path.is_relative_to(unit):
            continue
        if item.get_closest_marker("enable_socket") is None and item.get_closest_marker("allow_hosts") is None:
            item.add_marker(pytest.mark.disable_socket)


def free_port() -> int:
    """A port that nothing listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def divescore(*arguments: str, timeout: float, env: dict[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    """Run the command as a user would and return what it printed."""
    process = subprocess.Popen(
        [str(Path(sys.executable).with_name("divescore")), *arguments],
        cwd=ROOT,
        env=os.environ | (env or {}),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    try:
        out, err = process.communicate(timeout=timeout)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        out, err = process.communicate()
        raise AssertionError(f"divescore {' '.join(arguments)} took over {timeout} s\n{out}\n{err}") from None
    return subprocess.CompletedProcess(process.args, process.returncode, out, err)


@pytest.fixture(scope="session")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Any]]:
    """The whole system, running on this machine for the length of the test session.

    The value is what `up --detach --json` printed, and `env`: the environment in which `divescore` finds this system.
    """
    env = {"DIVESCORE_HOME": str(tmp_path_factory.mktemp("divescore"))}
    started = divescore(
        *("up", "--detach", "--json", "--port", str(free_port())),
        # All tests together are one client, and may be busier in a day than one person.
        *("--parameter", "JobsPerDayPerClient=5000"),
        timeout=STACK_STARTS_WITHIN,
        env=env,
    )
    try:
        assert started.returncode == 0, f"the local stack did not start\n{started.stdout}\n{started.stderr}"
        yield json.loads(started.stdout) | {"env": env}
    finally:
        stopped = divescore("down", timeout=STACK_STOPS_WITHIN, env=env)
        assert stopped.returncode == 0, f"the local stack did not stop\n{stopped.stdout}\n{stopped.stderr}"
