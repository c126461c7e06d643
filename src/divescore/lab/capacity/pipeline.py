"""A dive's way as a simulation: arrivals, uploads queue, enqueue, scoring queue, workers, stream, notify, push."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from math import inf
from random import Random

from simpy import Environment
from simpy.events import ProcessGenerator

from divescore.lab.capacity.scaling import fixed
from divescore.lab.capacity.simulation import Function, Server
from divescore.ops.load.percentiles import percentile


@dataclass(frozen=True)
class Pipeline:
    """The functions on the way, and the seconds that lie between them."""

    notice: float  # from the upload's end until its notification is on the queue
    worker: Function
    stream: float = 0.0  # from the score's write until notify may have it
    enqueue: Function | None = None
    notify: Function | None = None


@dataclass
class SimulationTrace:
    """What became of each dive, in seconds since the first arrival; infinite for what never was."""

    arrived: list[float]
    queued: list[float]
    claimed: list[float]
    scored: list[float]
    pushed: list[float]
    times: list[float] = field(default_factory=list)  # of the samples below
    waiting: list[int] = field(default_factory=list)  # on both queues
    busy: list[int] = field(default_factory=list)  # workers
    done: list[int] = field(default_factory=list)  # dives whose score was pushed
    peak_workers: int = 0
    cold_starts: int = 0

    @property
    def drain(self) -> float:
        """From the first arrival to the last push."""
        return max(self.pushed) - min(self.arrived)

    def latency(self, share: float) -> float:
        """From the upload's end to the push, for this share of the dives."""
        took = sorted(there - here for here, there in zip(self.arrived, self.pushed, strict=True))
        return percentile(took, share)


def evenly(jobs: int, seconds: float) -> list[float]:
    """Arrivals that come one after another within `seconds`."""
    return [number * seconds / jobs for number in range(jobs)]


class Simulation:
    """Dives that arrive (seconds) and go through a pipeline; its servers can be looked into."""

    def __init__(self, pipeline: Pipeline, arrivals: Sequence[float], seed: int = 1) -> None:
        self._env, self._chance = Environment(0.0), Random(seed)  # noqa: S311 - the same chance every time
        self._pipeline = pipeline
        self._finished = 0
        never = [inf] * len(arrivals)
        self.trace = SimulationTrace(list(arrivals), never.copy(), never.copy(), never.copy(), never.copy())
        self.enqueue = self._server(pipeline.enqueue)
        self.worker = self._server(pipeline.worker)
        self.notify = self._server(pipeline.notify)

    def run(self, every: float | None = None) -> SimulationTrace:
        """Let everything happen; `every` so many seconds the state is sampled."""
        if every is not None:
            self._env.process(self._samples(every))
        for job in range(len(self.trace.arrived)):
            self._env.process(self._dive(job))
        self._env.run()
        self.trace.peak_workers, self.trace.cold_starts = self.worker.peak, self.worker.cold_starts
        return self.trace

    def _server(self, function: Function | None) -> Server:
        # A function that a pipeline lacks takes no time.
        return Server(self._env, self._chance, function or Function(fixed(inf), 0.0))

    def _dive(self, job: int) -> ProcessGenerator:
        env, pipeline, trace = self._env, self._pipeline, self.trace
        yield env.timeout(trace.arrived[job] + pipeline.notice)
        if pipeline.enqueue:
            yield self.enqueue.serve()
        trace.queued[job] = env.now
        trace.claimed[job] = yield self.worker.serve()
        trace.scored[job] = env.now
        if pipeline.notify:
            yield env.timeout(pipeline.stream)
            yield self.notify.serve()
        trace.pushed[job] = env.now
        self._finished += 1

    def _samples(self, every: float) -> ProcessGenerator:
        trace = self.trace
        while True:
            trace.times.append(self._env.now)
            trace.waiting.append(self.enqueue.waiting + self.worker.waiting)
            trace.busy.append(self.worker.busy)
            trace.done.append(self._finished)
            if self._finished == len(trace.arrived):
                return
            yield self._env.timeout(every)
