"""The design that was replaced, treated kindly."""

import pytest

from divescore.lab.capacity.pipeline import evenly
from divescore.lab.capacity.polling import POLL_SECONDS, replaced, requests_of, service, simulate_replaced
from divescore.lab.capacity.prices import Prices
from divescore.lab.capacity.workload import Assumed


def test_a_page_asks_every_five_seconds_until_it_sees_the_score() -> None:
    run = simulate_replaced(evenly(50, 10), Assumed(), 100)
    for came, scored, seen, asked in zip(run.arrived, run.scored, run.pushed, requests_of(run), strict=True):
        assert 0 <= seen - scored < POLL_SECONDS
        assert asked == pytest.approx(round(asked))
        assert seen == pytest.approx(came + asked * POLL_SECONDS)


def test_no_more_run_than_the_account_permits() -> None:
    run = simulate_replaced([0.0] * 40, Assumed(), 10)
    assert run.peak_workers == 10
    assert run.drain >= 4 * service(Assumed()).points[0][1]


def test_the_arithmetic_agrees_with_the_simulation() -> None:
    run = simulate_replaced(evenly(2000, 2000), Assumed(), 1000)
    found = replaced(Prices(), Assumed())
    assert sum(requests_of(run)) / 2000 == pytest.approx(found.requests, rel=0.05)
    assert sum(there - here for here, there in zip(run.arrived, run.pushed, strict=True)) / 2000 == pytest.approx(
        found.seconds, rel=0.05
    )


def test_waiting_costs_requests() -> None:
    now, later = replaced(Prices(), Assumed()), replaced(Prices(), Assumed(), wait=600)
    assert later.requests - now.requests == pytest.approx(120)
    assert later.per_thousand > now.per_thousand
