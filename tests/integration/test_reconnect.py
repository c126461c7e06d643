"""A client whose connections end in every way, again and again, ends with the table's state."""

from pathlib import Path

import pytest

from tests.chaos.reconnect import QUOTAS, Report, own_system, reconnect
from tests.integration.conftest import System

pytestmark = pytest.mark.stack


def holds(report: Report, cuts: int) -> bool:
    """Also that there was something to hold against."""
    return report.holds and sum(report.cuts.values()) >= cuts


@pytest.mark.timeout(120)
def test_cut_at_random_a_client_ends_with_the_tables_state(system: System, clips: dict[str, Path]) -> None:
    report = reconnect(system, 8, 16, [clips["one"]], quick=True, seed=7)
    assert holds(report, 16), report


@pytest.mark.soak
@pytest.mark.timeout(900)
def test_two_hundred_cuts_during_a_hundred_jobs(clips: dict[str, Path]) -> None:
    with own_system(QUOTAS) as system:
        report = reconnect(system, 100, 200, [clips["one"]], in_flight=20)
    assert holds(report, 200), report
