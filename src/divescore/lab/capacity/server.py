"""One queue with a function behind it: messages wait, batches are served as the event source's scaling permits."""

from collections import deque
from collections.abc import Callable
from functools import partial
from random import Random

from divescore.lab.capacity.events import Clock
from divescore.lab.capacity.scaling import Scaling
from divescore.lab.capacity.times import Times

# An event source with nothing to do for so long starts from its beginning again (assumed; AWS does not say).
FORGETS_AFTER = 60.0
# An environment that nobody needed for so long is gone (AWS promises nothing; minutes are what people see).
ENVIRONMENT_LIVES = 600.0


class Station:
    """Takes messages (numbers of jobs) and hands each on, when its service has ended, to `done`.

    The messages of one batch are served one after the other. A batch that finds no idle environment starts one, which
    takes `cold_start`. `integral` is the number of messages waiting or being served, summed over time.
    """

    def __init__(
        self,
        clock: Clock,
        chance: Random,
        scaling: Scaling,
        service: Times,
        done: Callable[[int], None],
        *,
        batch: int = 1,
        cold_start: Times | None = None,
        around: Times | None = None,
        started: Callable[[int], None] = lambda _: None,
    ) -> None:
        self._clock = clock
        self._chance = chance
        self._scaling = scaling
        self._service = service
        self._done = done
        self._batch = batch
        self._cold = cold_start
        self._around = around
        self._started = started
        self._waiting: deque[int] = deque()
        self._idle: list[float] = []  # when each idle environment became so, the latest last
        self._since: float | None = None  # when the event source began to scale
        self._quiet_since = 0.0
        self._wakes_at: float | None = None
        self._changed_at = 0.0
        self._inside = 0
        self.busy = 0
        self.peak = 0
        self.invocations = 0
        self.cold_starts = 0
        self.busy_seconds = 0.0
        self.integral = 0.0

    @property
    def waiting(self) -> int:
        """Messages that no invocation has taken yet."""
        return len(self._waiting)

    def arrive(self, job: int) -> None:
        """A message is on the queue."""
        self._count(1)
        self._waiting.append(job)
        self._dispatch()

    def _dispatch(self) -> None:
        now = self._clock.now
        while self._waiting:
            if self._since is None or (self.busy == 0 and now - self._quiet_since > FORGETS_AFTER):
                self._since = now
            # The comparison is on times, as is the plan below: rounding must not make the two disagree for ever.
            permitted_at = self._since + self._scaling.reaches(self.busy + 1)
            if permitted_at > now:
                self._wake(permitted_at)
                return
            self._serve([self._waiting.popleft() for _ in range(min(self._batch, len(self._waiting)))])

    def _wake(self, moment: float) -> None:
        if moment == float("inf") or (self._wakes_at is not None and self._wakes_at <= moment):
            return  # the end of a running invocation will look again
        self._wakes_at = moment

        def look() -> None:
            self._wakes_at = None
            self._dispatch()

        self._clock.at(moment, look)

    def _serve(self, jobs: list[int]) -> None:
        self.busy += 1
        self.peak = max(self.peak, self.busy)
        self.invocations += 1
        begins = self._clock.now
        ends = begins + self._environment()
        if self._around is not None:
            ends += self._around.draw(self._chance)
        for job in jobs:
            self._clock.at(ends, partial(self._started, job))
            ends += self._service.draw(self._chance)
            self._clock.at(ends, partial(self._finish, job))
        self.busy_seconds += ends - begins
        self._clock.at(ends, self._free)

    def _environment(self) -> float:
        """Seconds until an environment is ready for this batch."""
        if self._cold is None:
            return 0.0
        if self._idle and self._clock.now - self._idle.pop() <= ENVIRONMENT_LIVES:
            return 0.0
        self._idle.clear()  # if the latest is too old, all are
        self.cold_starts += 1
        return self._cold.draw(self._chance)

    def _finish(self, job: int) -> None:
        self._count(-1)
        self._done(job)

    def _free(self) -> None:
        self.busy -= 1
        if self._cold is not None:
            self._idle.append(self._clock.now)
        if self.busy == 0:
            self._quiet_since = self._clock.now
        self._dispatch()

    def _count(self, change: int) -> None:
        self.integral += self._inside * (self._clock.now - self._changed_at)
        self._changed_at = self._clock.now
        self._inside += change
