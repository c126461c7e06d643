"""The engine's entry point runs the engine with small answers sent at once and few processes of each function."""

import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import httpx
import pytest

from divescore.stack.local.engine import RELEASED
from divescore.stack.local.launch import bounded, end_with, secretive

ENDS_WITHIN = 30.0


ENGINE = {
    "__init__.py": "",
    "__main__.py": """
import socketserver
from ministack import app
from ministack.core import iam_evaluator, lambda_runtime
from ministack.services import apigateway, dynamodb, lambda_svc, s3, sts
print(socketserver.StreamRequestHandler.disable_nagle_algorithm, lambda_svc.acquire_worker.__name__)
print(lambda_runtime.get_or_create_worker.__name__, apigateway.asyncio.Queue.__name__)
print(lambda_svc._poll_dynamodb_streams(), list(lambda_svc._iter_all_esms()), type(dynamodb.esm_wake).__name__)
print(app.app.__name__, iam_evaluator.is_root_access_key("test"), sts.is_root_access_key("LOCAL1"))
print(s3._enforce_post_policy_size("", 1), len(lambda_svc._provided_worker_env(1)["AWS_LAMBDA_RUNTIME_API"]))
""",
    "app.py": "def app(scope, receive, send): ...",
    "core/__init__.py": "",
    "core/iam_evaluator.py": "is_root_access_key = None",
    "core/lambda_runtime.py": """
class ProvidedWorker:
    _build_handler_class = None
get_or_create_worker = ensure_spawned = None
""",
    "services/__init__.py": "",
    "services/apigateway.py": "import asyncio",
    "services/lambda_svc.py": """
acquire_worker = release_worker = _poll_dynamodb_streams = None
def _iter_all_esms():
    return []
def _provided_worker_env(port):
    return {"AWS_LAMBDA_RUNTIME_API": f"127.0.0.1:{port}"}
""",
    "services/dynamodb.py": "esm_wake = None",
    "services/s3.py": "def _error(*said): return said",
    "services/sts.py": "is_root_access_key = None",
}


def test_the_engine_runs_with_its_doors_closed_and_its_defaults_changed(tmp_path: Path) -> None:
    for name, code in ENGINE.items():
        path = tmp_path / "ministack" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(code)
    done = subprocess.run(
        [sys.executable, "-m", "divescore.stack.local.launch"],
        env=os.environ | {"PYTHONPATH": str(tmp_path), "GATEWAY_PORT": "4566", "AWS_ACCESS_KEY_ID": "LOCAL1"},
        timeout=ENDS_WITHIN,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    defaults, live, streams, guard, forms = done.stdout.splitlines()
    assert defaults == "True acquire_or_wait"
    assert live == "get Outbox"
    assert streams == "False [] StreamReaders"
    assert guard == "guard False True"
    assert forms == f"('AccessDenied', 'Access Denied', 403) {len('127.0.0.1:1/') + 32}"


class Handler(BaseHTTPRequestHandler):
    """Answers with the path that it sees."""

    def do_GET(self) -> None:
        self.send_response(200)
        self.end_headers()
        self.wfile.write(self.path.encode())

    def log_message(self, format: str, *arguments: object) -> None:
        pass


@pytest.mark.enable_socket
def test_the_runtime_api_is_found_under_its_secret_alone() -> None:
    with HTTPServer(("127.0.0.1", 0), secretive(Handler, "s3cret")) as server:
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}).start()
        address = f"http://127.0.0.1:{server.server_address[1]}"
        found = httpx.get(f"{address}/s3cret/2018-06-01/runtime/invocation/next", trust_env=False)
        assert (found.status_code, found.text) == (200, "/2018-06-01/runtime/invocation/next")
        for path in ("/2018-06-01/runtime/invocation/next", "/", "/s3cre/2018-06-01", "/s3cret2/2018-06-01"):
            assert httpx.get(address + path, trust_env=False).status_code == 404
        server.shutdown()


@pytest.mark.parametrize("released", [True, False])
def test_an_engine_ends_with_whoever_started_it_until_it_is_released(released: bool) -> None:
    ended = threading.Event()
    theirs, ours = os.pipe()
    end_with(theirs, ended.set)
    if released:
        os.write(ours, RELEASED)
        wait_until(lambda: "lifeline" not in [thread.name for thread in threading.enumerate()])
    os.close(ours)
    assert ended.wait(0 if released else ENDS_WITHIN) is not released


def wait_until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + ENDS_WITHIN
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)


class Pool:
    """The engine's pool of one function's processes, as far as the bound sees it."""

    def __init__(self) -> None:
        self.lent: set[object] = set()
        self.most = 0

    def acquire(self, _function: str, *, max_concurrency: int | None = None) -> tuple[object, str]:
        if max_concurrency is not None and len(self.lent) >= max_concurrency:
            return None, "func_cap"
        process = object()
        self.lent.add(process)
        self.most = max(self.most, len(self.lent))
        return process, "spawn"

    def release(self, process: object) -> None:
        self.lent.discard(process)


def test_requests_wait_for_one_of_a_few_processes() -> None:
    pool = Pool()
    acquire, release = bounded(pool.acquire, pool.release, 3)
    done: list[int] = []
    start = threading.Barrier(20)

    def request(number: int) -> None:
        start.wait()
        process, _ = acquire("presign")
        done.append(number)
        release(process)

    threads = [threading.Thread(target=request, args=(number,)) for number in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(ENDS_WITHIN)
    assert sorted(done) == list(range(20))
    assert pool.most <= 3
    assert not pool.lent


def test_a_process_that_was_never_given_back_is_missed_in_time() -> None:
    pool = Pool()
    acquire, _ = bounded(pool.acquire, pool.release, 1)
    process, _ = acquire("presign")
    threading.Timer(0.05, pool.release, [process]).start()  # past the bound, as when the engine drops a broken one
    another, _ = acquire("presign")
    assert another is not process
