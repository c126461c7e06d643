"""The live connection as a pure state machine: what happened goes in, what to do comes out.

It opens no socket and reads no clock: callers pass the time in seconds of any steady clock, carry out the actions in
their order and report what came of them. `connection.py` does that over asyncio. `web/src/live/protocol.ts` is the same
machine for the page; the scenarios in `tests/contract/live-scenarios` hold both to one behaviour.

    IDLE ──watch──▶ OPENING ──opened──▶ OPEN ──lost──▶ WAITING ──back-off──▶ ASKING ──ticket──▶ OPENING ...

Where three sockets in a row carried nothing, WAITING takes longer and the jobs are read over HTTP meanwhile.
"""

import random
from collections.abc import Callable, Collection
from enum import Enum

from divescore.client.actions import (
    Action,
    Changed,
    Close,
    Complaint,
    LinkState,
    Open,
    Read,
    Refused,
    StateChanged,
    Subscribe,
    Unsubscribe,
)
from divescore.client.messages import (
    REFUSALS,
    TOO_MANY_JOBS,
    UNAVAILABLE,
    UNSUBSCRIBED,
    ErrorMessage,
    JobMessage,
    Message,
    OtherMessage,
)
from divescore.client.models import Job
from divescore.client.timing import Timing
from divescore.client.watchlist import Watchlist
from divescore.views import SETTLED


class Phase(Enum):
    """Where the connection is."""

    IDLE = "nobody needs a connection"
    ASKING = "a fresh ticket is being fetched"
    OPENING = "the socket is being opened"
    OPEN = "the socket is open"
    WAITING = "backing off"


