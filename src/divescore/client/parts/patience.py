"""The waits of uploads in parts; tests/contract/upload-scenarios/timing.json holds the page to the same ones."""

import random
from collections.abc import Callable
from dataclasses import dataclass, field
from math import inf


@dataclass(frozen=True)
class UploadTiming:
    """Seconds, and the counts that go with them."""

    parts_at_once: int = 3
    # Parts that are hashed, and have their addresses, before there is a lane for them.
    parts_ahead: int = 3
    # A wait is a random half to whole of the back-off.
    first_backoff: float = 0.5
    longest_backoff: float = 20.0
    # How often in a row one part, or the completion, may be refused for other reasons than load.
    refusals: int = 3
    # A request that moves no byte for so long is given up.
    stalled_after: float = 20.0
    # An answer to what was sent whole may take so long.
    answer_within: float = 60.0


@dataclass(frozen=True)
class Patience:
    """How long, and how often, a failure is followed by another try. `chance`, 0 to 1, spreads the waits."""

    timing: UploadTiming = field(default_factory=UploadTiming)
    chance: Callable[[], float] = random.random
    tries: float = inf


class Gate:
    """Holds requests of one kind back after a failure: longer with each in a row, and as long as we are told to."""

    def __init__(self, patience: Patience) -> None:
        self.reason = ""  # the code of what closed it last
        self._patience = patience
        self._failures = 0  # in a row
        self._retry_at = 0.0  # the end of our own back-off
        self._held_until = 0.0  # and of the time for which the other side asked us to stay away

    @property
    def exhausted(self) -> bool:
        """Whether it is time to give up."""
        return self._failures >= self._patience.tries

    def closed_until(self, now: float) -> float | None:
        """When it opens; None: it is open."""
        until = max(self._retry_at, self._held_until)
        return until if until > now else None

    def shut(self, reason: str, now: float, retry_after: float = 0.0) -> None:
        """A request failed. Those that fail while it is closed, as parts do together when a line breaks, are one."""
        self.reason = reason
        self._held_until = max(self._held_until, now + retry_after)
        if self._retry_at > now:
            return
        timing = self._patience.timing
        longest = min(timing.longest_backoff, timing.first_backoff * 2.0 ** min(self._failures, 16))
        self._retry_at = now + longest * (0.5 + 0.5 * self._patience.chance())
        self._failures += 1

    def passed(self) -> None:
        """A request succeeded."""
        self._failures = 0

    def start_over(self) -> None:
        """It opens before its own time; what the other side asked for is kept."""
        self._retry_at = 0.0
        self._failures = 0
