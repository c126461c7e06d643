"""What `notify` does: from the table's stream to everybody who watches the job."""

from collections import Counter
from collections.abc import Iterable
from concurrent.futures import Executor
from dataclasses import dataclass

from divescore.jobs.model import Job
from divescore.live.messages import Outgoing, job_message
from divescore.live.push import Pushed, Pusher
from divescore.live.subscriptions import Subscriptions


@dataclass(frozen=True, slots=True)
class Change:
    """One record of the stream: the job after the write, and its version before it (0 for a new job)."""

    sequence: str
    job: Job
    version_before: int


def conflate(changes: Iterable[Change]) -> list[Change]:
    """The changes worth telling, in order: never a status less, of each run of progress only the newest.

    Drops records whose version did not grow (lease renewals) and records that the same batch repeats.
    """
    told: dict[str, list[Change]] = {}
    for change in changes:
        if change.job.version <= change.version_before:
            continue
        earlier = told.setdefault(change.job.job_id, [])
        if earlier and earlier[-1].job.version >= change.job.version:
            continue
        if earlier and _same_state(earlier[-1].job, change.job):
            earlier[-1] = change
        else:
            earlier.append(change)
    return [change for changes_of_job in told.values() for change in changes_of_job]


def _same_state(before: Job, after: Job) -> bool:
    # A new attempt is news even though the status reads the same.
    return before.status is after.status and before.attempt == after.attempt


@dataclass(frozen=True)
class FanOut:
    """Pushes changes to subscribers. Two pools, since a job's task waits for its posts: sharing one could deadlock."""

    subscriptions: Subscriptions
    pusher: Pusher
    jobs_pool: Executor
    posts_pool: Executor

    def tell_all(self, changes: Iterable[Change]) -> tuple[Counter[Pushed], list[tuple[Change, Exception]]]:
        """Push all changes, those of one job in order and jobs side by side; what was pushed, and what failed why.

        A failed change never keeps the others from their watchers.
        """
        by_job: dict[str, list[Change]] = {}
        for change in changes:
            by_job.setdefault(change.job.job_id, []).append(change)
        counts: Counter[Pushed] = Counter()
        failures: list[tuple[Change, Exception]] = []
        for outcomes in self.jobs_pool.map(self._tell_in_order, by_job.values()):
            for change, outcome in outcomes:
                if isinstance(outcome, Exception):
                    failures.append((change, outcome))
                else:
                    counts += outcome
        return counts, failures

    def _tell_in_order(self, changes: list[Change]) -> list[tuple[Change, Counter[Pushed] | Exception]]:
        outcomes: list[tuple[Change, Counter[Pushed] | Exception]] = []
        for change in changes:
            try:
                outcomes.append((change, self.tell(change)))
            except Exception as error:  # carried to the caller, so that every other job is served first
                outcomes.append((change, error))
        return outcomes

    def tell(self, change: Change) -> Counter[Pushed]:
        """Push one change to all who watch its job, a page of subscribers at a time; dead connections are forgotten.

        An error of the service itself is raised, but only after everybody else was served.
        """
        counts: Counter[Pushed] = Counter()
        message = job_message(change.job)
        failures: list[Exception] = []
        for page in self.subscriptions.watchers(change.job.job_id):
            for outcome in self.posts_pool.map(lambda connection: self._push(connection, message), page):
                if isinstance(outcome, Exception):
                    failures.append(outcome)
                else:
                    counts[outcome] += 1
        if failures:
            raise failures[0]
        return counts

    def _push(self, connection_id: str, message: Outgoing) -> Pushed | Exception:
        try:
            outcome = self.pusher.push(connection_id, message)
            if outcome is not Pushed.SENT:
                self.subscriptions.forget(connection_id)
        except Exception as error:  # carried to `tell`, which raises it once all others were served
            return error
        return outcome
