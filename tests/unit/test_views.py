"""The states of a job, and how views are written."""

from divescore.views import FINAL, OPEN, SETTLED, Status, iso
from tests.fakes.clock import START


def test_every_state_is_open_or_final_except_failed_which_can_be_replayed() -> None:
    assert set(Status) - OPEN - FINAL == {Status.FAILED}
    assert not OPEN & FINAL


def test_settled_is_what_is_not_open() -> None:
    assert {"SCORED", "REJECTED", "FAILED", "CANCELLED", "EXPIRED"} == SETTLED
    assert set(Status) - SETTLED == OPEN


def test_times_are_utc_with_milliseconds() -> None:
    assert iso(START + 123) == "2026-11-23T07:00:00.123Z"
