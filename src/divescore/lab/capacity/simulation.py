"""A dive's way, simulated: uploads queue, enqueue, scoring queue, workers, stream, notify, push.

How many invocations may run at once is AWS's published ramp (docs: lambda/latest/dg/services-sqs-scaling, with-sqs): a
standard event source starts with 5 and adds up to 300 a minute up to 1,250; in provisioned mode a poller carries 10,
and up to 1,000 are added in a minute.
"""

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from math import inf
from random import Random

from simpy import Environment, Event
from simpy.events import ProcessGenerator

from divescore.lab.capacity.documents import Quantiles
from divescore.ops.load.percentiles import percentile

PROVISIONED_PER_MINUTE, INVOCATIONS_PER_POLLER = 1000, 10
# An event source with nothing to do for so long starts from its beginning again (assumed; AWS does not say).
FORGETS_AFTER = 60.0
# An environment that nobody needed for so long is gone (AWS promises nothing; minutes are what people see).
ENVIRONMENT_LIVES = 600.0


@dataclass(frozen=True)
class Ramp:
    """`start` invocations at once, then so many more a minute, evenly, up to `most`; by itself a pool of one size."""

    start: float
    per_minute: float = 0.0
    most: float = inf

    def reaches(self, concurrency: float) -> float:
        """Seconds of work until this concurrency is permitted; infinite when it never is."""
        if concurrency <= self.start:
            return 0.0
        if concurrency > self.most or self.per_minute == 0:
            return inf
        return (concurrency - self.start) * 60 / self.per_minute

    def capped(self, most: float) -> "Ramp":
        """The same ramp with a lower end (MaximumConcurrency, reserved or account concurrency)."""
        return Ramp(min(self.start, most), self.per_minute, min(self.most, most))


STANDARD = Ramp(5, 300, 1250)


def provisioned(least_pollers: int, most_pollers: int) -> Ramp:
    """An SQS event source in provisioned mode."""
    return Ramp(least_pollers * INVOCATIONS_PER_POLLER, PROVISIONED_PER_MINUTE, most_pollers * INVOCATIONS_PER_POLLER)


@dataclass(frozen=True)
class Function:
    """What a function takes for a message and how it scales. `around`: seconds of a batch before its first message."""

    scaling: Ramp
    service: float | Quantiles
    batch: int = 1
    cold_start: float | None = None
    around: float = 0.0


class Server:
    """A function behind a queue: a batch is served one message after the other, and starts an environment if none is
    idle.

    The queue is a deque: simpy's Store hands out no batches, and takes long over a queue of a hundred thousand.
    """

    def __init__(self, env: Environment, chance: Random, function: Function) -> None:
        self._env, self._chance, self._function = env, chance, function
        self._queue: deque[Event] = deque()
        self._idle: list[float] = []  # when each idle environment became so, the latest last
        self._scaling_since = self._quiet_since = -inf
        self._looks_at = inf
        self.busy = self.peak = self.cold_starts = 0

    @property
    def waiting(self) -> int:
        """Messages that no invocation has taken yet."""
        return len(self._queue)

    def serve(self) -> Event:
        """Put a message on the queue. The event comes when it was served; its value is when that began."""
        served = self._env.event()
        self._queue.append(served)
        self._dispatch()
        return served

    def _dispatch(self, _: Event | None = None) -> None:
        if self._looks_at <= self._env.now:
            self._looks_at = inf
        while batch := self._permitted():
            self._env.process(self._invocations(batch))

    def _permitted(self) -> list[Event]:
        """The messages of one more invocation, if there are any and it may run now."""
        now = self._env.now
        if not self._queue:
            return []
        if self.busy == 0 and now - self._quiet_since > FORGETS_AFTER:
            self._scaling_since = now
        # Moments are compared, as they are planned here: rounding must not make the two disagree for ever.
        permitted_at = self._scaling_since + self._function.scaling.reaches(self.busy + 1)
        if permitted_at > now:
            # When nothing more is ever permitted, the end of a running invocation looks again.
            if permitted_at < self._looks_at:
                self._looks_at = permitted_at
                self._env.timeout(permitted_at - now).callbacks.append(self._dispatch)
            return []
        self.busy += 1
        self.peak = max(self.peak, self.busy)
        return [self._queue.popleft() for _ in range(min(self._function.batch, len(self._queue)))]

    def _invocations(self, batch: list[Event]) -> ProcessGenerator:
        """An environment: it serves batch after batch until it finds none."""
        function, env = self._function, self._env
        while batch:
            # All is drawn at the beginning, so that a draw belongs to the same message whatever else happens.
            before = self._cold_start(), function.around
            services = [self._draw() for _ in batch]
            for seconds in before:
                if seconds:
                    yield env.timeout(seconds)
            for served, seconds in zip(batch, services, strict=True):
                began = env.now
                yield env.timeout(seconds)
                served.succeed(began)
            self.busy -= 1
            if function.cold_start is not None:
                self._idle.append(env.now)
            self._quiet_since = env.now
            batch = self._permitted()

    def _draw(self) -> float:
        service = self._function.service
        return service.draw(self._chance) if isinstance(service, Quantiles) else service

    def _cold_start(self) -> float:
        """Seconds until an environment is ready for a batch; one is started when none is idle."""
        if self._function.cold_start is None or (self._idle and self._env.now - self._idle.pop() <= ENVIRONMENT_LIVES):
            return 0.0
        self._idle.clear()  # if the latest is too old, all are
        self.cold_starts += 1
        return self._function.cold_start


