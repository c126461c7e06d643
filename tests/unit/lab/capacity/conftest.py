"""One workload, deployment and design that the tests of this folder vary."""

import pytest

from divescore.lab.capacity.measured import Measurement
from divescore.lab.capacity.pipeline import Design, Function
from divescore.lab.capacity.scaling import fixed
from divescore.lab.capacity.times import Always, Quantiles
from divescore.lab.capacity.workload import Work


def design(workers: float, service: float = 0.4, cold: float | None = None, batch: int = 10) -> Design:
    """A line whose workers are what counts."""
    return Design(
        notice=Always(0.1),
        enqueue=Function(fixed(20), Always(0.01), batch),
        worker=Function(fixed(workers), Always(service), cold_start=None if cold is None else Always(cold)),
        stream=Always(0.05),
        notify=Function(fixed(8), Always(0.001), 100, around=Always(0.01)),
    )


@pytest.fixture
def measurement() -> Measurement:
    """Service times as a bench would have measured them."""
    return Measurement(Work(0.005, 0.08, 0.03, 0.03), Quantiles([(0, 0.1), (0.5, 0.14), (1, 0.3)]), "a test")
