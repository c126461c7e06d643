"""Takes letters from the queues for as long as somebody works with them, and gives back what was not deleted."""

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from threading import Lock

from botocore.exceptions import BotoCoreError, ClientError

from divescore.ops.replay.dead_letters import Letter, Source
from divescore.ops.replay.errors import AtWork
from divescore.ops.replay.journal import Journal
from divescore.ops.replay.lookup import Lookup
from divescore.ops.replay.planning import Case
from divescore.ops.replay.queues import Hold
from divescore.ops.replay.resources import Place

QUEUES = (Source.UPLOADS, Source.SCORING, Source.STREAM)
# A look is short; should it be killed, the letters are back by themselves after this.
LOOK_SECONDS = 60
# A run renews this when half of it is over; should it be killed, the journal gives the letters back at once.
RUN_SECONDS = 600


@dataclass
class Desk:
    """The letters in hand: hidden from everybody else until they are deleted or given back."""

    place: Place
    hide_seconds: int
    note: Callable[[Sequence[Letter]], None] = lambda _: None  # hears of letters as they are taken
    clock: Callable[[], float] = time.monotonic
    _held: dict[str, Hold] = field(default_factory=dict)
    _hidden_at: float = 0.0
    _lock: Lock = field(default_factory=Lock)

    def take(self, sources: Sequence[Source]) -> list[Letter]:
        """Everything in these queues, all of them at once since each ends with a second of waiting."""
        self._hidden_at = self.clock()
        boxes = [self.place.mailbox(source) for source in sources]
        with ThreadPoolExecutor(len(boxes) or 1, "take") as pool:
            found = list(pool.map(lambda box: box.take(self.hide_seconds, self._taken), boxes))
        return [letter for letters in found for letter in letters]

    @property
    def in_hand(self) -> list[str]:
        """Message ids of what is hidden by us."""
        return list(self._held)

    def renew(self) -> None:
        """Keep what is in hand hidden, when half of the time is over."""
        if self.clock() - self._hidden_at < self.hide_seconds / 2:
            return
        self._hidden_at = self.clock()
        self._hide(list(self._held.values()), self.hide_seconds)

    def give_back(self, message_ids: Iterable[str]) -> None:
        """Show these to everybody again."""
        with self._lock:
            holds = [hold for message_id in message_ids if (hold := self._held.pop(message_id, None))]
        self._hide(holds, 0)

    def delete(self, letters: Sequence[Letter]) -> dict[str, str]:
        """Delete letters for good; message id → why, for those that are still there."""
        failed: dict[str, str] = {}
        for source in QUEUES:
            mine = [letter for letter in letters if letter.source is source]
            if mine:
                failed |= self.place.mailbox(source).delete(mine)
        for letter in letters:
            if letter.message_id not in failed:
                self._held.pop(letter.message_id, None)
        return failed

    def _taken(self, letters: Sequence[Letter]) -> None:
        self.note(letters)
        with self._lock:
            for letter in letters:
                if letter.receipt:
                    self._held[letter.message_id] = Hold(letter.source, letter.message_id, letter.receipt)

    def _hide(self, holds: Sequence[Hold], seconds: int) -> None:
        for source in QUEUES:
            receipts = [hold.receipt for hold in holds if hold.source is source]
            if receipts:
                self.place.mailbox(source).hide(receipts, seconds)


@contextmanager
def desk(
    place: Place,
    hide_seconds: int,
    note: Callable[[Sequence[Letter]], None] = lambda _: None,
    clock: Callable[[], float] = time.monotonic,
) -> Iterator[Desk]:
    """A desk that is cleared at the end, however it ends."""
    here = Desk(place, hide_seconds, note, clock)
    try:
        yield here
    except BaseException:
        with suppress(BotoCoreError, ClientError):  # what went wrong first is what has to be told
            here.give_back(here.in_hand)
        raise
    here.give_back(here.in_hand)


def reclaim(place: Place, journal: Journal) -> int:
    """Give back what a run that was killed still hides; how many letters. Others come back by themselves."""
    count = 0
    for source in QUEUES:
        receipts = [hold.receipt for hold in journal.holds.values() if hold.source is source]
        if receipts:
            count += place.mailbox(source).hide(receipts, 0)
    return count


def reclaim_before_a_look(place: Place) -> None:
    """The same for who only looks: without a journal there is nothing to do, and a living run keeps its letters."""
    if place.journal.exists():
        with suppress(AtWork), Journal(place.journal) as journal:
            reclaim(place, journal)


def survey(here: Desk, sources: Sequence[Source]) -> list[Case]:
    """All cases of these sources, joined with their jobs. `jobs` asks which failed jobs no letter is about."""
    needed = {Source.UPLOADS, Source.SCORING} if Source.JOBS in sources else set()
    letters = here.take([source for source in QUEUES if source in needed.union(sources)])
    lookup = Lookup(here.place)
    cases = lookup.cases(letters)
    if Source.JOBS in sources:
        known = {job_id for case in cases if case.letter.source is not Source.STREAM for job_id in case.jobs}
        cases += lookup.cases(lookup.failed_jobs(but=known))
    return [case for case in cases if case.letter.source in sources]
