"""The engine: `python -m divescore.stack.local.launch` is `python -m ministack` with two defaults changed.

The engine hands a worker its event in two packets, headers and body. With Nagle's algorithm the second waits until the
worker has acknowledged the first, and Linux delays an acknowledgement by 40 ms: each dive's score would come that much
later than it has to.

Like AWS, the engine starts a process for every request that finds the others busy. One machine cannot: a burst of a
hundred requests starts a hundred interpreters, none of which gets the processor before its function's time is over, so
that all are killed and started again. Here a request waits until one of a few processes is free.
"""

import os
import runpy
import socketserver
import threading
from collections.abc import Callable
from typing import Any

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


def main() -> None:
    """Change the defaults and run the engine."""
    from ministack.services import lambda_svc

    socketserver.StreamRequestHandler.disable_nagle_algorithm = True
    lambda_svc.acquire_worker, lambda_svc.release_worker = bounded(
        lambda_svc.acquire_worker, lambda_svc.release_worker, MOST_PROCESSES
    )
    runpy.run_module("ministack", run_name="__main__")


if __name__ == "__main__":
    main()
