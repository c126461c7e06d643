"""The parts of one file, numbered from 1 as S3 does, and how far each is."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from enum import Enum, auto


class Stage(Enum):
    """Each follows the one before; whatever fails goes back to HASHED."""

    NEW = auto()
    HASHING = auto()
    HASHED = auto()  # it needs an address
    ASKED = auto()
    READY = auto()  # it has an address and waits for a lane
    SENDING = auto()
    STORED = auto()


@dataclass
class PartProgress:
    """One part. `stored_at`: the latest question when it was stored, so that a later one's answer tells of it."""

    number: int
    stage: Stage = Stage.NEW
    sha256: str | None = None
    valid_until: float = 0.0  # when its address ends
    stored_at: int = 0
    refusals: int = 0  # in a row, for other reasons than load

    def keep(self, question: int) -> None:
        """Storage has it."""
        self.stage, self.stored_at, self.refusals = Stage.STORED, question, 0

    def start_over(self) -> None:
        """It has to be asked for again."""
        self.stage = Stage.NEW if self.sha256 is None else Stage.HASHED


class PartsProgress:
    """All parts of the file."""

    def __init__(self, count: int) -> None:
        self._all = [PartProgress(number) for number in range(1, count + 1)]

    @property
    def complete(self) -> bool:
        """Whether storage has every part."""
        return all(part.stage is Stage.STORED for part in self._all)

    def at(self, *stages: Stage) -> list[PartProgress]:
        """Those at one of these stages, by number."""
        return [part for part in self._all if part.stage in stages]

    def part(self, number: int) -> PartProgress:
        """The part of that number."""
        return self._all[number - 1]

    def ask_again(self, stage: Stage) -> list[PartProgress]:
        """Move all of a stage to where they have to be asked for; gives them."""
        parts = self.at(stage)
        for part in parts:
            part.start_over()
        return parts

    def compare(self, present: Collection[int], question: int) -> None:
        """Note what storage has, by the answer to question number `question`."""
        for part in self._all:
            if part.stage is Stage.SENDING:  # it tells by itself how it ends
                continue
            if part.number in present:
                part.keep(question)
            elif part.stage is Stage.STORED and part.stored_at < question:
                part.start_over()

    def to_hash(self, most: int) -> PartProgress | None:
        """The next to be hashed, while less than `most` are on their way."""
        under_way = self.at(Stage.HASHED, Stage.ASKED, Stage.READY, Stage.SENDING)
        return next(iter(self.at(Stage.NEW)), None) if len(under_way) < most else None

    def to_put(self, at_once: int, now: float) -> Iterable[PartProgress]:
        """Those to be sent now; what has an address that ended is asked for again."""
        for part in self.at(Stage.READY):
            if part.valid_until <= now:
                part.stage = Stage.HASHED
        return self.at(Stage.READY)[: max(0, at_once - len(self.at(Stage.SENDING)))]

    def to_ask(self, at_once: int, ahead: int, rested: bool) -> list[PartProgress]:
        """Those to be asked for now: several in one question, but no lane waits for that.

        `rested`: nothing is being hashed.
        """
        hashed = self.at(Stage.HASHED)[: at_once + ahead]
        idle = len(self.at(Stage.READY, Stage.SENDING)) < at_once
        last = not self.at(Stage.NEW)
        enough = len(hashed) >= at_once or (rested and (idle or last))
        return hashed if enough and not self.at(Stage.ASKED) else []

    def forgive_refusals(self) -> None:
        """Count refusals from zero again."""
        for part in self._all:
            part.refusals = 0
