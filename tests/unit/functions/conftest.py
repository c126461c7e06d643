"""The environment that the template gives every function, and what handlers write to the log."""

import io
import os
from collections.abc import Callable, Iterator

import pytest
from aws_lambda_powertools import Logger

# Powertools reads these when a handler's module is imported.
os.environ.setdefault("POWERTOOLS_METRICS_NAMESPACE", "Divescore")
os.environ.setdefault("POWERTOOLS_SERVICE_NAME", "test")

Capture = Callable[[Logger], io.StringIO]


@pytest.fixture
def capture() -> Iterator[Capture]:
    """Turns a handler's log into text that a test can read."""
    taken: list[tuple[Logger, io.StringIO]] = []

    def take(logger: Logger) -> io.StringIO:
        stream = io.StringIO()
        previous = logger.registered_handler.setStream(stream)  # type: ignore[attr-defined]  # a stream handler
        taken.append((logger, previous))
        return stream

    yield take
    for logger, previous in taken:
        logger.registered_handler.setStream(previous)  # type: ignore[attr-defined]
