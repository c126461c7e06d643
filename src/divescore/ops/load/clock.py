"""Time as a run sees it: seconds since the epoch that no adjustment of the wall clock can bend."""

import time
from datetime import datetime


class Clock:
    """The wall clock as of the run's start, carried on by the steady one."""

    def __init__(self) -> None:
        self._offset = time.time() - time.monotonic()

    def __call__(self) -> float:
        """Now, in seconds since the epoch."""
        return time.monotonic() + self._offset


def epoch(text: str) -> float:
    """Seconds since the epoch of an ISO 8601 time. Raises ValueError."""
    return datetime.fromisoformat(text).timestamp()
