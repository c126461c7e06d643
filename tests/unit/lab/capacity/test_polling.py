"""The polling design that was replaced, treated kindly."""

import pytest

from divescore.lab.capacity.burst import POLL_SECONDS, polling_attempts, polling_cost, requests_of, simulate_polling
from divescore.lab.capacity.documents import read_prices
from divescore.lab.capacity.workload import Assumed
from tests.unit.lab.capacity.conftest import evenly


def test_a_page_asks_every_five_seconds_until_it_sees_the_score() -> None:
    trace = simulate_polling(evenly(50, 10), Assumed(), 100)
    for came, scored, seen, asked in zip(trace.arrived, trace.scored, trace.pushed, requests_of(trace), strict=True):
        assert 0 <= seen - scored < POLL_SECONDS
        assert asked == pytest.approx(round(asked))
        assert seen == pytest.approx(came + asked * POLL_SECONDS)


def test_no_more_run_than_the_account_permits() -> None:
    trace = simulate_polling([0.0] * 40, Assumed(), 10)
    assert trace.worker.peak == 10
    assert trace.drain >= 4 * polling_attempts(Assumed()).points[0][1]


def test_the_arithmetic_agrees_with_the_simulation() -> None:
    trace = simulate_polling(evenly(2000, 2000), Assumed(), 1000)
    found = polling_cost(read_prices(), Assumed())
    assert sum(requests_of(trace)) / 2000 == pytest.approx(found.requests, rel=0.05)
    assert sum(there - here for here, there in zip(trace.arrived, trace.pushed, strict=True)) / 2000 == pytest.approx(
        found.seconds, rel=0.05
    )


def test_waiting_costs_requests() -> None:
    now, later = polling_cost(read_prices(), Assumed()), polling_cost(read_prices(), Assumed(), wait=600)
    assert later.requests - now.requests == pytest.approx(120)
    assert later.per_thousand > now.per_thousand
