"""The local engine's loop."""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.bench.engine_emulation import LocalSystem, simulate_local
from tests.bench.recorded_flood import read_flood
from tests.bench.simulated import PROMISED, compare
from tests.unit.lab.capacity.conftest import evenly


@given(st.lists(st.floats(0, 20), min_size=1, max_size=80), st.integers(1, 4), st.booleans(), st.integers(0, 9))
@settings(max_examples=30)
def test_every_job_leaves(arrivals: list[float], workers: int, direct: bool, seed: int) -> None:
    trace = simulate_local(LocalSystem(workers, 0.2, direct=direct), arrivals, seed)
    for moments in zip(trace.arrived, trace.queued, trace.claimed, trace.scored, trace.pushed, strict=True):
        assert max(moments) < float("inf")
        assert list(moments) == sorted(moments)
    assert trace.peak_workers <= workers


def test_a_flood_drains_as_fast_as_service_and_gap_allow() -> None:
    trace = simulate_local(LocalSystem(2, 0.2, gap=0.05, direct=True), [0.0] * 200)
    assert trace.drain == pytest.approx(200 * 0.25 / 2, rel=0.05)


def test_a_slow_notify_holds_everything_up() -> None:
    fast = simulate_local(LocalSystem(2, 0.02, gap=0.0, direct=True), [0.0] * 100)
    slow = simulate_local(LocalSystem(2, 0.02, gap=0.0, notify=0.2, direct=True), [0.0] * 100)
    assert slow.drain > 3 * fast.drain


def test_a_worker_that_does_not_run_yet_has_to_start() -> None:
    arrivals = evenly(20, 1)
    cold = simulate_local(LocalSystem(2, 0.2, starts=(0.0, 8.0)), arrivals)
    assert cold.claimed[0] < 0.1
    assert 8.0 < max(cold.claimed) < 8.5
    assert max(simulate_local(LocalSystem(2, 0.2), arrivals).claimed) < 4


def test_a_recorded_flood_takes_as_long_as_it_did() -> None:
    """300 dives through a real local system on a busy machine, one of whose two workers had to start."""
    flood = read_flood(Path(__file__).with_name("flood.json"))
    found = compare(flood, flood)
    assert found["kept"], found
    assert found["ratio"] == pytest.approx(1.0, abs=PROMISED)
    assert found["starts"][1] > 5
