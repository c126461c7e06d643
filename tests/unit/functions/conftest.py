"""The environment that the template gives every function, and what handlers write to the log."""

import io
import os
from collections.abc import Callable, Iterator

import pytest
from aws_lambda_powertools import Logger

# Powertools reads these when a handler's module is imported.
os.environ.setdefault("POWERTOOLS_METRICS_NAMESPACE", "Divescore")
os.environ.setdefault("POWERTOOLS_SERVICE_NAME", "test")

# What the template sets, with its parameters' defaults.
GIVEN = {
    "FUNCTION_SECONDS": "60",
    "RETENTION_DAYS": "7",
    "MAX_UPLOAD_BYTES": "209715200",
    "PARTS_ABOVE_BYTES": "16777216",
    "OPEN_JOBS_PER_CLIENT": "20",
    "JOBS_PER_DAY_PER_CLIENT": "200",
    "JOBS_PER_DAY": "20000",
    "LEASE_SECONDS": "30",
    "HEARTBEAT_SECONDS": "10",
    "MAX_ATTEMPTS": "3",
}

Capture = Callable[[Logger], io.StringIO]


@pytest.fixture(autouse=True)
def given(monkeypatch: pytest.MonkeyPatch) -> None:
    """The settings that are the same in every test; a test sets what is its own."""
    for name, value in GIVEN.items():
        monkeypatch.setenv(name, value)


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
