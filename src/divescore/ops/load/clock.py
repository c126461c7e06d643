"""Time as a run sees it: seconds since the epoch that no adjustment of the wall clock can bend."""

import time
from collections.abc import Callable
from datetime import datetime

Clock = Callable[[], float]

_OFFSET = time.time() - time.monotonic()


def now() -> float:
    """Seconds since the epoch: the wall clock when this program started, carried on by the steady one."""
    return time.monotonic() + _OFFSET


def epoch(text: str) -> float:
    """Seconds since the epoch of an ISO 8601 time. Raises ValueError."""
    return datetime.fromisoformat(text).timestamp()
