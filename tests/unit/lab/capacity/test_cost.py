"""Money: sums are sums, and every dive of one kind costs what every other does."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from divescore.lab.capacity.cost import Cost, cost
from divescore.lab.capacity.documents import Prices, read_prices
from divescore.lab.capacity.usage import FORM_BYTES, usage_of_dive
from divescore.lab.capacity.workload import Deployment, Inputs, Workload

NAMES = [name for name in read_prices() if name != "region"]


def only(name: str | None = None, price: float | None = None) -> Prices:
    """A table in which everything is free but one thing."""
    table: dict[str, Any] = dict.fromkeys(NAMES, 0.0)
    if name is not None:
        table[name] = read_prices()[name] if price is None else price
    return table


NOTHING = only()


def bill(
    workload: Workload | None = None,
    deployment: Deployment | None = None,
    prices: Prices | None = None,
    attempt: float = 0.5,
    environments: float = 10,
) -> Cost:
    inputs = Inputs(workload or Workload(), deployment or Deployment(), prices or read_prices())
    return cost(inputs, usage_of_dive(inputs, attempt, 1.0), environments)


@given(st.floats(1, 1e7))
def test_a_day_is_its_dives_and_what_is_due_anyway(jobs: float) -> None:
    found = Cost({"a": 2.0, "b": 3.0}, {"c": 7.0}, jobs)
    assert found.total_per_day == pytest.approx(5.0 * jobs / 1000 + 7.0)
    assert found.total_per_thousand * jobs / 1000 == pytest.approx(found.total_per_day)


def test_cost_is_additive_over_prices() -> None:
    """With each price alone, the bills add up to the bill with all of them: nothing is counted twice or forgotten."""
    alone = [bill(prices=only(name)) for name in NAMES]
    whole = bill()
    for name, price in whole.per_thousand.items():
        assert sum(part.per_thousand[name] for part in alone) == pytest.approx(price), name
    for name, price in whole.per_day.items():
        assert sum(part.per_day[name] for part in alone) == pytest.approx(price), name


def test_every_price_is_used() -> None:
    deployment = Deployment(provisioned_concurrency=2, pollers=(2, 10))
    nothing = bill(prices=NOTHING, deployment=deployment)
    assert nothing.total_per_day == 0
    for name in NAMES:
        assert bill(Workload(plays=1), deployment, only(name, 1.0)).total_per_day > 0, name


@given(st.floats(0.1, 60), st.floats(1.1, 10))
@settings(max_examples=20)
def test_a_longer_attempt_costs_more(attempt: float, times: float) -> None:
    assert bill(attempt=attempt * times).per_thousand["worker"] > bill(attempt=attempt).per_thousand["worker"]


@given(st.floats(1, 200), st.floats(1.1, 10))
@settings(max_examples=20)
def test_a_larger_video_costs_more_to_keep(size: float, times: float) -> None:
    small, large = bill(Workload(video_mb=size)), bill(Workload(video_mb=size * times))
    assert large.per_thousand["video storage"] > small.per_thousand["video storage"]
    if size * times * 1e6 <= FORM_BYTES:
        assert large.per_thousand["table"] == small.per_thousand["table"]
    else:  # a video in parts asks for their addresses, which the table keeps account of
        assert large.per_thousand["table"] >= small.per_thousand["table"]


def test_a_gigabyte_second_is_what_it_is() -> None:
    """By hand: half a second at 2,048 MB is one GB-second, and 512 MB of disk cost nothing."""
    deployment = Deployment(memory_mb=2048, storage_mb=512)
    prices = only("lambda_gb_second", 1.0)
    assert bill(deployment=deployment, prices=prices, environments=0).per_thousand["worker"] == pytest.approx(1000.0)


def test_cold_starts_are_billed() -> None:
    assert bill(environments=5000).per_thousand["worker"] > bill(environments=0).per_thousand["worker"]


def test_warm_workers_cost_by_the_day_and_run_for_less() -> None:
    without, kept = bill(), bill(deployment=Deployment(provisioned_concurrency=100))
    assert without.per_day["provisioned concurrency"] == 0 < kept.per_day["provisioned concurrency"]
    assert kept.per_thousand["worker"] < without.per_thousand["worker"]
