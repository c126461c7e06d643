"""The local engine as a simulation: one loop takes one batch of each event source per pass, and runs notify itself.

Read off the engine (MiniStack's event source loop): SQS batches are handed to threads, at most `workers` (5 for
enqueue) at a time and one of each queue per pass; the stream's batch runs inside the pass, so that nothing is taken
meanwhile. A pass that found work is followed by the next at once; else the loop sleeps until something happens.
"""

from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from math import inf
from random import Random
from typing import Protocol

from simpy import Environment
from simpy.events import ProcessGenerator

ENQUEUE_AT_ONCE, ENQUEUE_BATCH, STREAM_BATCH = 5, 10, 100


class ServiceTimes(Protocol):
    """Something that takes another time each time, in seconds."""

    def draw(self, chance: Random) -> float:
        """What it takes this time."""


@dataclass(frozen=True)
class LocalSystem:
    """The local system's parameters; the seconds are what it took when nothing else was under way.

    `gap` is from a worker's score until its next claim while a dive is waiting; `direct`: dives arrive on the scoring
    queue itself, as a flood past the uploads sends them. `starts`: what each worker takes before its first dive; those
    beyond it run already.
    """

    workers: int
    service: float | ServiceTimes  # claimed until the score was written
    gap: float | ServiceTimes = 0.035
    notice: float = 0.002
    enqueue: float = 0.018
    notify: float = 0.010  # a batch
    notify_record: float = 0.001
    pass_seconds: float = 0.0005
    direct: bool = False
    starts: Sequence[float] = ()


@dataclass
class LocalTrace:
    """What became of each dive, in seconds since the first arrival; infinite for what never was."""

    arrived: list[float]
    queued: list[float] = field(default_factory=list)
    claimed: list[float] = field(default_factory=list)
    scored: list[float] = field(default_factory=list)
    pushed: list[float] = field(default_factory=list)
    peak_workers: int = 0

    def __post_init__(self) -> None:
        for moments in (self.queued, self.claimed, self.scored, self.pushed):
            moments.extend([inf] * len(self.arrived))

    @property
    def drain(self) -> float:
        """From the first arrival to the last push."""
        return max(self.pushed) - min(self.arrived)


class _Source:
    """A queue, and what runs of it at the moment."""

    def __init__(self, most: int, batch: int, serve: Callable[[list[int]], None]) -> None:
        self.waiting: deque[int] = deque()
        self.busy = 0
        self._most = most
        self._batch = batch
        self._serve = serve

    def poll(self) -> bool:
        """Take one batch if there is one and room for it."""
        if not self.waiting or self.busy >= self._most:
            return False
        self.busy += 1
        self._serve([self.waiting.popleft() for _ in range(min(self._batch, len(self.waiting)))])
        return True


class _Engine:
    def __init__(self, system: LocalSystem, arrivals: Sequence[float], seed: int) -> None:
        self._system = system
        self._env = Environment(0.0)
        self._chance = Random(seed)
        self._uploads = _Source(ENQUEUE_AT_ONCE, ENQUEUE_BATCH, lambda jobs: self._start(self._enqueue(jobs)))
        self._scoring = _Source(system.workers, 1, lambda jobs: self._start(self._work(jobs[0], *self._drawn())))
        self._started = 0
        self._stream: deque[tuple[int, bool]] = deque()  # a job's record, and whether it is the score
        self._news = self._env.event()
        self.trace = LocalTrace(list(arrivals))

    def simulate(self) -> LocalTrace:
        self._start(self._loop())
        for job in range(len(self.trace.arrived)):
            self._start(self._arrival(job))
        self._env.run()
        return self.trace

    def _start(self, process: ProcessGenerator) -> None:
        self._env.process(process)

    def _draw(self, times: float | ServiceTimes) -> float:
        return times if isinstance(times, float | int) else times.draw(self._chance)

    def _loop(self) -> ProcessGenerator:
        """The engine's one loop."""
        trace, system = self.trace, self._system
        while True:
            took = self._uploads.poll()
            took = self._scoring.poll() or took
            trace.peak_workers = max(trace.peak_workers, self._scoring.busy)
            if self._stream:
                batch = [self._stream.popleft() for _ in range(min(STREAM_BATCH, len(self._stream)))]
                yield self._env.timeout(system.notify + system.notify_record * len(batch))
                for job in (job for job, is_score in batch if is_score):
                    trace.pushed[job] = self._env.now
            elif took:
                yield self._env.timeout(system.pass_seconds)
            else:
                self._news = self._env.event()
                yield self._news

    def _wake(self) -> None:
        if not self._news.triggered:
            self._news.succeed()

    def _arrival(self, job: int) -> ProcessGenerator:
        if self._system.direct:
            yield self._env.timeout(self.trace.arrived[job])
            self._queued(job)
        else:
            yield self._env.timeout(self.trace.arrived[job] + self._system.notice)
            self._uploads.waiting.append(job)
            self._wake()

    def _enqueue(self, jobs: list[int]) -> ProcessGenerator:
        for job in jobs:
            yield self._env.timeout(self._system.enqueue)
            self._queued(job)
        self._uploads.busy -= 1
        self._wake()

    def _queued(self, job: int) -> None:
        self.trace.queued[job] = self._env.now
        self._stream.append((job, False))
        self._scoring.waiting.append(job)
        self._wake()

    def _drawn(self) -> tuple[float, float]:
        """Seconds until a worker's claim, and from there to its score."""
        before = self._draw(self._system.gap)
        if self._scoring.busy > self._started:
            before += self._system.starts[self._started] if self._started < len(self._system.starts) else 0.0
            self._started += 1
        return before, self._draw(self._system.service)

    def _work(self, job: int, before: float, seconds: float) -> ProcessGenerator:
        yield self._env.timeout(before)
        self.trace.claimed[job] = self._env.now
        self._stream.append((job, False))
        self._wake()
        yield self._env.timeout(seconds)
        self.trace.scored[job] = self._env.now
        self._stream.append((job, True))
        self._scoring.busy -= 1
        self._wake()


def simulate_local(system: LocalSystem, arrivals: Sequence[float], seed: int = 1) -> LocalTrace:
    """Let `arrivals` (seconds) run through the local system."""
    return _Engine(system, arrivals, seed).simulate()
