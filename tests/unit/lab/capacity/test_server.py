"""A queue with a function behind it, by hand."""

from random import Random

import pytest

from divescore.lab.capacity.events import Clock
from divescore.lab.capacity.scaling import Ramp, Scaling, fixed
from divescore.lab.capacity.server import ENVIRONMENT_LIVES, FORGETS_AFTER, Station
from divescore.lab.capacity.times import Always


class Line:
    """One station and when each job began and ended."""

    def __init__(self, scaling: Scaling, seconds: float = 1.0, batch: int = 1, cold: float | None = None) -> None:
        self.clock = Clock()
        self.begun: dict[int, float] = {}
        self.ended: dict[int, float] = {}
        self.station = Station(
            self.clock,
            Random(1),
            scaling,
            Always(seconds),
            lambda job: self.ended.__setitem__(job, self.clock.now),
            batch=batch,
            cold_start=None if cold is None else Always(cold),
            started=lambda job: self.begun.__setitem__(job, self.clock.now),
        )

    def run(self, *arrivals: float) -> "Line":
        for job, moment in enumerate(arrivals):
            self.clock.at(moment, lambda job=job: self.station.arrive(job))  # type: ignore[misc]
        self.clock.run()
        return self


def test_two_servers_take_four_jobs_in_two_rounds() -> None:
    line = Line(fixed(2)).run(0, 0, 0, 0)
    assert line.ended == {0: 1, 1: 1, 2: 2, 3: 2}
    assert (line.station.peak, line.station.busy, line.station.busy_seconds) == (2, 0, 4)


def test_a_batch_is_served_one_after_the_other_by_one_invocation() -> None:
    line = Line(fixed(1), batch=3).run(0, 0, 0, 0)
    # The first comes alone: nobody else was there yet.
    assert line.ended == {0: 1, 1: 2, 2: 3, 3: 4}
    assert line.station.invocations == 2


def test_concurrency_grows_as_it_is_permitted() -> None:
    line = Line(Ramp(1, 60, 3), seconds=100).run(0, 0, 0, 0)
    assert line.begun == {0: 0, 1: 1, 2: 2, 3: 100}


def test_an_idle_event_source_starts_anew() -> None:
    late = 200 + FORGETS_AFTER
    line = Line(Ramp(1, 60, 3), seconds=100).run(0, 0, late, late)
    assert line.begun == {0: 0, 1: 1, 2: late, 3: late + 1}


def test_environments_start_cold_and_are_used_again_while_they_live() -> None:
    soon, late = 10.0, 20 + ENVIRONMENT_LIVES
    line = Line(fixed(5), cold=3).run(0, 0, soon, late)
    assert line.begun == {0: 3, 1: 3, 2: soon, 3: late + 3}
    assert line.station.cold_starts == 3


def test_littles_law_holds_to_the_letter_on_a_station() -> None:
    line = Line(fixed(2)).run(0, 0.1, 0.2, 1.9, 7)
    sojourn = sum(line.ended[job] - came for job, came in enumerate((0, 0.1, 0.2, 1.9, 7)))
    assert line.station.integral == pytest.approx(sojourn)
