"""The engine's entry point runs the engine with small answers sent at once and few processes of each function."""

import os
import subprocess
import sys
import threading
from pathlib import Path

from divescore.stack.local.launch import bounded

ENDS_WITHIN = 30.0


def test_the_engine_runs_with_its_defaults_changed(tmp_path: Path) -> None:
    services = tmp_path / "ministack" / "services"
    services.mkdir(parents=True)
    (tmp_path / "ministack" / "__init__.py").touch()
    (services / "__init__.py").touch()
    (services / "lambda_svc.py").write_text("acquire_worker = release_worker = None\n")
    (tmp_path / "ministack" / "__main__.py").write_text(
        "import socketserver\nfrom ministack.services import lambda_svc\n"
        "print(socketserver.StreamRequestHandler.disable_nagle_algorithm, lambda_svc.acquire_worker.__name__)\n"
    )
    done = subprocess.run(
        [sys.executable, "-m", "divescore.stack.local.launch"],
        env=os.environ | {"PYTHONPATH": str(tmp_path)},
        timeout=ENDS_WITHIN,
        capture_output=True,
        text=True,
    )
    assert (done.returncode, done.stdout.strip()) == (0, "True acquire_or_wait"), done.stderr


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
