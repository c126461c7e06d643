"""The local engine as a simulation: one loop takes one batch of each event source per pass, and runs notify itself.

Read off the engine (MiniStack's event source loop): SQS batches are handed to threads, at most `workers` (5 for
enqueue) at a time and one of each queue per pass; the stream's batch runs inside the pass, so that nothing is taken
meanwhile. A pass that found work is followed by the next at once; else the loop sleeps until something happens.
"""

from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from random import Random

from divescore.lab.capacity.events import Clock
from divescore.lab.capacity.pipeline import Run
from divescore.lab.capacity.times import Always, Times

ENQUEUE_AT_ONCE, ENQUEUE_BATCH, STREAM_BATCH = 5, 10, 100


# What the local system took when nothing else was under way.
_GAP, _NOTICE, _ENQUEUE, _NOTIFY, _RECORD = (Always(seconds) for seconds in (0.035, 0.002, 0.018, 0.010, 0.001))


@dataclass(frozen=True)
class LocalDesign:
    """The local system's parameters.

    `gap` is from a worker's score until its next claim while a dive is waiting; `direct`: dives arrive on the scoring
    queue itself, as a flood past the uploads sends them. `starts`: what each worker takes before its first dive; those
    beyond it run already.
    """

    workers: int
    service: Times  # claimed until the score was written
    gap: Times = _GAP
    notice: Times = _NOTICE
    enqueue: Times = _ENQUEUE
    notify: Times = _NOTIFY  # a batch
    notify_record: Times = _RECORD
    pass_seconds: float = 0.0005
    direct: bool = False
    starts: Sequence[float] = ()


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
    def __init__(self, design: LocalDesign, arrivals: Sequence[float], seed: int) -> None:
        self._design = design
        self._clock = Clock()
        self._chance = Random(seed)
        self._asleep = True
        self._uploads = _Source(ENQUEUE_AT_ONCE, ENQUEUE_BATCH, self._enqueue)
        self._scoring = _Source(design.workers, 1, self._work)
        self._started = 0
        self._stream: deque[tuple[int, bool]] = deque()  # a job's record, and whether it is the score
        self.run = Run.of(arrivals)

    def simulate(self) -> Run:
        for job, moment in enumerate(self.run.arrived):
            if self._design.direct:
                self._clock.at(moment, partial(self._queued, job))
            else:
                late = self._design.notice.draw(self._chance)
                self._clock.at(moment + late, partial(self._put, self._uploads, job))
        self._clock.run()
        return self.run

    def _put(self, source: _Source, job: int) -> None:
        source.waiting.append(job)
        self._news()

    def _news(self) -> None:
        if self._asleep:
            self._asleep = False
            self._clock.after(0.0, self._pass)

    def _pass(self) -> None:
        took = self._uploads.poll()
        took = self._scoring.poll() or took
        self.run.peak_workers = max(self.run.peak_workers, self._scoring.busy)
        if self._stream:
            self._notify()
        elif took:
            self._clock.after(self._design.pass_seconds, self._pass)
        else:
            self._asleep = True

    def _notify(self) -> None:
        batch = [self._stream.popleft() for _ in range(min(STREAM_BATCH, len(self._stream)))]
        seconds = self._design.notify.draw(self._chance)
        seconds += sum(self._design.notify_record.draw(self._chance) for _ in batch)
        self.run.invocations += 1

        def told() -> None:
            for job, is_score in batch:
                if is_score:
                    self.run.pushed[job] = self._clock.now
            self._pass()

        self._clock.after(seconds, told)

    def _enqueue(self, jobs: list[int]) -> None:
        ends = self._clock.now
        for job in jobs:
            ends += self._design.enqueue.draw(self._chance)
            self._clock.at(ends, partial(self._queued, job))
        self.run.invocations += 1
        self._clock.at(ends, lambda: self._ended(self._uploads))

    def _queued(self, job: int) -> None:
        self.run.queued[job] = self._clock.now
        self._stream.append((job, False))
        self._put(self._scoring, job)

    def _work(self, jobs: list[int]) -> None:
        (job,) = jobs
        begins = self._clock.now + self._design.gap.draw(self._chance)
        if self._scoring.busy > self._started:
            begins += self._design.starts[self._started] if self._started < len(self._design.starts) else 0.0
            self._started += 1
        ends = begins + self._design.service.draw(self._chance)
        self.run.worker_seconds += ends - self._clock.now
        self._clock.at(begins, lambda: self._claimed(job))
        self._clock.at(ends, lambda: self._scored(job))

    def _claimed(self, job: int) -> None:
        self.run.claimed[job] = self._clock.now
        self._stream.append((job, False))
        self._news()

    def _scored(self, job: int) -> None:
        self.run.scored[job] = self._clock.now
        self._stream.append((job, True))
        self._ended(self._scoring)

    def _ended(self, source: _Source) -> None:
        source.busy -= 1
        self._news()


def simulate_local(design: LocalDesign, arrivals: Sequence[float], seed: int = 1) -> Run:
    """Let `arrivals` (seconds) run through the local system."""
    return _Engine(design, arrivals, seed).simulate()
