"""What became of each job and of each push about it. Pure: moments come in, an account comes out.

Moments are seconds since the epoch. Those of pushes and sends are this program's clock, those of a job's states
(`updatedAt`) are the service's.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

from divescore.views import SETTLED

SCORED = "SCORED"
# A push that arrives this long after its change was written is late.
LATE_AFTER = 1.0


@dataclass(slots=True)
class Hearing:
    """What one watcher heard of one job.

    A subscription is answered by a snapshot that looks like a push. The job rests at version `rest` at that time, so
    one repetition of that version is the snapshot beside the push; each later subscription (`excused`) explains one
    anomaly more. What is older than `rest` was before the run.
    """

    rest: int
    seen: set[int] = field(default_factory=set)
    statuses: set[str] = field(default_factory=set)
    rest_repeated: bool = False
    last: int = 0
    excused: int = 0
    duplicates: int = 0
    out_of_order: int = 0
    late: int = 0
    ended_at: float | None = None

    def note(self, version: int, status: str) -> bool:
        """Take a message in; whether it is the first of its version."""
        if version < self.rest:
            return False
        self.statuses.add(status)
        if version in self.seen:
            if version == self.rest and not self.rest_repeated:
                self.rest_repeated = True
            elif self.excused:
                self.excused -= 1
            else:
                self.duplicates += 1
            return False
        self.seen.add(version)
        if version < self.last:
            if self.excused:
                self.excused -= 1
            else:
                self.out_of_order += 1
        self.last = max(self.last, version)
        return True

    @property
    def missed(self) -> int:
        """Changes of status that must have happened, and that this watcher was never told of."""
        if SCORED not in self.statuses:
            return 0
        must = {"PROCESSING"} | ({"QUEUED"} if "AWAITING_UPLOAD" in self.statuses else set())
        return len(must - self.statuses)


@dataclass(slots=True)
class Entry:
    """One job of the plan."""

    number: int
    intended: float
    began: float | None = None  # the send started, late by the generator's lag
    sent: float | None = None  # confirmed: storage has the video, or the queue the message
    refused: str | None = None  # the code of the error that ended the send
    job_id: str = ""
    status: str = ""  # the newest heard, or read at the end
    version: int = 0
    reached: dict[str, float] = field(default_factory=dict)  # by status, when the service first wrote it
    scores: set[int] = field(default_factory=set)  # versions that said SCORED
    hearings: dict[int, Hearing] = field(default_factory=dict)  # by watcher

    @property
    def ended(self) -> bool:
        """Whether every watcher knows the end."""
        return bool(self.hearings) and all(hearing.ended_at is not None for hearing in self.hearings.values())

    @property
    def pushed(self) -> float | None:
        """When the last of its watchers heard the end."""
        moments = [hearing.ended_at for hearing in self.hearings.values()]
        return max((at for at in moments if at is not None), default=None) if self.ended else None


class Ledger:
    """The account of a run whose jobs arrive at `offsets`, in seconds from a start that is set when it comes."""

    def __init__(self, offsets: list[float]) -> None:
        self.entries = [Entry(number, at) for number, at in enumerate(offsets)]
        self.started_at = 0.0
        self.messages = 0
        self.heard_at = 0.0  # when there was news last
        self.least_delay: float | None = None  # of a push since its writing; below 0 the two clocks differ
        self.tally: Counter[str] = Counter()  # of what happened, for the live view
        self._open: set[int] = set()

    def start(self, at: float) -> list[float]:
        """The plan begins now; the moment that each job is due."""
        self.started_at = self.heard_at = at
        for entry in self.entries:
            entry.intended += at
        return [entry.intended for entry in self.entries]

    def began(self, number: int, at: float) -> None:
        """The generator started to send a job."""
        self.entries[number].began = at
        self.tally["began"] += 1

    def named(self, number: int, job_id: str, watchers: list[int], rest: int) -> None:
        """The job has an id, and these watchers are about to subscribe to it while it rests at version `rest`."""
        entry = self.entries[number]
        entry.job_id = job_id
        entry.hearings = {watcher: Hearing(rest) for watcher in watchers}

    def sent(self, number: int, at: float) -> None:
        """The job is with the service."""
        self.entries[number].sent = at
        self.tally["sent"] += 1
        if not self.entries[number].ended:
            self._open.add(number)

    def refused(self, number: int, code: str) -> None:
        """The job could not be sent."""
        self.entries[number].refused = code
        self.tally["refused"] += 1

    def subscribed_again(self, number: int, watcher: int) -> None:
        """The watcher lost its connection and asked for the job anew."""
        self.entries[number].hearings[watcher].excused += 1

    def heard(self, number: int, watcher: int, version: int, status: str, written: float, at: float) -> None:
        """A watcher got a message about a job: its version and status, when it was written, when it arrived."""
        entry = self.entries[number]
        hearing = entry.hearings[watcher]
        self.messages += 1
        self.heard_at = at
        delay = at - written
        self.least_delay = delay if self.least_delay is None else min(self.least_delay, delay)
        if not hearing.note(version, status):
            return
        if hearing.rest != version and delay > LATE_AFTER:
            hearing.late += 1
        if status not in entry.reached or written < entry.reached[status]:
            entry.reached[status] = written
        if version > entry.version:
            entry.version, entry.status = version, status
        if status == SCORED:
            entry.scores.add(version)
        if status in SETTLED and hearing.ended_at is None:
            hearing.ended_at = at
            if entry.ended:
                self.tally[entry.status] += 1
                self._open.discard(number)

    def settle(self, number: int, version: int, status: str, written: float) -> None:
        """The state of a job whose end was not heard, read at the end."""
        entry = self.entries[number]
        if version >= entry.version:
            entry.version, entry.status = version, status
        if status in SETTLED:
            entry.reached.setdefault(status, written)

    @property
    def open(self) -> frozenset[int]:
        """Jobs that were sent and whose end is not known to every watcher."""
        return frozenset(self._open)

    @property
    def waiting(self) -> int:
        """How many of those there are."""
        return len(self._open)

    def hearings(self) -> Iterator[Hearing]:
        """Of every watcher and job."""
        for entry in self.entries:
            yield from entry.hearings.values()
