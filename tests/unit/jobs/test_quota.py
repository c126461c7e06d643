"""Days are UTC days."""

import pytest

from divescore.jobs.quota import day_of, seconds_to_midnight
from tests.fakes.clock import START

DAY_MS = 86_400_000
MIDNIGHT = START - START % DAY_MS


@pytest.mark.parametrize(
    ("now", "day", "left"),
    [
        (MIDNIGHT, "2026-11-23", 86_400),
        (START, "2026-11-23", 17 * 3600),
        (MIDNIGHT - 1000, "2026-11-22", 1),
        (MIDNIGHT - 1, "2026-11-22", 1),  # never zero, or a client would come back at once
    ],
)
def test_a_day_ends_at_midnight_utc(now: int, day: str, left: int) -> None:
    assert day_of(now) == day
    assert seconds_to_midnight(now) == left
