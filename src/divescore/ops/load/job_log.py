"""What became of each job and of each push about it. Pure: moments come in, counts and times come out.

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
class PushRecord:
    """The messages that one watcher got about one job.

    A subscription is answered by a snapshot that looks like a push. The job is at version `start` at that time, so one
    repetition of that version is the snapshot beside the push; each later subscription (`excused`) explains one
    anomaly more. What is older than `start` was before the run.
    """

    start: int
    seen: set[int] = field(default_factory=set)
    statuses: set[str] = field(default_factory=set)
    start_repeated: bool = False
    last: int = 0
    excused: int = 0
    duplicates: int = 0
    out_of_order: int = 0
    late: int = 0
    first_at: float | None = None
    ended_at: float | None = None

    def note(self, version: int, status: str) -> bool:
        """Take a message in; whether it is the first of its version."""
        if version < self.start:
            return False
        self.statuses.add(status)
        if version in self.seen:
            if version == self.start and not self.start_repeated:
                self.start_repeated = True
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
        """Changes of status that must have happened, and that this watcher got no message of."""
        if SCORED not in self.statuses:
            return 0
        must = {"PROCESSING"} | ({"QUEUED"} if "AWAITING_UPLOAD" in self.statuses else set())
        return len(must - self.statuses)


@dataclass(slots=True)
class JobRecord:
    """One job of the schedule."""

    number: int
    intended: float
    began: float | None = None  # the send started, late by the generator's lag
    created: float | None = None  # the service gave it an id
    sent: float | None = None  # confirmed: storage has the video, or the queue the message
    refused: str | None = None  # the code of the error that ended the send
    problem: str = ""  # the same as a sentence
    job_id: str = ""
    status: str = ""  # the newest that was pushed, or read at the end
    version: int = 0
    reached: dict[str, float] = field(default_factory=dict)  # by status, when the service first wrote it
    scores: set[int] = field(default_factory=set)  # versions that said SCORED
    pushes: dict[int, PushRecord] = field(default_factory=dict)  # by watcher

    @property
    def ended(self) -> bool:
        """Whether every watcher knows the end."""
        return bool(self.pushes) and all(push.ended_at is not None for push in self.pushes.values())

    @property
    def pushed(self) -> float | None:
        """When the last of its watchers got the end; None while one of them waits for it."""
        moments = [push.ended_at for push in self.pushes.values() if push.ended_at is not None]
        return max(moments) if moments and len(moments) == len(self.pushes) else None


class JobLog:
    """The log of a run whose jobs arrive at `offsets`, in seconds from a start that is set when it comes."""

    def __init__(self, offsets: list[float]) -> None:
        self.jobs = [JobRecord(number, at) for number, at in enumerate(offsets)]
        self.open: set[int] = set()  # jobs that were sent and whose end is not known to every watcher
        self.started_at = 0.0
        self.messages = 0
        self.heard_at = 0.0  # when a message came last
        self.least_delay: float | None = None  # of a push since its writing; below 0 the two clocks differ
        self.tally: Counter[str] = Counter()  # of what happened, for the display

    def start(self, at: float) -> list[float]:
        """The schedule begins now; the moment that each job is due."""
        self.started_at = self.heard_at = at
        for job in self.jobs:
            job.intended += at
        return [job.intended for job in self.jobs]

    def began(self, number: int, at: float) -> None:
        """The generator started to send a job."""
        self.jobs[number].began = at
        self.tally["began"] += 1

    def created(self, number: int, job_id: str, watchers: list[int], version: int, at: float) -> None:
        """The job has an id, and these watchers are about to subscribe to it while it is at this version."""
        job = self.jobs[number]
        job.job_id, job.created = job_id, at
        job.pushes = {watcher: PushRecord(version) for watcher in watchers}

    def sent(self, number: int, at: float) -> None:
        """The job is with the service."""
        self.jobs[number].sent = at
        self.tally["sent"] += 1
        if not self.jobs[number].ended:
            self.open.add(number)

    def refused(self, number: int, code: str, problem: str) -> None:
        """The job could not be sent: the error's code, and its sentence."""
        self.jobs[number].refused, self.jobs[number].problem = code, problem
        self.tally["refused"] += 1

    def subscribed_again(self, number: int, watcher: int) -> None:
        """The watcher lost its connection and asked for the job anew."""
        self.jobs[number].pushes[watcher].excused += 1

    def heard(self, number: int, watcher: int, version: int, status: str, written: float, at: float) -> None:
        """A watcher got a message about a job: its version and status, when it was written, when it arrived."""
        job = self.jobs[number]
        push = job.pushes[watcher]
        self.messages += 1
        self.heard_at = at
        delay = at - written
        self.least_delay = delay if self.least_delay is None else min(self.least_delay, delay)
        if not push.note(version, status):
            return
        push.first_at = at if push.first_at is None else push.first_at
        if push.start != version and delay > LATE_AFTER:
            push.late += 1
        job.reached[status] = min(written, job.reached.get(status, written))
        if version > job.version:
            job.version, job.status = version, status
        if status == SCORED:
            job.scores.add(version)
        if status in SETTLED and push.ended_at is None:
            push.ended_at = at
            if job.ended:
                self.tally[job.status] += 1
                self.open.discard(number)

    def read(self, number: int, version: int, status: str, written: float) -> None:
        """The state of a job whose end was not pushed, read after the run."""
        job = self.jobs[number]
        if version >= job.version:
            job.version, job.status = version, status
        if status in SETTLED:
            job.reached.setdefault(status, written)

    def pushes(self) -> Iterator[PushRecord]:
        """Of every watcher and job."""
        for job in self.jobs:
            yield from job.pushes.values()
