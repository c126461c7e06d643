"""One measurement and one pipeline that the tests of this folder vary."""

import pytest

from divescore.lab.capacity.documents import Measurement, Quantiles
from divescore.lab.capacity.simulation import Function, Pipeline, Ramp
from divescore.lab.capacity.workload import Inputs


def pipeline(workers: float, service: float = 0.4, cold: float | None = None, batch: int = 10) -> Pipeline:
    """A pipeline whose workers are what counts."""
    return Pipeline(
        notice=0.1,
        enqueue=Function(Ramp(20), 0.01, batch),
        worker=Function(Ramp(workers), service, cold_start=cold),
        stream=0.05,
        notify=Function(Ramp(8), 0.001, 100, around=0.01),
    )


def evenly(jobs: int, seconds: float) -> list[float]:
    """Arrivals that come one after another within `seconds`."""
    return [number * seconds / jobs for number in range(jobs)]


@pytest.fixture
def measurement() -> Measurement:
    """Service times as a bench would have measured them."""
    return Measurement(0.005, 0.08, 0.03, 0.03, Quantiles([(0, 0.1), (0.5, 0.14), (1, 0.3)]), "a test")


@pytest.fixture
def inputs(measurement: Measurement) -> Inputs:
    """The defaults, with these service times."""
    return Inputs(measurement=measurement)
