"""How many jobs a client, and everybody together, may have."""

import random
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta


@dataclass(frozen=True, slots=True)
class Quotas:
    """Upper bounds: open jobs of one client, its jobs in a UTC day, everybody's jobs in a UTC day."""

    open_per_client: int
    daily_per_client: int
    daily: int


# Every new job is counted in the day's budget inside a transaction, and transactions that meet at one item cancel each
# other. So the budget lies in this many items, each with its share of the limit; their sum is the limit to the job.
BUDGET_SHARES = 32


def share_of(daily: int, share: int) -> int:
    """How many of a day's `daily` jobs the counter number `share` (from 0) may take."""
    return daily // BUDGET_SHARES + (share < daily % BUDGET_SHARES)


class Budget:
    """Picks the counter that a new job is counted in, and remembers which are full: they stay so until the day ends."""

    def __init__(self) -> None:
        self._day = ""
        self._full: set[int] = set()

    def pick(self, day: str, daily: int) -> int | None:
        """A counter that may have room, at random so that jobs of one moment rarely meet; None when all are full."""
        if day != self._day:
            self._day, self._full = day, set()
        rooms = [share for share in range(BUDGET_SHARES) if share not in self._full and share_of(daily, share)]
        return random.choice(rooms) if rooms else None  # noqa: S311 - spreads load, guards nothing

    def full(self, day: str, share: int) -> None:
        """Note that a counter took its last job of `day`."""
        if day == self._day:
            self._full.add(share)


def day_of(now: int) -> str:
    """The UTC day of a time in ms, as `2026-11-23`."""
    return datetime.fromtimestamp(now / 1000, UTC).date().isoformat()


def seconds_to_midnight(now: int) -> int:
    """Seconds from a time in ms until daily counters start again (UTC); at least 1."""
    moment = datetime.fromtimestamp(now / 1000, UTC)
    midnight = (moment + timedelta(days=1)).replace(hour=0, minute=0, second=0, microsecond=0)
    return max(1, round((midnight - moment).total_seconds()))
