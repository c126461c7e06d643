"""The watched jobs, and what the socket still owes for each."""

from collections import deque
from dataclasses import dataclass
from math import inf


@dataclass
class Watch:
    """A job being watched. `asked_at`: when the subscription now awaiting its answer was sent."""

    job_id: str
    token: str
    version: int = 0
    asked_at: float | None = None


class Watchlist(dict[str, Watch]):
    """Watches by job, and the order in which the open socket subscribes them, at most `at_once` without an answer."""

    def __init__(self, at_once: int) -> None:
        super().__init__()
        self.at_once = at_once
        self._unsent: deque[str] = deque()
        self._parked: list[str] = []

    def add(self, job_id: str, token: str) -> None:
        """Watch a job; it is subscribed before those that are only being refreshed."""
        self[job_id] = Watch(job_id, token)
        self._unsent.appendleft(job_id)

    def start_over(self) -> None:
        """There is another socket, and nothing is subscribed on it."""
        self._unsent = deque(self)
        self._parked = []
        for watch in self.values():
            watch.asked_at = None

    def refresh(self) -> None:
        """Subscribe all again."""
        self._unsent.extend(job_id for job_id in self if job_id not in self._unsent)

    def park(self, watch: Watch) -> None:
        """The connection has no room for this one until it is rid of another."""
        watch.asked_at = None
        self._parked.append(watch.job_id)

    def make_room(self) -> None:
        """The connection follows one job less: there is room for one of those that were parked."""
        if self._parked:
            self._unsent.append(self._parked.pop(0))

    def asked(self) -> list[Watch]:
        """Those whose subscription awaits its answer."""
        return [watch for watch in self.values() if watch.asked_at is not None]

    def asked_since(self) -> float:
        """When the oldest of those was sent; infinity when there is none."""
        return min((watch.asked_at for watch in self.values() if watch.asked_at is not None), default=inf)

    def meant(self, job_id: str | None) -> Watch | None:
        """Whose subscription an answer is for: the job's that it names, or else the only one that awaits an answer."""
        if job_id is not None:
            return self.get(job_id)
        asked = self.asked()
        return asked[0] if len(asked) == 1 else None

    def ask(self, now: float) -> list[Watch]:
        """Those to subscribe now; they count as asked."""
        asking: list[Watch] = []
        free = self.at_once - len(self.asked())
        while self._unsent and len(asking) < free:
            watch = self.get(self._unsent.popleft())
            if watch is not None and watch.asked_at is None:
                watch.asked_at = now
                asking.append(watch)
        return asking
