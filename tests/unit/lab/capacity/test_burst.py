"""A burst in all of its scenes, small."""

import json

from divescore.lab.capacity.burst import on_lambda, picture, refused, scenes
from divescore.lab.capacity.measured import Measurement
from divescore.lab.capacity.prices import Prices
from divescore.lab.capacity.workload import Assumed, Deployment, Workload, attempt_seconds


def test_scenes_tell_what_help_helps(measurement: Measurement) -> None:
    found = scenes(3000, 20, measurement, Workload(), Deployment(), Prices(), Assumed())
    deployed, raised, provided, _, old = found
    assert deployed.run.peak_workers == 10
    assert deployed.run.drain > raised.run.drain
    assert raised.run.latency(0.5) > provided.run.latency(0.5)
    assert old.requests > 1 > deployed.requests == 0
    assert all(max(scene.run.pushed) < float("inf") for scene in found)
    assert old.dollars > raised.dollars
    json.dumps([scene.document() for scene in found])
    text = picture(3000, 20, found)
    assert all(scene.name in text for scene in found)


def test_attempts_on_lambda_have_the_mean_of_the_arithmetic(measurement: Measurement) -> None:
    times = on_lambda(measurement, Workload(), Deployment(), Assumed())
    expected = attempt_seconds(measurement.work, Workload(), Deployment(), Assumed())
    assert abs(times.mean - expected) < 1e-9


def test_what_keeps_a_burst_out_is_told(measurement: Measurement) -> None:
    def names(jobs: int, seconds: float) -> set[str]:
        found = refused(jobs, seconds, measurement, Workload(), Deployment(), Assumed())
        return {limit.name for limit in found}

    assert names(100, 60) == set()
    assert names(100_000, 300) == {"daily budget", "throttle of the HTTP API", "throttle of the WebSocket API"}
    assert "WebSocket connects" in names(100_000, 60)
