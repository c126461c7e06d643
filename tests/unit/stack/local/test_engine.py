"""The engine's surroundings: its port, its environment, its log, and that a stranger's process is left alone."""

import json
import os
import socket
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from divescore.stack.local import engine
from divescore.stack.local.errors import EngineFailed, PortInUse
from divescore.stack.local_state import Engine


def sleeper(folder: Path | None) -> subprocess.Popen[bytes]:
    env = os.environ | ({engine.MARK: str(folder)} if folder else {})
    return subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"], env=env)


@pytest.mark.enable_socket
def test_a_port_in_use_is_told_with_what_to_do() -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        with pytest.raises(PortInUse, match=rf"Port {port} .* already in use .* --port {port + 1}"):
            engine.check_port(port)


@pytest.mark.enable_socket
def test_a_port_that_is_bound_but_does_not_listen_is_in_use_too() -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        with pytest.raises(PortInUse):
            engine.check_port(other.getsockname()[1])


@pytest.mark.enable_socket
def test_an_engine_that_ends_at_its_start_is_told_with_the_end_of_its_log(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken = tmp_path / "python"
    broken.write_text("#!/bin/sh\necho 'no module named ministack' >&2\nexit 3\n")
    broken.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(broken))
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    with pytest.raises(EngineFailed, match=r"status 3 at its start[\s\S]*no module named ministack"):
        engine.start(tmp_path, port)


def test_it_listens_on_loopback_enforces_access_and_writes_below_its_folder(tmp_path: Path) -> None:
    env = engine.environment(tmp_path, 4580, "KEY", "secret")
    assert env["BIND_HOST"] == "127.0.0.1"
    assert env["AUTH"] == "true"
    for name in ("STATE_DIR", "S3_DATA_DIR", "TMPDIR"):
        assert Path(env[name]).is_relative_to(tmp_path)


def test_it_inherits_nothing_that_would_change_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_SESSION_TOKEN", "AWS_PROFILE", "LAMBDA_EXECUTOR", "PYTHONPATH", "SERVICES", "POWERTOOLS_DEV"):
        monkeypatch.setenv(name, "surprise")
    assert "surprise" not in engine.environment(tmp_path, 4580, "KEY", "secret").values()


def test_the_tail_of_a_log_is_its_last_lines(tmp_path: Path) -> None:
    assert engine.log_tail(tmp_path) == ""
    (tmp_path / "engine.log").write_text("\n".join(str(line) for line in range(100)))
    assert engine.log_tail(tmp_path, lines=2) == "98\n99"


def test_stop_ends_what_belongs_to_the_folder_and_nothing_else(tmp_path: Path) -> None:
    ours, other = sleeper(tmp_path), sleeper(tmp_path / "other")
    try:
        record = Engine(ours.pid, 4580, psutil.Process(ours.pid).create_time(), "KEY", "secret")
        assert engine.lives(record)
        assert engine.stop(tmp_path, record) == 1
        assert not engine.lives(record)
        assert other.poll() is None
    finally:
        for process in (ours, other):
            process.kill()
            process.wait()


def test_a_later_process_with_the_same_id_is_not_the_engine(tmp_path: Path) -> None:
    process = sleeper(None)
    try:
        assert not engine.lives(Engine(process.pid, 4580, time.time() - 3600, "KEY", "secret"))
    finally:
        process.kill()
        process.wait()


def test_saved_mappings_start_at_the_beginning_of_the_new_stream(tmp_path: Path) -> None:
    engine.forget_stream_positions(tmp_path)  # nothing saved: nothing to do
    saved = tmp_path / "state" / "lambda.json"
    saved.parent.mkdir()
    positions = {"__account_region_scoped__": True, "data": {"some mapping": 25}}
    saved.write_text(json.dumps({"payload": {"dynamodb_stream_positions": positions, "esms": {"a": 1}}}))
    engine.forget_stream_positions(tmp_path)
    payload = json.loads(saved.read_text())["payload"]
    assert payload["dynamodb_stream_positions"]["data"] == {}
    assert payload["esms"] == {"a": 1}


def test_saved_messages_can_be_received_at_once(tmp_path: Path) -> None:
    engine.show_messages_again(tmp_path)  # nothing saved: nothing to do
    saved = tmp_path / "state" / "sqs.json"
    saved.parent.mkdir()
    hidden = {"body": "a dive", "sent_at": 1000.0, "visible_at": 6400.0, "receive_count": 1}
    queues = {"__account_region_scoped__": True, "data": {"scoring": {"messages": [hidden], "attributes": {}}}}
    saved.write_text(json.dumps({"payload": {"queues": queues}}))
    engine.show_messages_again(tmp_path)
    (queue,) = json.loads(saved.read_text())["payload"]["queues"]["data"].values()
    assert queue["messages"] == [hidden | {"visible_at": 1000.0}]


class Interrupted(BaseException):
    """As Ctrl-C is: nothing that code expects."""


def test_a_start_that_is_interrupted_ends_the_engine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    held: list[int] = []
    processes: list[subprocess.Popen[bytes]] = []

    def start(folder: Path, port: int, key_id: str | None, secret: str | None, lifeline: int) -> Engine:
        held.append(lifeline)
        process = sleeper(folder)
        processes.append(process)
        return Engine(process.pid, port, psutil.Process(process.pid).create_time(), "KEY", "secret")

    monkeypatch.setattr(engine, "start", start)
    with pytest.raises(Interrupted), engine.starting(tmp_path, 4580) as started:
        raise Interrupted
    assert not engine.lives(started)
    for descriptor in held:
        with pytest.raises(OSError, match="Bad file descriptor"):
            os.fstat(descriptor)

    with engine.starting(tmp_path, 4580) as started:
        lifeline = os.dup(held[-1])
    try:
        assert engine.lives(started)
        assert os.read(lifeline, 1) == engine.RELEASED
    finally:
        os.close(lifeline)
        engine.stop(tmp_path)
        for process in processes:
            process.wait()
