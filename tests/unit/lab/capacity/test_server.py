"""A function behind a queue, by hand."""

from random import Random

import pytest
from simpy import Environment, Event
from simpy.events import ProcessGenerator

from divescore.lab.capacity.simulation import ENVIRONMENT_LIVES, FORGETS_AFTER, Function, Ramp, Server


class Counted:
    """Counts the messages that a server holds, waiting or being served, and sums that number over time."""

    def __init__(self, server: Server) -> None:
        self._env = server._env
        self._serve = server.serve
        self._inside, self._changed_at, self.integral = 0, 0.0, 0.0
        server.serve = self.serve  # type: ignore[method-assign]

    def serve(self) -> Event:
        self._count(1)
        served = self._serve()
        served.callbacks.append(lambda _: self._count(-1))
        return served

    def _count(self, change: int) -> None:
        self.integral += self._inside * (self._env.now - self._changed_at)
        self._changed_at = self._env.now
        self._inside += change


class Line:
    """One server and when each job began and ended."""

    def __init__(
        self, scaling: Ramp, seconds: float = 1.0, batch: int = 1, cold: float | None = None, around: float = 0.0
    ) -> None:
        self.env = Environment()
        self.begun: dict[int, float] = {}
        self.ended: dict[int, float] = {}
        self.server = Server(self.env, Random(1), Function(scaling, seconds, batch, cold, around))
        self.counted = Counted(self.server)

    def run(self, *arrivals: float) -> "Line":
        def job(number: int, moment: float) -> ProcessGenerator:
            yield self.env.timeout(moment)
            self.begun[number] = yield self.server.serve()
            self.ended[number] = self.env.now

        for number, moment in enumerate(arrivals):
            self.env.process(job(number, moment))
        self.env.run()
        return self


def test_two_servers_take_four_jobs_in_two_rounds() -> None:
    line = Line(Ramp(2)).run(0, 0, 0, 0)
    assert line.ended == {0: 1, 1: 1, 2: 2, 3: 2}
    assert (line.server.peak, line.server.busy) == (2, 0)
    assert sum(line.ended.values()) - sum(line.begun.values()) == 4


def test_a_constant_is_constant() -> None:
    line = Line(Ramp(1), seconds=0.3).run(*range(20))
    assert [line.ended[job] - line.begun[job] for job in range(20)] == pytest.approx([0.3] * 20)


def test_a_batch_is_served_one_after_the_other_by_one_invocation() -> None:
    line = Line(Ramp(1), batch=3, around=0.5).run(0, 0, 0, 0)
    # The first comes alone: nobody else was there yet. What a batch takes besides is taken twice.
    assert line.ended == {0: 1.5, 1: 3, 2: 4, 3: 5}


def test_concurrency_grows_as_it_is_permitted() -> None:
    line = Line(Ramp(1, 60, 3), seconds=100).run(0, 0, 0, 0)
    assert line.begun == {0: 0, 1: 1, 2: 2, 3: 100}


def test_an_idle_event_source_starts_anew() -> None:
    late = 200 + FORGETS_AFTER
    line = Line(Ramp(1, 60, 3), seconds=100).run(0, 0, late, late)
    assert line.begun == {0: 0, 1: 1, 2: late, 3: late + 1}


def test_environments_start_cold_and_are_used_again_while_they_live() -> None:
    soon, late = 10.0, 20 + ENVIRONMENT_LIVES
    line = Line(Ramp(5), cold=3).run(0, 0, soon, late)
    assert line.begun == {0: 3, 1: 3, 2: soon, 3: late + 3}
    assert line.server.cold_starts == 3


def test_littles_law_holds_to_the_letter_on_a_server() -> None:
    line = Line(Ramp(2)).run(0, 0.1, 0.2, 1.9, 7)
    sojourn = sum(line.ended[job] - came for job, came in enumerate((0, 0.1, 0.2, 1.9, 7)))
    assert line.counted.integral == pytest.approx(sojourn)
