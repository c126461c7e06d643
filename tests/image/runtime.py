"""Lambda's runtime API, as much of it as the runtime interface client calls, and a function started against it."""

import json
import os
import queue
import subprocess
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from tests.image.contents import TASK, Image, base_python

VERSION = "/2018-06-01/runtime"
ENDS_WITHIN = 10.0
TRACE = "Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=0"


class FunctionFailed(Exception):
    """The function could not start, or its handler raised: what it told of it."""


class RuntimeApi:
    """Hands events to one function, one at a time, and takes its answers."""

    def __init__(self) -> None:
        api = self
        self.ready = threading.Event()
        """Set when the function asks for its first event: it has started."""
        self.ended: Callable[[], int | None] = lambda: None
        """The status with which the function's process ended, None while it lives."""
        self._events: queue.Queue[tuple[str, bytes]] = queue.Queue()
        self._answers: queue.Queue[tuple[str, Any]] = queue.Queue()

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                api.ready.set()
                request, body = api._events.get()
                self.send_response(200)
                # The client crashes when there is no content type.
                self.send_header("Content-Type", "application/json")
                self.send_header("Lambda-Runtime-Trace-Id", TRACE)
                self.send_header("Lambda-Runtime-Aws-Request-Id", request)
                self.send_header("Lambda-Runtime-Deadline-Ms", str(int(time.time() * 1000) + 60_000))
                self.send_header("Lambda-Runtime-Invoked-Function-Arn", "arn:aws:lambda:eu-central-1:1:function:worker")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                kind = self.path.rsplit("/", 1)[1]
                api._answers.put((kind, body))
                self.send_response(202)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_: Any) -> None:
                return

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self._thread.start()

    @property
    def address(self) -> str:
        """Host and port, as AWS_LAMBDA_RUNTIME_API has them."""
        return f"127.0.0.1:{self._server.server_port}"

    def invoke(self, event: Any, within: float) -> Any:
        """What the handler answers; raises FunctionFailed with what it told when it raised or could not start."""
        self._events.put((str(uuid.uuid4()), json.dumps(event).encode()))
        until = time.monotonic() + within
        while True:
            try:
                kind, body = self._answers.get(timeout=0.5)
            except queue.Empty:
                if (status := self.ended()) is not None:
                    raise FunctionFailed(f"The function ended with status {status}.") from None
                if time.monotonic() > until:
                    raise FunctionFailed(f"The function did not answer within {within:.0f} s.") from None
                continue
            if kind != "response":
                raise FunctionFailed(body)
            return body

    def failure(self) -> Any:
        """What the function told of a start that failed, None when it told nothing."""
        try:
            return self._answers.get_nowait()[1]
        except queue.Empty:
            return None

    def close(self) -> None:
        """Stop serving."""
        self._server.shutdown()
        self._server.server_close()


@contextmanager
def function(image: Image, env: dict[str, str], log: Path, within: float) -> Iterator[RuntimeApi]:
    """The image's function, started as its entry point does it and ready for events; it is ended on leaving.

    It sees the image's folders and the standard library, nothing else of this machine. `log` takes what it prints.
    Raises FunctionFailed when it does not start.
    """
    api = RuntimeApi()
    given = {
        "PATH": os.environ["PATH"],
        "AWS_LAMBDA_RUNTIME_API": api.address,
        "AWS_LAMBDA_FUNCTION_NAME": "worker",
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "3008",
        "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
        "AWS_LAMBDA_LOG_GROUP_NAME": "worker",
        "AWS_LAMBDA_LOG_STREAM_NAME": "stream",
        "AWS_LAMBDA_INITIALIZATION_TYPE": "on-demand",
        "LAMBDA_TASK_ROOT": str(image.task),
        "PYTHONPATH": str(image.runtime),
        "PYTHONDONTWRITEBYTECODE": "1",
        **{name: value.replace(TASK, str(image.task)) for name, value in env.items()},
    }
    with log.open("wb") as output:
        process = subprocess.Popen(
            [base_python(), "-S", "-s", "-m", "awslambdaric", *image.command],
            cwd=image.task,
            env=given,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
        )
    api.ended = process.poll
    try:
        until = time.monotonic() + within
        while not api.ready.wait(0.02):
            if process.poll() is not None or time.monotonic() > until:
                raise FunctionFailed(api.failure() or log.read_text(errors="replace")[-2000:])
        yield api
    finally:
        process.kill()
        process.wait(ENDS_WITHIN)
        api.close()
