"""The live connection as a pure state machine: what happened goes in, what to do comes out.

It opens no socket and reads no clock: callers pass the time in seconds of any steady clock, carry out the effects in
their order and report what came of them. `live.py` does that over asyncio; tests do it over nothing.

    IDLE ──watch──▶ OPENING ──opened──▶ OPEN ──lost──▶ WAITING ──back-off──▶ ASKING ──ticket──▶ OPENING ...
                       └──failed three times while HTTP works──▶ READING ──now and then──▶ OPENING
"""

import random
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum

from divescore.client.messages import REFUSALS, UNAVAILABLE, ErrorMessage, JobMessage, parse, subscribe, unsubscribe
from divescore.client.models import Job


@dataclass(frozen=True)
class Timing:
    """Every wait, in seconds."""

    first_backoff: float = 0.5
    longest_backoff: float = 30.0
    # A connection that lived shorter than this does not reset the back-off: something accepts us and hangs up.
    proven_after: float = 5.0
    # Repairs a lost subscription and keeps the gateway from closing an idle connection after ten minutes.
    resubscribe_every: float = 240.0
    # The gateway ends every connection after two hours; leave before, at a time of our own.
    renew_after: float = 110 * 60.0
    renew_spread: float = 5 * 60.0
    answer_within: float = 10.0
    failures_before_reading: int = 3
    read_every: float = 2.0
    try_socket_every: float = 60.0


class Phase(Enum):
    """Where the connection is."""

    IDLE = "nobody needs a connection"
    ASKING = "a fresh ticket is being fetched"
    OPENING = "the socket is being opened"
    OPEN = "the socket is open"
    WAITING = "backing off"
    READING = "sockets are blocked here: jobs are read over HTTP"


@dataclass(frozen=True)
class Open:
    """Open a socket at `url`; report `opened` or `failed`."""

    url: str


@dataclass(frozen=True)
class Send:
    """Send a text message on the open socket."""

    text: str


@dataclass(frozen=True)
class Shut:
    """Close the socket, without reporting it as lost."""

    reason: str


@dataclass(frozen=True)
class Read:
    """Read the job over HTTP; report `read`, `refused` or `unreachable`."""

    job_id: str
    token: str


@dataclass(frozen=True)
class Changed:
    """A newer version of a watched job; `pushed` over the socket, or else read over HTTP."""

    job: Job
    pushed: bool


@dataclass(frozen=True)
class Refused:
    """This token may not follow this job, for good; it is watched no more."""

    job_id: str
    code: str
    message: str


@dataclass(frozen=True)
class Notice:
    """Something about the connection that people may want to know."""

    text: str


Effect = Open | Send | Shut | Read | Changed | Refused | Notice


@dataclass
class Watch:
    """A job being watched. `asked_at`: when the subscription now awaiting its answer was sent."""

    job_id: str
    token: str
    version: int = 0
    asked_at: float | None = None


