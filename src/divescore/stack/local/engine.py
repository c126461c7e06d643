"""The engine's process: start it on loopback, wait until it is ready, stop it and everything it started."""

import contextlib
import json
import os
import secrets
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psutil

from divescore.stack.local.errors import EngineFailed, PortInUse
from divescore.stack.local_state import REGION, Engine

READY_WITHIN = 30.0
SAVED_WITHIN = 15.0
KILLED_WITHIN = 2.0
PORT_FREED_WITHIN = 3.0
STOP_ROUNDS = 5
LOG_TAIL_LINES = 20
ENTRY = ("-m", "divescore.stack.local.launch")
LIFELINE = "DIVESCORE_ENGINE_LIFELINE"  # the descriptor of a pipe: closed without RELEASED, the engine ends
RELEASED = b"+"
MARK = "DIVESCORE_ENGINE_HOME"  # every process of an engine inherits it, so that none outlives it unnoticed


def check_port(port: int) -> None:
    """Raise PortInUse when something listens on the port."""
    with socket.socket() as probe:
        probe.settimeout(1)
        if probe.connect_ex(("127.0.0.1", port)) == 0:
            raise PortInUse(port)
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            raise PortInUse(port) from None


def _await_port(port: int) -> None:
    """Raise PortInUse when something goes on listening: an engine that was killed lets its port go a moment later."""
    deadline = time.monotonic() + PORT_FREED_WITHIN
    while True:
        try:
            check_port(port)
        except PortInUse:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.1)
        else:
            return


def environment(folder: Path, port: int, key_id: str, secret: str) -> dict[str, str]:
    """The environment of the engine, inherited by the functions it runs."""
    kept = {name: value for name, value in os.environ.items() if not _changes_the_engine(name)}
    return kept | {
        MARK: str(folder),
        "BIND_HOST": "127.0.0.1",
        "GATEWAY_PORT": str(port),
        "MINISTACK_HOST": "localhost",
        "MINISTACK_REGION": REGION,
        "AUTH": "true",
        "IOT_MTLS_ENABLED": "0",
        "SFTP_ENABLED": "0",
        "LOG_LEVEL": "WARNING",
        "PERSIST_STATE": "1",
        "S3_PERSIST": "1",
        "STATE_DIR": str(folder / "state"),
        "S3_DATA_DIR": str(folder / "objects"),
        "TMPDIR": str(folder / "tmp"),
        "AWS_ACCESS_KEY_ID": key_id,
        "AWS_SECRET_ACCESS_KEY": secret,
        "AWS_DEFAULT_REGION": REGION,
        "AWS_REGION": REGION,
        "AWS_EC2_METADATA_DISABLED": "true",
        # Functions under the runtime interface client are not told the engine's address otherwise.
        "AWS_ENDPOINT_URL": f"http://127.0.0.1:{port}",
        # Nothing here needs Docker; without this the engine looks for containers to clean up.
        "DOCKER_HOST": "unix:///nonexistent",
        "NO_PROXY": "127.0.0.1,localhost",
        "no_proxy": "127.0.0.1,localhost",
        "PYTHONUNBUFFERED": "1",
    }


def _changes_the_engine(name: str) -> bool:
    """Whether a variable of the caller would change how the engine, or a function in it, behaves."""
    prefixes = ("AWS_", "MINISTACK_", "LAMBDA_", "LOCALSTACK_", "POWERTOOLS_", "PYTHON", "COV_", "COVERAGE_")
    return name.startswith(prefixes) or name in {"SERVICES", "USE_SSL", "EDGE_PORT", "DATA_DIR"}


@contextmanager
def starting(folder: Path, port: int, key_id: str | None = None, secret: str | None = None) -> Iterator[Engine]:
    """The engine, started and answering; it runs on when the block ends well, and ends with everything it started else.

    It ends too when this process is killed inside the block: it holds the other end of a pipe. Raises as `start` does.
    """
    theirs, ours = os.pipe()
    try:
        yield start(folder, port, key_id, secret, lifeline=theirs)
        os.write(ours, RELEASED)
    except BaseException:  # Ctrl-C too, and a second one must not end the cleaning up
        with _uninterrupted():
            stop(folder)
        raise
    finally:
        os.close(theirs)
        os.close(ours)