INSTANT = Function(Ramp(inf), 0.0)


@dataclass(frozen=True)
class Pipeline:
    """The functions on the way, and the seconds that lie between them."""

    notice: float  # from the upload's end until its notification is on the queue
    worker: Function
    stream: float = 0.0  # from the score's write until notify may have it
    enqueue: Function = INSTANT
    notify: Function = INSTANT


class Simulation:
    """Dives that arrive and go through a pipeline: the moments of each, in seconds, and its servers.

    `samples`: the moment, dives on both queues, workers at work, dives whose score was pushed.
    """

    def __init__(self, pipeline: Pipeline, arrivals: Sequence[float], seed: int = 1) -> None:
        self._env, self._pipeline = Environment(0.0), pipeline
        chance = Random(seed)  # noqa: S311 - the same chance every time
        self.enqueue, self.worker, self.notify = (
            Server(self._env, chance, function) for function in (pipeline.enqueue, pipeline.worker, pipeline.notify)
        )
        self.arrived = list(arrivals)
        self.queued, self.claimed, self.scored, self.pushed = ([inf] * len(arrivals) for _ in range(4))
        self.samples: list[tuple[float, int, int, int]] = []
        self._done = 0

    def run(self, every: float | None = None) -> "Simulation":
        """Let everything happen; `every` so many seconds a sample is taken."""
        if every is not None:
            self._env.process(self._sample(every))
        for job in range(len(self.arrived)):
            self._env.process(self._dive(job))
        self._env.run()
        return self

    @property
    def drain(self) -> float:
        """From the first arrival to the last push."""
        return max(self.pushed) - min(self.arrived)

    def latency(self, share: float) -> float:
        """From the upload's end to the push, for this share of the dives."""
        took = sorted(there - here for here, there in zip(self.arrived, self.pushed, strict=True))
        return percentile(took, share)

    def _dive(self, job: int) -> ProcessGenerator:
        env = self._env
        yield env.timeout(self.arrived[job] + self._pipeline.notice)
        if self._pipeline.enqueue is not INSTANT:  # an event at no distance would still come after others
            yield self.enqueue.serve()
        self.queued[job] = env.now
        self.claimed[job] = yield self.worker.serve()
        self.scored[job] = env.now
        yield env.timeout(self._pipeline.stream)
        yield self.notify.serve()
        self.pushed[job] = env.now
        self._done += 1

    def _sample(self, every: float) -> ProcessGenerator:
        while True:
            waiting = self.enqueue.waiting + self.worker.waiting
            self.samples.append((self._env.now, waiting, self.worker.busy, self._done))
            if self._done == len(self.arrived):
                return
            yield self._env.timeout(every)