class Protocol:
    """One live connection, shared by all watched jobs; a job is dropped when it is final or refused."""

    def __init__(self, timing: Timing | None = None, chance: Callable[[], float] = random.random) -> None:
        self.timing = timing or Timing()
        self.phase = Phase.IDLE
        self.watched: dict[str, Watch] = {}
        self._chance = chance
        self._effects: list[Effect] = []
        self._retries = 0
        self._handshakes_failed = 0
        self._opened_at = 0.0
        self._act_at: float | None = None  # end of WAITING, next read of READING
        self._socket_at = 0.0  # next try of a socket in READING
        self._resubscribe_at = 0.0
        self._renew_at = 0.0

    def effects(self) -> list[Effect]:
        """What to do now; each effect is given once."""
        effects, self._effects = self._effects, []
        return effects

    def wake_at(self) -> float | None:
        """When to call `tick` if nothing else happens before; None: no need."""
        if self.phase is Phase.OPEN:
            asked = [watch.asked_at for watch in self.watched.values() if watch.asked_at is not None]
            due = [self._renew_at, *(at + self.timing.answer_within for at in asked)]
            return min(due + ([self._resubscribe_at] if self.watched else []))
        return self._act_at if self.phase in (Phase.WAITING, Phase.READING) else None

    # What the user wants

    def watch(self, job_id: str, token: str, now: float, url: str | None = None) -> None:
        """Follow a job. `url`: a fresh live address, if one is at hand, saves asking for it."""
        watch = self.watched[job_id] = Watch(job_id, token)
        if self.phase is Phase.OPEN:
            self._subscribe(watch, now)
        elif self.phase is Phase.READING:
            self._effects.append(Read(job_id, token))
        elif self.phase is Phase.IDLE and url is not None:
            self._open(url)
        elif self.phase is Phase.IDLE:
            self._ask()

    def forget(self, job_id: str) -> None:
        """Follow a job no longer."""
        if self.watched.pop(job_id, None) is None:
            return
        if self.phase is Phase.OPEN:
            self._effects.append(Send(unsubscribe(job_id)))
        elif not self.watched and self.phase in (Phase.WAITING, Phase.READING):
            self.phase, self._act_at = Phase.IDLE, None

    # What the socket reports

    def opened(self, now: float) -> None:
        """The socket that `Open` asked for is open."""
        if self.phase is not Phase.OPENING:
            return
        if self._handshakes_failed >= self.timing.failures_before_reading:
            self._effects.append(Notice("Live updates work again."))
        self.phase, self._handshakes_failed, self._opened_at = Phase.OPEN, 0, now
        self._renew_at = now + self.timing.renew_after - self._chance() * self.timing.renew_spread
        self._subscribe_all(now)

    def failed(self, reason: str, now: float) -> None:
        """The socket that `Open` asked for could not be opened."""
        if self.phase is not Phase.OPENING:
            return
        self._handshakes_failed += 1
        if self._handshakes_failed < self.timing.failures_before_reading:
            self._wait(now)
            return
        if self._handshakes_failed == self.timing.failures_before_reading:
            seconds = f"{self.timing.read_every:g} s"
            self._effects.append(
                Notice(f"Live updates are blocked here ({reason}); reading the job every {seconds} instead.")
            )
        # The tickets were good, or reading the job for them would have been refused: only sockets do not get through.
        self.phase, self._act_at = Phase.READING, now
        self._socket_at = now + self.timing.try_socket_every
        self.tick(now)

    def lost(self, reason: str, now: float) -> None:
        """The open socket was closed, by whomever, or is dead."""
        if self.phase is not Phase.OPEN:
            return
        if now - self._opened_at >= self.timing.proven_after:
            self._retries = 0
        if self.watched:
            self._effects.append(Notice(f"The live connection was lost ({reason}); reconnecting."))
        self._wait(now)

    def received(self, text: str | bytes, now: float) -> None:
        """A message came over the open socket."""
        if self.phase is not Phase.OPEN:
            return
        message = parse(text)
        if isinstance(message, JobMessage):
            watch = self.watched.get(message.job.job_id)
            if watch is not None:
                watch.asked_at = None
                self._apply(message.job, pushed=True)
        elif isinstance(message, ErrorMessage):
            self._complained(message, now)

    # What HTTP reports

    def read(self, job: Job, url: str | None, now: float) -> None:
        """The answer to `Read`: the job, and the live address with a fresh ticket."""
        if job.job_id in self.watched:
            self._apply(job, pushed=False)
        if self.phase is Phase.ASKING:
            if not self.watched:
                self.phase = Phase.IDLE
            elif url is None:
                self._wait(now)
            else:
                self._open(url)
        elif self.phase is Phase.READING and url is not None and now >= self._socket_at and self.watched:
            self._open(url)

    def refused(self, job_id: str, code: str, message: str) -> None:
        """HTTP refused the job's token, or does not know the job: this job is done with, others go on."""
        self._refuse(job_id, code, message)
        if self.phase is Phase.ASKING:
            self._ask()
        elif not self.watched and self.phase in (Phase.WAITING, Phase.READING):
            self.phase, self._act_at = Phase.IDLE, None

    def unreachable(self, now: float, retry_after: float = 0.0) -> None:
        """HTTP did not answer `Read`, or not for now."""
        if self.phase is Phase.ASKING:
            self._wait(now, retry_after)

    # What the clock reports

    def tick(self, now: float) -> None:
        """Do what is due; harmless when nothing is."""
        if self.phase is Phase.OPEN:
            self._tick_open(now)
        elif self.phase is Phase.WAITING and self._act_at is not None and now >= self._act_at:
            self._ask()
        elif self.phase is Phase.READING and self._act_at is not None and now >= self._act_at:
            # Many jobs are read less often each, so that reading stays within the API's limits.
            self._act_at = now + self.timing.read_every * max(1.0, len(self.watched) / 10)
            self._effects += [Read(watch.job_id, watch.token) for watch in self.watched.values()]
            if not self.watched:
                self.phase, self._act_at = Phase.IDLE, None

    def _tick_open(self, now: float) -> None:
        overdue = any(
            watch.asked_at is not None and now >= watch.asked_at + self.timing.answer_within
            for watch in self.watched.values()
        )
        if overdue:
            self._effects.append(Shut("no answer"))
            self.lost("the service does not answer", now)
        elif now >= self._renew_at:
            self._effects.append(Shut("renewing"))
            self._retries = 0
            self._ask()
        elif self.watched and now >= self._resubscribe_at:
            self._subscribe_all(now)

    def _subscribe_all(self, now: float) -> None:
        self._resubscribe_at = now + self.timing.resubscribe_every
        for watch in self.watched.values():
            self._subscribe(watch, now)

    def _subscribe(self, watch: Watch, now: float) -> None:
        if len(self.watched) == 1:
            self._resubscribe_at = now + self.timing.resubscribe_every
        watch.asked_at = now
        self._effects.append(Send(subscribe(watch.token)))

    def _apply(self, job: Job, pushed: bool) -> None:
        watch = self.watched[job.job_id]
        if job.version <= watch.version:
            return
        if pushed and job.status == "SCORED" and job.result is None:
            # The score did not fit into one message.
            self._effects.append(Read(job.job_id, watch.token))
            return
        watch.version = job.version
        self._effects.append(Changed(job, pushed))
        if job.final:
            self.forget(job.job_id)

    def _complained(self, error: ErrorMessage, now: float) -> None:
        """Find out whose subscription an error answers."""
        if error.code == UNAVAILABLE:
            self._effects.append(Shut("unavailable"))
            self.lost(error.message, now)
            return
        if error.code not in REFUSALS:
            self._effects.append(Notice(f"The service did not accept a live message ({error.code}: {error.message})"))
            return
        asked = [watch for watch in self.watched.values() if watch.asked_at is not None]
        if error.job_id in self.watched:
            self._refuse(error.job_id, error.code, error.message)
        elif len(asked) == 1:
            self._refuse(asked[0].job_id, error.code, error.message)
        else:
            # Several are waiting for an answer and the error does not say which it means: HTTP tells each its own.
            self._effects += [Read(watch.job_id, watch.token) for watch in asked]

    def _refuse(self, job_id: str, code: str, message: str) -> None:
        if self.watched.pop(job_id, None) is not None:
            self._effects.append(Refused(job_id, code, message))

    def _open(self, url: str) -> None:
        self.phase, self._act_at = Phase.OPENING, None
        self._effects.append(Open(url))

    def _ask(self) -> None:
        self._act_at = None
        first = next(iter(self.watched.values()), None)
        if first is None:
            self.phase = Phase.IDLE
        else:
            self.phase = Phase.ASKING
            self._effects.append(Read(first.job_id, first.token))

    def _wait(self, now: float, at_least: float = 0.0) -> None:
        if not self.watched:
            self.phase, self._act_at = Phase.IDLE, None
            return
        ceiling = min(self.timing.longest_backoff, self.timing.first_backoff * 2.0**self._retries)
        self._retries = min(self._retries + 1, 16)
        self.phase = Phase.WAITING
        self._act_at = now + max(self._chance() * ceiling, at_least)
