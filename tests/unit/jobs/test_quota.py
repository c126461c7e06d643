"""Days are UTC days."""

import pytest

from divescore.jobs.quota import BUDGET_SHARES, Budget, day_of, seconds_to_midnight, share_of
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


@pytest.mark.parametrize("daily", [0, 1, 3, BUDGET_SHARES, 1000, 20_000, 1_234_567])
def test_the_shares_are_the_budget_and_differ_by_one_at_most(daily: int) -> None:
    shares = [share_of(daily, share) for share in range(BUDGET_SHARES)]
    assert sum(shares) == daily
    assert max(shares) - min(shares) <= 1


def test_a_full_counter_is_not_picked_again_before_the_day_ends() -> None:
    budget = Budget()
    picked = []
    while (share := budget.pick("2026-11-23", 3)) is not None:
        picked.append(share)
        budget.full("2026-11-23", share)
    assert sorted(picked) == [0, 1, 2]
    assert budget.pick("2026-11-24", 3) in {0, 1, 2}
    budget.full("2026-11-23", 0)  # news from yesterday
    assert {budget.pick("2026-11-24", 1) for _ in range(5)} == {0}


def test_jobs_spread_over_all_counters() -> None:
    budget = Budget()
    assert {budget.pick("2026-11-23", 10_000) for _ in range(2000)} == set(range(BUDGET_SHARES))
