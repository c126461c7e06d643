"""The engine: `python -m divescore.stack.local.launch` is `python -m ministack` with a guard and other defaults.

`access` says who may reach its port. The Runtime API, where a custom runtime gets its events, has a port of its own:
the address that the runtime is given holds a secret, and no other answers.

The engine hands a worker its event in two packets, headers and body. With Nagle's algorithm the second waits until the
worker has acknowledged the first, and Linux delays an acknowledgement by 40 ms: each dive's score would come that much
later than it has to.

Like AWS, the engine starts a process for every request that finds the others busy. One machine cannot: a burst of a
hundred requests starts a hundred interpreters, none of which gets the processor before its function's time is over, so
that all are killed and started again. Here a request waits until one of a few processes is free.

`sockets` says how it serves WebSocket APIs, `streams` how it reads streams.
"""

import hmac
import os
import runpy
import secrets
import signal
import socketserver
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler
from typing import Any

from divescore.stack.local import access, sockets, streams
from divescore.stack.local.engine import LIFELINE

MOST_PROCESSES = max(4, 2 * (os.cpu_count() or 2))  # of one function
LOOKS_EVERY = 0.5  # seconds, should a process end without being given back

Acquire = Callable[..., tuple[Any, str]]
Release = Callable[[Any], None]


def bounded(acquire: Acquire, release: Release, most: int) -> tuple[Acquire, Release]:
    """The engine's two calls that lend a function's process and take it back, with at most `most` of one function.

    No function here calls another and waits for it, so that waiting cannot end in a circle.
    """
    freed = threading.Condition()

    def acquire_or_wait(*arguments: Any, **options: Any) -> tuple[Any, str]:
        with freed:
            while True:
                process, how = acquire(*arguments, **options | {"max_concurrency": most})
                if process is not None:
                    return process, how
                freed.wait(LOOKS_EVERY)

    def release_and_tell(process: Any) -> None:
        release(process)
        with freed:
            freed.notify_all()

    return acquire_or_wait, release_and_tell


def close_doors(port: int, root_key_id: str) -> None:
    """Put `access` in front of the engine, and leave it one root key."""
    from ministack import app as engine
    from ministack.core import iam_evaluator
    from ministack.services import s3, sts

    engine.app = access.guarded(engine.app, port, access.signature_problem)
    iam_evaluator.is_root_access_key = sts.is_root_access_key = access.only_root(root_key_id)
    # Asked of a form that nobody signed, and of no other: there is none here that S3 would take.
    s3._enforce_post_policy_size = lambda _policy, _size: s3._error("AccessDenied", "Access Denied", 403)


def close_runtime_api(secret: str) -> None:
    """Let only who knows the address that the runtime is given take events from the Runtime API or answer them."""
    from ministack.core.lambda_runtime import ProvidedWorker
    from ministack.services import lambda_svc

    environment, handler_class = lambda_svc._provided_worker_env, ProvidedWorker._build_handler_class

    def with_secret(*arguments: Any) -> dict[str, str]:
        variables: dict[str, str] = environment(*arguments)
        return variables | {"AWS_LAMBDA_RUNTIME_API": f"{variables['AWS_LAMBDA_RUNTIME_API']}/{secret}"}

    def behind_secret(worker: Any, *arguments: Any) -> type:
        return secretive(handler_class(worker, *arguments), secret)

    lambda_svc._provided_worker_env, ProvidedWorker._build_handler_class = with_secret, behind_secret


def secretive(handler: type[BaseHTTPRequestHandler], secret: str) -> type[BaseHTTPRequestHandler]:
    """The handler behind addresses that begin with the secret; it sees them without, all others are not found."""

    class Secretive(handler):  # type: ignore[misc, valid-type]  # whatever class the engine builds
        path: str

        def parse_request(self) -> bool:
            if not super().parse_request():
                return False
            first, _, rest = self.path.removeprefix("/").partition("/")
            if not hmac.compare_digest(first.encode(), secret.encode()):
                self.send_error(404)
                return False
            self.path = f"/{rest}"
            return True

    return Secretive


def end_with(lifeline: int, end: Callable[[], None]) -> None:
    """Call `end` when the pipe is closed by whoever started the engine and did not release it; returns at once."""
    os.set_inheritable(lifeline, False)

    def wait() -> None:
        released = os.read(lifeline, 1)
        os.close(lifeline)
        if not released:
            end()

    threading.Thread(target=wait, daemon=True, name="lifeline").start()


def main() -> None:
    """Close the doors, change the defaults and run the engine."""
    if lifeline := os.environ.pop(LIFELINE, None):
        # The engine leads a process group, in which all that it starts is.
        end_with(int(lifeline), lambda: os.killpg(0, signal.SIGKILL))
    from ministack.core import lambda_runtime
    from ministack.services import apigateway, dynamodb, lambda_svc

    close_doors(int(os.environ["GATEWAY_PORT"]), os.environ["AWS_ACCESS_KEY_ID"])
    close_runtime_api(secrets.token_urlsafe(24))
    socketserver.StreamRequestHandler.disable_nagle_algorithm = True
    acquire, release = lambda_svc.acquire_worker, lambda_svc.release_worker
    lambda_svc.acquire_worker, lambda_svc.release_worker = bounded(acquire, release, MOST_PROCESSES)
    lambda_runtime.get_or_create_worker = sockets.Processes(acquire, release, lambda_runtime.ensure_spawned).get
    apigateway.asyncio = sockets.Asyncio()
    readers = streams.StreamReaders(lambda_svc._poll_dynamodb_streams, lambda_svc._iter_all_esms)
    lambda_svc._poll_dynamodb_streams, lambda_svc._iter_all_esms = readers.begin, readers.mappings
    dynamodb.esm_wake = readers
    runpy.run_module("ministack", run_name="__main__")


if __name__ == "__main__":
    main()
