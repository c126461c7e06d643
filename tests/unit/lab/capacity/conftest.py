"""One measurement and one pipeline that the tests of this folder vary."""

import pytest

from divescore.lab.capacity.documents import Measurement, Work
from divescore.lab.capacity.pipeline import Pipeline
from divescore.lab.capacity.scaling import fixed
from divescore.lab.capacity.simulation import Function
from divescore.lab.capacity.times import Quantiles
from divescore.lab.capacity.workload import Inputs


def pipeline(workers: float, service: float = 0.4, cold: float | None = None, batch: int = 10) -> Pipeline:
    """A pipeline whose workers are what counts."""
    return Pipeline(
        notice=0.1,
        enqueue=Function(fixed(20), 0.01, batch),
        worker=Function(fixed(workers), service, cold_start=cold),
        stream=0.05,
        notify=Function(fixed(8), 0.001, 100, around=0.01),
    )


@pytest.fixture
def measurement() -> Measurement:
    """Service times as a bench would have measured them."""
    return Measurement(Work(0.005, 0.08, 0.03, 0.03), Quantiles([(0, 0.1), (0.5, 0.14), (1, 0.3)]), "a test")


@pytest.fixture
def inputs(measurement: Measurement) -> Inputs:
    """The defaults, with these service times."""
    return Inputs(measurement=measurement)
