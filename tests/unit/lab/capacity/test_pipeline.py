"""What must hold of any run: nobody is lost, time goes forward, queueing's laws, and that help never hurts."""

from collections.abc import Sequence
from dataclasses import replace
from math import inf
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from divescore.lab.capacity.documents import Quantiles
from divescore.lab.capacity.simulation import Pipeline, Ramp, Simulation
from tests.unit.lab.capacity.conftest import evenly, pipeline
from tests.unit.lab.capacity.test_server import Counted


def simulate(pipeline: Pipeline, arrivals: Sequence[float], seed: int = 1) -> Simulation:
    return Simulation(pipeline, arrivals, seed).run()


def by_chance(rate: float, seconds: float, chance: Random) -> list[float]:
    """Arrivals of a Poisson process with `rate` a second."""
    arrivals, now = [], chance.expovariate(rate)
    while now < seconds:
        arrivals.append(now)
        now += chance.expovariate(rate)
    return arrivals


ARRIVALS = st.lists(st.floats(0, 30), min_size=1, max_size=60)


@given(ARRIVALS, st.integers(1, 12), st.floats(0.01, 3), st.sampled_from([None, 0.5, 5.0]), st.integers(0, 99))
@settings(max_examples=30)
def test_every_job_leaves_and_its_moments_are_in_order(
    arrivals: list[float], workers: int, service: float, cold: float | None, seed: int
) -> None:
    trace = simulate(pipeline(workers, service, cold), arrivals, seed)
    for moments in zip(trace.arrived, trace.queued, trace.claimed, trace.scored, trace.pushed, strict=True):
        assert inf not in moments
        assert list(moments) == sorted(moments)
    assert trace.worker.peak <= workers


@given(ARRIVALS, st.integers(1, 8), st.integers(1, 8), st.floats(0.01, 3))
@settings(max_examples=30)
def test_more_workers_never_drain_later(arrivals: list[float], workers: int, more: int, service: float) -> None:
    few = simulate(pipeline(workers, service), arrivals)
    many = simulate(pipeline(workers + more, service), arrivals)
    assert max(many.scored) <= max(few.scored) + 1e-9
    assert all(there <= here + 1e-9 for here, there in zip(sorted(few.scored), sorted(many.scored), strict=True))


@given(ARRIVALS, st.integers(0, 99))
@settings(max_examples=20)
def test_a_worker_works_on_one_dive_at_a_time(arrivals: list[float], seed: int) -> None:
    trace = simulate(pipeline(3, 0.7), arrivals, seed)
    ends = sorted([(moment, 1) for moment in trace.claimed] + [(moment, -1) for moment in trace.scored])
    at_once, most = 0, 0
    for _, change in sorted(ends, key=lambda end: (round(end[0], 9), end[1])):
        at_once += change
        most = max(most, at_once)
    assert most <= 3
    worked = sum(there - here for here, there in zip(trace.claimed, trace.scored, strict=True))
    assert worked == pytest.approx(0.7 * len(arrivals))


def test_littles_law_holds_in_the_long_run() -> None:
    arrivals = by_chance(8.0, 400, Random(3))
    simulation = Simulation(pipeline(5, 0.5), arrivals)
    counted = Counted(simulation.worker)
    trace = simulation.run()
    inside = [there - here for here, there in zip(trace.queued, trace.scored, strict=True)]
    rate = len(arrivals) / max(trace.scored)
    assert counted.integral / max(trace.scored) == pytest.approx(rate * sum(inside) / len(inside))


def test_waiting_agrees_with_queueing_theory() -> None:
    """One server, Poisson arrivals, constant service (M/D/1): the mean wait is rho * s / (2 * (1 - rho))."""
    service, rho = 0.4, 0.7
    arrivals = by_chance(rho / service, 6_000, Random(5))
    trace = simulate(pipeline(1, service), arrivals)
    waits = [there - here for here, there in zip(trace.queued, trace.claimed, strict=True)]
    assert sum(waits) / len(waits) == pytest.approx(rho * service / (2 * (1 - rho)), rel=0.1)


def test_a_saturated_line_drains_as_fast_as_its_workers() -> None:
    trace = simulate(pipeline(4, 0.5), evenly(400, 1))
    assert trace.drain == pytest.approx(400 * 0.5 / 4, rel=0.02)


def test_a_burst_waits_for_the_event_source_to_grow() -> None:
    line = pipeline(1)
    slow = replace(line, worker=replace(line.worker, scaling=Ramp(5, 300, 1000)))
    fast = replace(line, worker=replace(line.worker, scaling=Ramp(200, 1000, 1000)))
    arrivals = evenly(800, 2)
    assert simulate(slow, arrivals).latency(0.5) > 3 * simulate(fast, arrivals).latency(0.5)


def test_the_same_seed_gives_the_same_run() -> None:
    line = pipeline(3)
    line = replace(line, worker=replace(line.worker, service=Quantiles([(0, 0.1), (1, 2.0)])))
    arrivals = evenly(50, 5)
    assert simulate(line, arrivals, 7).pushed == simulate(line, arrivals, 7).pushed
    assert simulate(line, arrivals, 7).pushed != simulate(line, arrivals, 8).pushed


def test_samples_tell_the_whole_story() -> None:
    trace = Simulation(pipeline(2), evenly(100, 10)).run(every=1.0)
    times, _, busy, done = (list(column) for column in zip(*trace.samples, strict=True))
    assert times[0] == 0
    assert done[-1] == 100
    assert done == sorted(done)
    assert max(busy) == 2
