"""The states of a job, and how views are written."""

from divescore.views import FINAL, OPEN, SETTLED, Status, iso
from tests.contract.recorded import fact
from tests.fakes.clock import START


def test_every_state_is_open_or_final_except_failed_which_can_be_replayed() -> None:
    assert set(Status) - OPEN - FINAL == {Status.FAILED}
    assert not OPEN & FINAL


def test_the_states_are_those_that_the_page_knows_too() -> None:
    states = fact("states")
    assert set(states["open"]) == OPEN
    assert set(states["settled"]) == SETTLED
    assert set(states["final"]) == FINAL


def test_times_are_utc_with_milliseconds() -> None:
    assert iso(START + 123) == "2026-11-23T07:00:00.123Z"
