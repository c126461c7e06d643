"""A dive's way as a simulation: arrivals, uploads queue, enqueue, scoring queue, workers, stream, notify, push."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from math import inf
from random import Random

from divescore.lab.capacity.events import Clock
from divescore.lab.capacity.scaling import Scaling
from divescore.lab.capacity.server import Station
from divescore.lab.capacity.times import Times


@dataclass(frozen=True)
class Function:
    """A function behind a queue or stream. `around`: seconds of a batch before its first message is begun."""

    scaling: Scaling
    service: Times
    batch: int = 1
    cold_start: Times | None = None
    around: Times | None = None


@dataclass(frozen=True)
class Design:
    """The stations of the way and what lies between them."""

    notice: Times  # from the upload's end until its notification is on the queue
    enqueue: Function
    worker: Function
    stream: Times  # from the score's write until notify may have it
    notify: Function


@dataclass
class Run:
    """What became of each job, in seconds since the first arrival; infinite for what never was."""

    arrived: list[float]
    queued: list[float]
    claimed: list[float]
    scored: list[float]
    pushed: list[float]
    times: list[float] = field(default_factory=list)  # of the samples below
    waiting: list[int] = field(default_factory=list)  # on both queues
    busy: list[int] = field(default_factory=list)  # workers
    done: list[int] = field(default_factory=list)  # jobs whose score was pushed
    peak_workers: int = 0
    worker_seconds: float = 0.0
    cold_starts: int = 0
    invocations: int = 0  # of enqueue and notify

    @staticmethod
    def of(arrivals: Sequence[float]) -> "Run":
        """A run in which nothing has happened yet."""
        never = [inf] * len(arrivals)
        return Run(list(arrivals), never.copy(), never.copy(), never.copy(), never.copy())

    @property
    def drain(self) -> float:
        """From the first arrival to the last push."""
        return max(self.pushed) - min(self.arrived)

    def latency(self, share: float) -> float:
        """From the upload's end to the push, for this share of the jobs."""
        took = sorted(there - here for here, there in zip(self.arrived, self.pushed, strict=True))
        return took[min(len(took) - 1, int(len(took) * share))]


def evenly(jobs: int, seconds: float) -> list[float]:
    """Arrivals that come one after another within `seconds`."""
    return [number * seconds / jobs for number in range(jobs)]


def by_chance(rate: float, seconds: float, chance: Random) -> list[float]:
    """Arrivals of a Poisson process with `rate` a second."""
    arrivals, now = [], chance.expovariate(rate)
    while now < seconds:
        arrivals.append(now)
        now += chance.expovariate(rate)
    return arrivals


@dataclass
class Line:
    """The stations of a run, for whoever wants to look inside."""

    enqueue: Station
    worker: Station
    notify: Station


def simulate(design: Design, arrivals: Sequence[float], seed: int = 1, every: float | None = None) -> Run:
    """Let `arrivals` (seconds) run through; `every` so many seconds the state is sampled."""
    return simulate_with(design, arrivals, seed, every)[0]


def simulate_with(
    design: Design, arrivals: Sequence[float], seed: int = 1, every: float | None = None
) -> tuple[Run, Line]:
    """The same, with the stations as they were at the end."""
    clock, chance = Clock(), Random(seed)  # noqa: S311 - a simulation wants the same chance every time
    run, finished = Run.of(arrivals), [0]

    def pushed(job: int) -> None:
        run.pushed[job] = clock.now
        finished[0] += 1

    def scored(job: int) -> None:
        run.scored[job] = clock.now
        clock.after(design.stream.draw(chance), lambda: line.notify.arrive(job))

    def claimed(job: int) -> None:
        run.claimed[job] = clock.now

    def queued(job: int) -> None:
        run.queued[job] = clock.now
        line.worker.arrive(job)

    line = Line(
        enqueue=_station(clock, chance, design.enqueue, queued),
        worker=_station(clock, chance, design.worker, scored, claimed),
        notify=_station(clock, chance, design.notify, pushed),
    )

    def upload(job: int) -> None:
        clock.after(design.notice.draw(chance), lambda: line.enqueue.arrive(job))

    for job, moment in enumerate(arrivals):
        clock.at(moment, partial(upload, job))

    def sample() -> None:
        run.times.append(clock.now)
        run.waiting.append(line.enqueue.waiting + line.worker.waiting)
        run.busy.append(line.worker.busy)
        run.done.append(finished[0])
        if every is not None and finished[0] < len(arrivals):
            clock.after(every, sample)

    if every is not None:
        sample()
    clock.run()
    run.peak_workers = line.worker.peak
    run.worker_seconds = line.worker.busy_seconds
    run.cold_starts = line.worker.cold_starts
    run.invocations = line.enqueue.invocations + line.notify.invocations
    return run, line


def _station(
    clock: Clock,
    chance: Random,
    function: Function,
    done: Callable[[int], None],
    started: Callable[[int], None] = lambda _: None,
) -> Station:
    return Station(
        clock,
        chance,
        function.scaling,
        function.service,
        done,
        batch=function.batch,
        cold_start=function.cold_start,
        around=function.around,
        started=started,
    )
