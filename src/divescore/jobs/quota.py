"""How many jobs a client, and everybody together, may have."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta


@dataclass(frozen=True, slots=True)
class Limits:
    """Upper bounds: open jobs of one client, its jobs in a UTC day, everybody's jobs in a UTC day."""

    open_per_client: int
    daily_per_client: int
    daily: int


def day_of(now: int) -> str:
    """The UTC day of a time in ms, as `2026-11-23`."""
    return datetime.fromtimestamp(now / 1000, UTC).date().isoformat()


def seconds_to_midnight(now: int) -> int:
    """Seconds from a time in ms until daily counters start again (UTC); at least 1."""
    moment = datetime.fromtimestamp(now / 1000, UTC)
    midnight = (moment + timedelta(days=1)).replace(hour=0, minute=0, second=0, microsecond=0)
    return max(1, round((midnight - moment).total_seconds()))
