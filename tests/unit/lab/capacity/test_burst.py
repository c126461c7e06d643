"""A burst in all of its scenarios, small."""

import json
from dataclasses import replace

import pytest

from divescore.lab.capacity.burst import attempts, refused, simulate
from divescore.lab.capacity.documents import Measurement, Quantiles
from divescore.lab.capacity.workload import Inputs


def test_scenarios_tell_what_help_helps(inputs: Inputs) -> None:
    found = simulate(3000, 20, inputs)
    deployed, raised, provided, _, old = found.scenarios
    assert deployed.run.worker.peak == 10
    assert deployed.run.drain > raised.run.drain
    assert raised.run.latency(0.5) > provided.run.latency(0.5)
    assert old.requests > 1 > deployed.requests == 0
    assert all(max(scenario.run.pushed) < float("inf") for scenario in found.scenarios)
    assert old.dollars > raised.dollars
    json.dumps(found.document())


def test_attempts_on_lambda_have_the_mean_of_the_arithmetic(inputs: Inputs) -> None:
    assert attempts(inputs).mean == pytest.approx(inputs.attempt, abs=1e-9)


def test_attempts_that_were_measured_as_nothing_take_what_the_arithmetic_says(measurement: Measurement) -> None:
    nothing = Inputs(measurement=replace(measurement, worker=Quantiles([(0, 0.0), (1, 0.0)])))
    assert attempts(nothing).mean == pytest.approx(nothing.attempt)


def test_what_keeps_a_burst_out_is_told(inputs: Inputs) -> None:
    def names(jobs: int, seconds: float) -> set[str]:
        return {limit.name for limit in refused(jobs, seconds, inputs)}

    assert names(100, 60) == set()
    assert names(100_000, 300) == {"daily budget", "throttle of the HTTP API", "throttle of the WebSocket API"}
    assert "WebSocket connects" in names(100_000, 60)
