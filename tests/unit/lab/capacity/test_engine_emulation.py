"""The local engine's loop."""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from divescore.lab.capacity.measured import read_flood
from divescore.lab.capacity.pipeline import evenly
from divescore.lab.capacity.times import Always
from tests.bench.engine_emulation import LocalDesign, simulate_local
from tests.bench.simulated import PROMISED, compare


@given(st.lists(st.floats(0, 20), min_size=1, max_size=80), st.integers(1, 4), st.booleans(), st.integers(0, 9))
@settings(max_examples=30)
def test_every_job_leaves(arrivals: list[float], workers: int, direct: bool, seed: int) -> None:
    run = simulate_local(LocalDesign(workers, Always(0.2), direct=direct), arrivals, seed)
    for moments in zip(run.arrived, run.queued, run.claimed, run.scored, run.pushed, strict=True):
        assert max(moments) < float("inf")
        assert list(moments) == sorted(moments)
    assert run.peak_workers <= workers


def test_a_flood_drains_as_fast_as_service_and_gap_allow() -> None:
    run = simulate_local(LocalDesign(2, Always(0.2), gap=Always(0.05), direct=True), [0.0] * 200)
    assert run.drain == pytest.approx(200 * 0.25 / 2, rel=0.05)


def test_a_slow_notify_holds_everything_up() -> None:
    fast = simulate_local(LocalDesign(2, Always(0.02), gap=Always(0.0), direct=True), [0.0] * 100)
    slow = simulate_local(LocalDesign(2, Always(0.02), gap=Always(0.0), notify=Always(0.2), direct=True), [0.0] * 100)
    assert slow.drain > 3 * fast.drain


def test_a_worker_that_does_not_run_yet_has_to_start() -> None:
    arrivals = evenly(20, 1)
    cold = simulate_local(LocalDesign(2, Always(0.2), starts=(0.0, 8.0)), arrivals)
    assert cold.claimed[0] < 0.1
    assert 8.0 < max(cold.claimed) < 8.5
    assert max(simulate_local(LocalDesign(2, Always(0.2)), arrivals).claimed) < 4


def test_a_recorded_flood_takes_as_long_as_it_did() -> None:
    """300 dives through a real local system on a busy machine, one of whose two workers had to start."""
    flood = read_flood(Path(__file__).with_name("flood.json"))
    found = compare(flood, flood)
    assert found["kept"], found
    assert found["ratio"] == pytest.approx(1.0, abs=PROMISED)
    assert found["starts"][1] > 5
