"""What `notify` does: from changes of jobs to everybody who watches them."""

import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import Executor, Future
from dataclasses import dataclass, field

from divescore.live.changes import Change
from divescore.live.messages import Outgoing, job_message
from divescore.live.push import BACK_OFF_SECONDS, Pushed, Pusher, jittered
from divescore.live.subscriptions import Subscriptions

# Seconds after which a batch posts no more and reports what is left as failed: it must end before the function's own
# time does, which would lose the account of what was sent.
GIVE_UP_AFTER = 30.0


class OutOfTime(Exception):
    """The batch took too long; the change comes again."""


@dataclass
class Backlog:
    """What one connection is to get of one job: messages in order, of which the first `sent` have arrived."""

    connection_id: str
    changes: Sequence[Change]
    messages: Sequence[Outgoing]
    sent: int = 0
    outcome: Pushed = Pushed.SLOW  # of the last try; as long as it is SLOW, another try may help
    error: Exception | None = None  # why the last try came to nothing, if that was the service's fault


@dataclass
class FanOutReport:
    """What became of a batch: messages sent, connections gone or closed, and what must come again."""

    counts: Counter[Pushed] = field(default_factory=Counter)
    failures: dict[str, tuple[Change, Exception]] = field(default_factory=dict)  # by job, its earliest change
    rows_left: list[tuple[str, Exception]] = field(default_factory=list)  # by ended connections, and why

    def fail(self, change: Change, error: Exception) -> None:
        """Note a change that did not reach everybody; of one job the earliest counts, later ones come again with it."""
        earlier = self.failures.get(change.job.job_id)
        if earlier is None or change.job.version < earlier[0].job.version:
            self.failures[change.job.job_id] = (change, error)


@dataclass(frozen=True)
class FanOut:
    """Pushes changes to subscribers.

    All posts share one pool, a page of subscribers at a time, and no thread of it ever sleeps or waits for another:
    whoever is slow is tried again in a later round, after everybody else had a first try.
    """

    subscriptions: Subscriptions
    pusher: Pusher
    pool: Executor
    sleep: Callable[[float], None] = time.sleep
    clock: Callable[[], float] = time.monotonic

    def push_all(self, changes: Mapping[str, Sequence[Change]]) -> FanOutReport:
        """Push the changes of each job, in order, to all who watch it. An error of one never keeps the others waiting.

        Connections that stay slow are closed, ended ones forgotten.
        """
        report = FanOutReport()
        end = self.clock() + GIVE_UP_AFTER
        waiting: list[Backlog] = []
        searches = [(news, self.pool.submit(self._search, news, end)) for news in changes.values() if news]
        for news, search in searches:
            posts, error = search.result()
            if error is not None:
                report.fail(news[0], error)
            waiting += self._settle(report, [post.result() for post in posts])
        for pause in BACK_OFF_SECONDS:
            if not waiting:
                break
            self.sleep(jittered(pause))
            waiting = self._settle(report, list(self.pool.map(lambda backlog: self._post(backlog, end), waiting)))
        for backlog in self._settle(report, list(self.pool.map(lambda backlog: self._close(backlog, end), waiting))):
            report.counts[Pushed.SENT] += backlog.sent
            report.fail(backlog.changes[backlog.sent], backlog.error or OutOfTime())
        return report

    def _search(self, news: Sequence[Change], end: float) -> tuple[list[Future[Backlog]], Exception | None]:
        """Start posting to each page of watchers as it is read."""
        posts: list[Future[Backlog]] = []
        try:
            messages = [job_message(change.job) for change in news]
            for page in self.subscriptions.watchers(news[0].job.job_id):
                if self.clock() >= end:
                    raise OutOfTime
                for connection_id in page:
                    posts.append(self.pool.submit(self._post, Backlog(connection_id, news, messages), end))
        except Exception as error:  # becomes this job's failure, after everybody found so far was served
            return posts, error
        return posts, None

    def _post(self, backlog: Backlog, end: float) -> Backlog:
        """Post what the connection has not got yet, up to the first message that it does not take."""
        backlog.outcome, backlog.error = Pushed.SLOW, None
        try:
            while backlog.sent < len(backlog.messages):
                if self.clock() >= end:
                    raise OutOfTime
                backlog.outcome = self.pusher.post(backlog.connection_id, backlog.messages[backlog.sent])
                if backlog.outcome is not Pushed.SENT:
                    break
                backlog.sent += 1
        except Exception as error:  # kept: tried again, then this job's failure
            backlog.outcome, backlog.error = Pushed.SLOW, error
        return backlog

    def _close(self, backlog: Backlog, end: float) -> Backlog:
        """End a connection that takes nothing. One that failed otherwise stays: the service is at fault, not it."""
        if backlog.error is None:
            try:
                if self.clock() >= end:
                    raise OutOfTime
                self.pusher.close(backlog.connection_id)
                backlog.outcome = Pushed.CLOSED
            except Exception as error:  # a connection that can be neither fed nor closed is the service's fault
                backlog.error = error
        return backlog

    def _settle(self, report: FanOutReport, backlogs: Iterable[Backlog]) -> list[Backlog]:
        """Count what is decided and forget connections that ended; what still waits is returned."""
        waiting: list[Backlog] = []
        ended: list[Backlog] = []
        for backlog in backlogs:
            if backlog.outcome is Pushed.SLOW:
                waiting.append(backlog)
                continue
            report.counts[Pushed.SENT] += backlog.sent
            if backlog.outcome is not Pushed.SENT:
                report.counts[backlog.outcome] += 1
                ended.append(backlog)
        for backlog, error in zip(ended, self.pool.map(self._forget, ended), strict=True):
            if error is not None:
                report.rows_left.append((backlog.connection_id, error))
        return waiting

    def _forget(self, backlog: Backlog) -> Exception | None:
        try:
            self.subscriptions.forget(backlog.connection_id, backlog.changes[0].job.job_id)
        except Exception as error:  # everybody was told; the rows' time to live, or the next push, removes them
            return error
        return None