def start(
    folder: Path, port: int, key_id: str | None = None, secret: str | None = None, lifeline: int | None = None
) -> Engine:
    """Start the engine and return when it answers; `lifeline` is the end of a pipe whose closing ends it.

    Raises PortInUse when the port is taken and EngineFailed, with the end of the log, when it ends or does not answer
    within READY_WITHIN seconds.
    """
    _await_port(port)
    key_id = key_id or "LOCAL" + secrets.token_hex(8).upper()
    secret = secret or secrets.token_urlsafe(30)
    for name in ("state", "objects", "tmp"):
        (folder / name).mkdir(mode=0o700, parents=True, exist_ok=True)
    held = {} if lifeline is None else {LIFELINE: str(lifeline)}
    with (folder / "engine.log").open("wb") as log:
        process = subprocess.Popen(  # noqa: S603 - our own interpreter and entry point
            [sys.executable, *ENTRY],
            cwd=folder,
            env=environment(folder, port, key_id, secret) | held,
            pass_fds=() if lifeline is None else (lifeline,),
            umask=0o077,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    engine = Engine(process.pid, port, psutil.Process(process.pid).create_time(), key_id, secret)
    deadline = time.monotonic() + READY_WITHIN
    while not answers(engine):
        if process.poll() is not None:
            raise EngineFailed(
                f"The local engine ended with status {process.returncode} at its start", log_tail(folder)
            )
        if time.monotonic() > deadline:
            stop(folder, engine)
            raise EngineFailed(f"The local engine did not answer within {READY_WITHIN:.0f} s", log_tail(folder))
        time.sleep(0.05)
    return engine


@contextmanager
def _uninterrupted() -> Iterator[None]:
    """Put off requests to end, where this thread may."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {number: signal.signal(number, signal.SIG_IGN) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def answers(engine: Engine) -> bool:
    """Whether the engine serves requests."""
    try:
        with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(
            f"{engine.endpoint}/_ministack/health", timeout=2
        ) as answer:
            return int(answer.status) == 200
    except (urllib.error.URLError, OSError):
        return False


def lives(engine: Engine) -> bool:
    """Whether the engine's process is there, and is the one that was started."""
    try:
        process = psutil.Process(engine.pid)
        return abs(process.create_time() - engine.created) < 1 and _is_alive(process)
    except psutil.NoSuchProcess:
        return False


def log_tail(folder: Path, lines: int = LOG_TAIL_LINES) -> str:
    """The last lines of the engine's log."""
    try:
        return "\n".join((folder / "engine.log").read_text(errors="replace").splitlines()[-lines:])
    except FileNotFoundError:
        return ""


def processes(folder: Path) -> list[psutil.Process]:
    """Every process of the engine of that folder, its functions included, also after the engine itself is gone."""
    found = []
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error):  # gone meanwhile, or another user's
            if process.environ().get(MARK) == str(folder) and process.pid != os.getpid():
                found.append(process)
    return found


def stop(folder: Path, engine: Engine | None = None, save: bool = False) -> int:
    """Stop the engine and everything it started; return how many processes ended.

    With `save` the engine first gets the time to write its state, which takes it some seconds.
    """
    if save and engine and lives(engine):
        with contextlib.suppress(psutil.NoSuchProcess):
            process = psutil.Process(engine.pid)
            process.terminate()
            _wait([process], SAVED_WITHIN)
    # The engine first, so that it starts no function anew; then again what was being started meanwhile.
    ended: set[int] = {engine.pid} if save and engine and not lives(engine) else set()
    for _ in range(STOP_ROUNDS):
        doomed = processes(folder)
        if not doomed:
            break
        for process in sorted(doomed, key=lambda item: item.pid != (engine.pid if engine else 0)):
            with contextlib.suppress(psutil.NoSuchProcess):
                process.kill()
        _wait(doomed, KILLED_WITHIN)
        ended |= {process.pid for process in doomed}
    return len(ended)


def _wait(doomed: list[psutil.Process], seconds: float) -> None:
    """Wait until the processes have ended; one that nobody collects (a zombie) has."""
    deadline = time.monotonic() + seconds
    while any(_is_alive(process) for process in doomed) and time.monotonic() < deadline:
        time.sleep(0.02)


def _is_alive(process: psutil.Process) -> bool:
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def forget_stream_positions(folder: Path) -> None:
    """Let the saved stream mappings start at the beginning again.

    The engine saves how far each mapping has read, but not the stream: started anew it would skip as many new records
    as the old stream had, and nobody would be told of those jobs.
    """

    def change(payload: dict[str, Any]) -> None:
        payload["dynamodb_stream_positions"]["data"] = {}

    _change_saved(folder, "lambda", change)


def show_messages_again(folder: Path) -> None:
    """Let every message of a saved queue be received at once: whoever had received it is gone.

    Else it would stay hidden for as long as its queue hides it from others, six times a function's whole time.
    """

    def change(payload: dict[str, Any]) -> None:
        for queue in payload["queues"]["data"].values():
            for message in queue["messages"]:
                message["visible_at"] = message["sent_at"]

    _change_saved(folder, "sqs", change)


def _change_saved(folder: Path, service: str, change: Callable[[dict[str, Any]], None]) -> None:
    """Change what the engine saved of a service, if it did."""
    saved = folder / "state" / f"{service}.json"
    if not saved.is_file():
        return
    state = json.loads(saved.read_text())
    change(state["payload"])
    saved.write_text(json.dumps(state))
