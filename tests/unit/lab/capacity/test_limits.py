"""Which limit comes first, and that it is the one that the arithmetic says."""

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from divescore.lab.capacity.analysis import SCALES, analyse, raised, scales
from divescore.lab.capacity.documents import Measurement, Quantiles
from divescore.lab.capacity.limits import Limit, concurrency, environments
from divescore.lab.capacity.workload import Deployment, Inputs, Workload

MEASURED = Measurement(0.005, 0.08, 0.03, 0.03, Quantiles([(0, 0.14), (1, 0.14)]), "a test")


def at(workload: Workload, deployment: Deployment | None = None) -> Inputs:
    return Inputs(workload, deployment or Deployment(), measurement=MEASURED)


def limits_at(workload: Workload, deployment: Deployment | None = None) -> dict[str, Limit]:
    found = analyse(at(workload, deployment))
    return {limit.name: limit for limit in found.limits}


def test_the_most_used_limit_comes_first() -> None:
    found = analyse(at(Workload(1e6)))
    shares = [limit.share for limit in found.limits]
    assert shares == sorted(shares, reverse=True)
    assert found.limits[0].name == "daily budget"
    assert [limit.name for limit in found.broken] == [limit.name for limit in found.limits if limit.used > limit.limit]


def test_names_are_one_of_a_kind() -> None:
    found = analyse(at(Workload()))
    assert len({limit.name for limit in found.limits}) == len(found.limits)


@given(st.sampled_from(SCALES), st.floats(1.5, 20))
@settings(max_examples=20)
def test_more_dives_use_more_of_every_limit(jobs: float, times: float) -> None:
    less, more = limits_at(Workload(jobs)), limits_at(Workload(jobs * times))
    assert all(more[name].share >= less[name].share for name in less)


def test_the_scale_at_which_a_limit_is_reached_is_right() -> None:
    workload = Workload(1e5)
    for name in ("daily budget", "throttle of the HTTP API", "WebSocket connects", "budget counters"):
        reached = limits_at(workload)[name].jobs_per_day(workload, digits=9)
        assert reached is not None
        assert limits_at(replace(workload, jobs_per_day=reached))[name].share == pytest.approx(1.0)


def test_a_limit_that_is_not_used_is_never_reached() -> None:
    workload = Workload(watchers=0)
    assert limits_at(workload)["WebSocket connects"].jobs_per_day(workload, digits=9) is None


def test_one_counter_would_have_been_met_far_earlier() -> None:
    workload = Workload(1e6)
    counters = limits_at(workload)["budget counters"]
    alone = replace(counters, used=workload.peak)
    assert counters.share < 0.1 < 1 < alone.share


def test_provisioned_mode_lifts_the_workers_limit() -> None:
    busy = Workload(1e8)
    name = "workers in the busiest minute"
    assert limits_at(busy, Deployment(worker_concurrency=1000))[name].limit == 1000
    assert limits_at(busy, Deployment(pollers=(10, 400)))[name].limit == 4000


def test_concurrency_is_littles_law_with_room_for_chance() -> None:
    assert concurrency(100, 0.25) == 25 + 2 * 5
    assert concurrency(0, 1) == 0


def test_rare_dives_each_start_a_worker_and_frequent_ones_share() -> None:
    assert environments(at(Workload(10))) == pytest.approx(10, rel=0.1)
    assert environments(at(Workload(1e6))) < 1e6 / 100


@pytest.mark.parametrize("jobs", SCALES)
def test_raising_what_can_be_raised_leaves_only_what_cannot(jobs: float) -> None:
    before = analyse(at(Workload(jobs)))
    after = analyse(at(Workload(jobs), raised(before)))
    assert {limit.owner for limit in after.broken} <= {"fixed", "design"}
    assert raised(before).worker_concurrency <= 1000


def test_every_scale_is_there() -> None:
    table = scales(at(Workload()))
    assert [before.inputs.workload.jobs_per_day for before, _ in table] == list(SCALES)
    assert all(after.inputs.workload == before.inputs.workload for before, after in table)
