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
class Delivery:
    """What one connection is to get of one job: messages in order, of which the first `sent` have arrived."""

    connection_id: str
    changes: Sequence[Change]
    messages: Sequence[Outgoing]
    sent: int = 0
    outcome: Pushed = Pushed.SLOW  # of the last try; as long as it is SLOW, another try may help
    error: Exception | None = None  # why the last try came to nothing, if that was the service's fault


@dataclass
class Told:
    """The account of a batch: messages sent, connections gone or closed, and what must come again."""

    counts: Counter[Pushed] = field(default_factory=Counter)
    failures: dict[str, tuple[Change, Exception]] = field(default_factory=dict)  # by job, its earliest change
    untidied: list[tuple[str, Exception]] = field(default_factory=list)  # connections whose rows could not be removed

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

    def tell_all(self, changes: Mapping[str, Sequence[Change]]) -> Told:
        """Push the changes of each job, in order, to all who watch it. An error of one never keeps the others waiting.

        Connections that stay slow are closed, ended ones forgotten.
        """
        told = Told()
        end = self.clock() + GIVE_UP_AFTER
        waiting: list[Delivery] = []
        searches = [(news, self.pool.submit(self._search, news, end)) for news in changes.values() if news]
        for news, search in searches:
            posts, error = search.result()
            if error is not None:
                told.fail(news[0], error)
            waiting += self._settle(told, [post.result() for post in posts])
        for pause in BACK_OFF_SECONDS:
            if not waiting:
                break
            self.sleep(jittered(pause))
            waiting = self._settle(told, list(self.pool.map(lambda delivery: self._post(delivery, end), waiting)))
        for delivery in self._settle(told, list(self.pool.map(lambda delivery: self._close(delivery, end), waiting))):
            told.counts[Pushed.SENT] += delivery.sent
            told.fail(delivery.changes[delivery.sent], delivery.error or OutOfTime())
        return told

    def _search(self, news: Sequence[Change], end: float) -> tuple[list[Future[Delivery]], Exception | None]:
        """Start posting to each page of watchers as it is read."""
        posts: list[Future[Delivery]] = []
        try:
            messages = [job_message(change.job) for change in news]
            for page in self.subscriptions.watchers(news[0].job.job_id):
                if self.clock() >= end:
                    raise OutOfTime
                for connection_id in page:
                    posts.append(self.pool.submit(self._post, Delivery(connection_id, news, messages), end))
        except Exception as error:  # becomes this job's failure, after everybody found so far was served
            return posts, error
        return posts, None

    def _post(self, delivery: Delivery, end: float) -> Delivery:
        """Post what the connection has not got yet, up to the first message that it does not take."""
        delivery.outcome, delivery.error = Pushed.SLOW, None
        try:
            while delivery.sent < len(delivery.messages):
                if self.clock() >= end:
                    raise OutOfTime
                delivery.outcome = self.pusher.post(delivery.connection_id, delivery.messages[delivery.sent])
                if delivery.outcome is not Pushed.SENT:
                    break
                delivery.sent += 1
        except Exception as error:  # kept: tried again, then this job's failure
            delivery.outcome, delivery.error = Pushed.SLOW, error
        return delivery

    def _close(self, delivery: Delivery, end: float) -> Delivery:
        """End a connection that takes nothing. One that failed otherwise stays: the service is at fault, not it."""
        if delivery.error is None:
            try:
                if self.clock() >= end:
                    raise OutOfTime
                self.pusher.close(delivery.connection_id)
                delivery.outcome = Pushed.CLOSED
            except Exception as error:  # a connection that can be neither fed nor closed is the service's fault
                delivery.error = error
        return delivery

    def _settle(self, told: Told, deliveries: Iterable[Delivery]) -> list[Delivery]:
        """Count what is decided and forget connections that ended; what still waits is returned."""
        waiting: list[Delivery] = []
        ended: list[Delivery] = []
        for delivery in deliveries:
            if delivery.outcome is Pushed.SLOW:
                waiting.append(delivery)
                continue
            told.counts[Pushed.SENT] += delivery.sent
            if delivery.outcome is not Pushed.SENT:
                told.counts[delivery.outcome] += 1
                ended.append(delivery)
        for delivery, error in zip(ended, self.pool.map(self._forget, ended), strict=True):
            if error is not None:
                told.untidied.append((delivery.connection_id, error))
        return waiting

    def _forget(self, delivery: Delivery) -> Exception | None:
        try:
            self.subscriptions.forget(delivery.connection_id, delivery.changes[0].job.job_id)
        except Exception as error:  # everybody was told; the rows' time to live, or the next push, removes them
            return error
        return None