class Protocol:
    """One live connection, shared by all watched jobs; a job is dropped when it is refused or in a state of `until`."""

    def __init__(
        self,
        timing: Timing | None = None,
        chance: Callable[[], float] = random.random,
        until: Collection[str] = SETTLED,
    ) -> None:
        self.timing = timing or Timing()
        self.phase = Phase.IDLE
        self.state = LinkState.IDLE
        self.watched = Watchlist(self.timing.subscribe_at_once)
        self._chance = chance
        self._until = until
        self._actions: list[Action] = []
        self._retries = 0
        self._failures = 0  # sockets in a row that carried nothing
        self._carried = False  # whether the open socket has carried a message
        self._opened_at = 0.0
        self._retry_at = 0.0  # end of WAITING
        self._read_at = 0.0  # next reading while sockets are blocked
        self._resubscribe_at = 0.0
        self._renew_at = 0.0
        self._leave_at = 0.0  # while nothing is watched

    def actions(self) -> list[Action]:
        """What to do now; each action is given once."""
        actions, self._actions = self._actions, []
        return actions

    def wake_at(self) -> float | None:
        """When to call `tick` if nothing else happens before; None: no need."""
        due = [self._read_at] if self.state is LinkState.READING else []
        if self.phase is Phase.WAITING:
            due.append(self._retry_at)
        elif self.phase is Phase.OPEN and self.watched:
            due += [self._renew_at, self._resubscribe_at, self.watched.asked_since() + self.timing.answer_within]
        elif self.phase is Phase.OPEN:
            due.append(self._leave_at)
        return min(due, default=None)

    # What the user wants

    def watch(self, job_id: str, token: str, now: float, url: str | None = None) -> None:
        """Follow a job. `url`: the live address that came with it, if it is fresh; it is used now or not at all."""
        self.watched.add(job_id, token)
        if self.phase is Phase.OPEN:
            if len(self.watched) == 1:
                self._resubscribe_at = now + self.timing.resubscribe_every
            self._subscribe(now)
        elif self.state is LinkState.READING:
            self._actions.append(Read(job_id, token))
        elif url is not None and self.phase in (Phase.IDLE, Phase.WAITING):
            # Whoever has an address has just reached the service: no reason to wait any longer.
            self._open(url)
        elif self.phase is Phase.IDLE:
            self._ask()

    def forget(self, job_id: str, now: float) -> None:
        """Follow a job no longer."""
        if self.watched.pop(job_id, None) is None:
            return
        if self.phase is Phase.OPEN:
            self._actions.append(Unsubscribe(job_id))
        self._dropped(now)

    # What the socket reports

    def opened(self, now: float) -> None:
        """The socket that `Open` asked for is open."""
        if self.phase is not Phase.OPENING:
            return
        self.phase, self._carried, self._opened_at = Phase.OPEN, False, now
        self._renew_at = now + self.timing.renew_after - self._chance() * self.timing.renew_spread
        self._resubscribe_at = now + self.timing.resubscribe_every
        self.watched.start_over()
        self._subscribe(now)

    def failed(self, reason: str, now: float) -> None:
        """The socket that `Open` asked for could not be opened."""
        if self.phase is Phase.OPENING:
            self._carried_nothing(reason, now)

    def lost(self, reason: str, now: float) -> None:
        """The open socket was closed, by whomever, or is dead."""
        if self.phase is not Phase.OPEN:
            return
        if now - self._opened_at >= self.timing.proven_after:
            self._retries = 0
        if self._carried:
            self._wait(reason, now)
        else:
            self._carried_nothing(reason, now)

    def received(self, message: Message, now: float) -> None:
        """A message came over the open socket."""
        if self.phase is not Phase.OPEN or message == OtherMessage(""):
            return
        # Only a message proves a socket: one that opens and carries nothing is worth no more than a refused one.
        self._carried, self._failures = True, 0
        self._become(LinkState.LIVE)
        if isinstance(message, JobMessage):
            watch = self.watched.get(message.job.job_id)
            if watch is not None:
                watch.asked_at = None
                self._apply(message.job, True, now)
        elif isinstance(message, ErrorMessage):
            self._complained(message, now)
        elif message.type == UNSUBSCRIBED:
            self.watched.make_room()
        self._subscribe(now)

    # What HTTP reports

    def read(self, job: Job | None, url: str | None, now: float) -> None:
        """The answer to `Read`: the job (None: it was not asked for), and the live address with a fresh ticket."""
        if job is not None and job.job_id in self.watched:
            self._apply(job, False, now)
        if self.phase is Phase.ASKING:
            if url is None:
                self._wait("no live address", now)
            else:
                self._open(url)

    def refused(self, job_id: str, code: str, message: str, now: float) -> None:
        """The service refused the job's token, or does not know the job: this job is done with, others go on."""
        if self.watched.pop(job_id, None) is not None:
            self._actions.append(Refused(job_id, code, message))
            self._dropped(now)
        if self.phase is Phase.ASKING:
            self._ask()

    def unreachable(self, now: float, retry_after: float = 0.0, answered: bool = False) -> None:
        """HTTP gave no answer to `Read`, or (`answered`) none that helps for now."""
        if self.phase is Phase.ASKING:
            state = LinkState.RECONNECTING if answered else LinkState.OFFLINE
            self._wait("the service cannot be reached", now, retry_after, state)

    # What the clock reports

    def tick(self, now: float) -> None:
        """Do what is due; harmless when nothing is."""
        if self.phase is Phase.OPEN:
            self._tick_open(now)
        elif self.phase is Phase.WAITING and now >= self._retry_at:
            self._ask()
            return  # one job is read for its address; if it is time to read all, the next tick does that
        if self.state is LinkState.READING and now >= self._read_at:
            # Many jobs are read less often each, so that reading stays within the API's limits.
            self._read_at = now + self.timing.read_every * max(1.0, len(self.watched) / 10)
            self._actions += [Read(watch.job_id, watch.token) for watch in self.watched.values()]

    def _tick_open(self, now: float) -> None:
        if not self.watched:
            if now >= self._leave_at:
                self._rest()
        elif now >= self.watched.asked_since() + self.timing.answer_within:
            self.watched.at_once = self.timing.subscribe_gently
            self._actions.append(Close("no answer"))
            self.lost("the service does not answer", now)
        elif now >= self._renew_at:
            self._actions.append(Close("renewing"))
            self._retries = 0
            self._ask()
        elif now >= self._resubscribe_at:
            self._resubscribe_at = now + self.timing.resubscribe_every
            self.watched.refresh()
            self._subscribe(now)

    def _subscribe(self, now: float) -> None:
        """Send what may be sent now; the rest follows as answers come."""
        if self.phase is Phase.OPEN:
            self._actions += [Subscribe(watch.job_id, watch.token) for watch in self.watched.ask(now)]

    def _apply(self, job: Job, pushed: bool, now: float) -> None:
        watch = self.watched[job.job_id]
        if job.version <= watch.version:
            return
        if pushed and job.status == "SCORED" and job.result is None:
            # The score did not fit into one message.
            self._actions.append(Read(job.job_id, watch.token))
            return
        watch.version = job.version
        self._actions.append(Changed(job, pushed))
        if job.status in self._until:
            self.forget(job.job_id, now)

    def _complained(self, error: ErrorMessage, now: float) -> None:
        """Find out whose subscription an error answers."""
        if error.code == UNAVAILABLE:
            self._actions.append(Close("unavailable"))
            self.lost(error.message, now)
            return
        meant = self.watched.meant(error.job_id)
        if error.code not in REFUSALS:
            self._actions.append(Complaint(error.code, error.message, error.job_id))
            if meant is not None and error.code == TOO_MANY_JOBS:
                self.watched.park(meant)
            elif meant is not None:
                meant.asked_at = None
        elif meant is not None:
            self.refused(meant.job_id, error.code, error.message, now)
        elif error.job_id is None:
            # Several are waiting for an answer and the error does not say which it means: HTTP tells each its own.
            self._actions += [Read(watch.job_id, watch.token) for watch in self.watched.asked()]

    def _dropped(self, now: float) -> None:
        """A job is watched no more."""
        if self.watched:
            self._subscribe(now)
        elif self.phase is Phase.OPEN and self._carried:
            self._leave_at = now + self.timing.linger
        else:
            self._rest()

    def _open(self, url: str) -> None:
        self.phase = Phase.OPENING
        if self._failures >= self.timing.failures_before_reading:
            self._become(LinkState.READING)
        elif self.state is LinkState.OFFLINE:
            self._become(LinkState.RECONNECTING)
        elif self.state is LinkState.IDLE:
            self._become(LinkState.CONNECTING)
        self._actions.append(Open(url))

    def _ask(self) -> None:
        first = next(iter(self.watched.values()))
        if self.state is LinkState.IDLE:
            self._become(LinkState.CONNECTING)
        self.phase = Phase.ASKING
        self._actions.append(Read(first.job_id, first.token))

    def _carried_nothing(self, reason: str, now: float) -> None:
        self._failures += 1
        if self._failures < self.timing.failures_before_reading:
            self._wait(reason, now)
            return
        # The tickets were good, or reading the job for them would have been refused: only sockets do not get through.
        self._read_at = now
        self._wait(reason, now, self.timing.try_socket_every, LinkState.READING)
        self.tick(now)

    def _wait(self, reason: str, now: float, at_least: float = 0.0, state: LinkState = LinkState.RECONNECTING) -> None:
        self.phase = Phase.WAITING
        if not self.watched:
            self._rest()
            return
        self._become(state, reason)
        self._retry_at = now + max(self._chance() * self.timing.backoff(self._retries), at_least)
        self._retries += 1

    def _rest(self) -> None:
        if self.phase in (Phase.OPENING, Phase.OPEN):
            self._actions.append(Close("nothing to watch"))
        self.phase, self._retries = Phase.IDLE, 0
        self._become(LinkState.IDLE)

    def _become(self, state: LinkState, reason: str = "") -> None:
        if state is not self.state:
            self.state = state
            self._actions.append(StateChanged(state, reason))
