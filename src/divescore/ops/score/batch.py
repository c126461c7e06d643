"""Many files through the service: a few at a time, at the service's pace, and none at another's cost."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field

from divescore.client.errors import ApiError, ClientError, NotFinished
from divescore.client.http import Http
from divescore.client.live import Event, Live
from divescore.client.models import Created
from divescore.client.parts.actions import Fares
from divescore.client.submit import Observer, Submission, submit
from divescore.ops.score.declarations import Entry
from divescore.ops.score.journal import Known, ScoreJournal

RATE_LIMITED = 429
LATER_SECONDS = 5.0  # to wait where a refusal does not say how long
# Longer than this nobody waits in front of a command: a day's quota is spent.
PATIENCE_SECONDS = 15 * 60.0
UNKNOWN = frozenset({401, 403, 404})


@dataclass
class Pace:
    """Holds back whoever would ask the service before it wants to be asked again."""

    clock: Callable[[], float] = time.monotonic
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep
    refusal: ClientError | None = None  # once the service wants no more for longer than anybody waits
    _opens_at: float = 0.0

    async def turn(self) -> None:
        """Return when the service may be asked."""
        while (wait := self._opens_at - self.clock()) > 0:
            await self.sleep(wait)

    def refused(self, error: ApiError) -> bool:
        """Note a refusal; whether it is worth waiting for its end."""
        pause = LATER_SECONDS if error.retry_after is None else error.retry_after
        if pause > PATIENCE_SECONDS:
            self.refusal = ClientError(error.code, f"{error.message} The rest was not sent; add --resume later.")
            return False
        self._opens_at = max(self._opens_at, self.clock() + pause)
        return True


@dataclass
class Outcome:
    """What became of a file. `before`: it was done already."""

    entry: Entry
    run: Submission
    before: bool = False


@dataclass
class Batch:
    """Scores entries over one client; `told` hears of each outcome as it comes."""

    http: Http
    live: Live
    journal: ScoreJournal
    resume: bool
    at_once: int
    timeout: float
    told: Callable[[Outcome], None]
    observer: Callable[[Entry], Observer] = lambda _entry: Observer()
    content_type: str | None = None
    pace: Pace = field(default_factory=Pace)

    async def score(self, entries: Sequence[Entry]) -> list[Outcome]:
        """The outcomes of all entries, in their order."""
        places = asyncio.Semaphore(self.at_once)

        async def one(entry: Entry) -> Outcome:
            async with places:
                try:
                    outcome = await self._one(entry)
                except Exception as error:  # whatever it is, it is this file's trouble and no other's
                    outcome = Outcome(entry, Submission(entry.path, error=ClientError("CLIENT_FAULT", repr(error))))
            self.told(outcome)
            return outcome

        return list(await asyncio.gather(*map(one, entries)))

    async def _one(self, entry: Entry) -> Outcome:
        known = self.journal.find(entry) if self.resume else None
        if known is not None and known.done:
            return Outcome(entry, Submission(entry.path, known.job, known.token), before=True)
        if known is not None and not known.job.final and (run := await self._follow(entry, known)) is not None:
            return self._noted(entry, run)
        while True:
            await self.pace.turn()
            if self.pace.refusal is not None:
                return Outcome(entry, Submission(entry.path, error=self.pace.refusal))
            run = await self._submit(entry)
            refused = isinstance(run.error, ApiError) and run.error.status == RATE_LIMITED and run.job is None
            if not (refused and isinstance(run.error, ApiError) and self.pace.refused(run.error)):
                return self._noted(entry, run)

    async def _submit(self, entry: Entry) -> Submission:
        watcher = _Noting(self, entry, self.observer(entry))
        return await submit(
            self.http,
            self.live,
            entry.path,
            entry.declared,
            self.content_type,
            self.timeout,
            None,
            entry.reference,
            watcher,
            resume=self.resume,
        )

    async def _follow(self, entry: Entry, known: Known) -> Submission | None:
        """The rest of the way of a job whose video arrived; None when the service does not know it any more."""
        run = Submission(entry.path, known.job, known.token)
        watcher = self.observer(entry)
        try:
            async with asyncio.timeout(self.timeout):
                answer = await self.http.get(known.job.job_id, known.token)
                run.job = answer.job
                if not answer.job.final:
                    feed = self.live.watch(known.job.job_id, known.token, answer.live.url if answer.live else None)
                    async for event in feed:
                        run.events.append(event)
                        run.job = event.job
                        watcher.event(event, None)
        except TimeoutError:
            run.error = NotFinished(f"The job was not finished within {self.timeout:g} s; it goes on without us.")
        except ApiError as error:
            if error.status in UNKNOWN:
                return None
            run.error = error
        except ClientError as error:
            run.error = error
        finally:
            self.live.forget(known.job.job_id)
        return run

    def _noted(self, entry: Entry, run: Submission) -> Outcome:
        if run.job is not None and run.error is None:
            self.journal.note(entry, run.job, run.token)
        return Outcome(entry, run)


class _Noting(Observer):
    """Writes down that a video has arrived, so that an interrupted run does not send it again."""

    def __init__(self, batch: Batch, entry: Entry, inner: Observer) -> None:
        self._batch, self._entry, self._inner = batch, entry, inner
        self._made: Created | None = None

    def created(self, made: Created) -> None:
        self._made = made
        self._inner.created(made)

    def resumed(self, made: Created) -> None:
        self._made = made
        self._inner.resumed(made)

    def resumable(self, present: int, count: int, until: str) -> None:
        self._inner.resumable(present, count, until)

    def fares(self, told: Fares, wait: float | None) -> None:
        self._inner.fares(told, wait)

    def uploading(self, sent: int, total: int) -> None:
        self._inner.uploading(sent, total)

    def uploaded(self, size: int, seconds: float) -> None:
        if self._made is not None:
            self._batch.journal.note(self._entry, self._made.job, self._made.token)
        self._inner.uploaded(size, seconds)

    def event(self, event: Event, since: float | None) -> None:
        self._inner.event(event, since)
