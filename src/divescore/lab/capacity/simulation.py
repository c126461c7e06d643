"""One function behind a queue, simulated: messages wait, and invocations serve them as the event source scales."""

from collections import deque
from dataclasses import dataclass
from math import inf
from random import Random

from simpy import Environment, Event
from simpy.events import ProcessGenerator

from divescore.lab.capacity.scaling import Ramp
from divescore.lab.capacity.times import Times, draw

# An event source with nothing to do for so long starts from its beginning again (assumed; AWS does not say).
FORGETS_AFTER = 60.0
# An environment that nobody needed for so long is gone (AWS promises nothing; minutes are what people see).
ENVIRONMENT_LIVES = 600.0


@dataclass(frozen=True)
class Function:
    """What a function takes and how it scales. `around`: seconds of a batch before its first message is begun."""

    scaling: Ramp
    service: Times
    batch: int = 1
    cold_start: float | None = None
    around: float = 0.0


class Server:
    """Serves messages, those of one batch one after the other; a batch that finds no idle environment starts one.

    The queue is a deque: simpy's Store hands out no batches, and takes long over a queue of a hundred thousand.
    """

    def __init__(self, env: Environment, chance: Random, function: Function) -> None:
        self._env = env
        self._chance = chance
        self._function = function
        self._queue: deque[Event] = deque()
        self._idle: list[float] = []  # when each idle environment became so, the latest last
        self._scaling_since: float | None = None
        self._quiet_since = 0.0
        self._looks_at = inf
        self.busy = 0
        self.peak = 0
        self.invocations = 0
        self.cold_starts = 0

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

    def _dispatch(self) -> None:
        while batch := self._permitted():
            self._env.process(self._invocations(batch))

    def _permitted(self) -> list[Event]:
        """The messages of one more invocation, if there are any and it may run now."""
        now = self._env.now
        if not self._queue:
            return []
        if self._scaling_since is None or (self.busy == 0 and now - self._quiet_since > FORGETS_AFTER):
            self._scaling_since = now
        # Moments are compared, as they are planned below: rounding must not make the two disagree for ever.
        permitted_at = self._scaling_since + self._function.scaling.reaches(self.busy + 1)
        if permitted_at > now:
            self._look_again(permitted_at)
            return []
        self.busy += 1
        self.peak = max(self.peak, self.busy)
        self.invocations += 1
        return [self._queue.popleft() for _ in range(min(self._function.batch, len(self._queue)))]

    def _look_again(self, moment: float) -> None:
        if moment >= self._looks_at or moment == inf:
            return  # when nothing more is permitted, the end of a running invocation looks again
        self._looks_at = moment

        def look(_: Event) -> None:
            self._looks_at = inf
            self._dispatch()

        self._env.timeout(moment - self._env.now).callbacks.append(look)

    def _invocations(self, batch: list[Event]) -> ProcessGenerator:
        """An environment: it serves batch after batch until it finds none."""
        function, env, chance = self._function, self._env, self._chance
        while batch:
            # All is drawn at the beginning, so that a draw belongs to the same message whatever else happens.
            before = self._cold_start(), function.around
            services = [draw(function.service, chance) for _ in batch]
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
            if self.busy == 0:
                self._quiet_since = env.now
            batch = self._permitted()

    def _cold_start(self) -> float:
        """Seconds until an environment is ready for a batch; one is started when none is idle."""
        if self._function.cold_start is None:
            return 0.0
        if self._idle and self._env.now - self._idle.pop() <= ENVIRONMENT_LIVES:
            return 0.0
        self._idle.clear()  # if the latest is too old, all are
        self.cold_starts += 1
        return self._function.cold_start
