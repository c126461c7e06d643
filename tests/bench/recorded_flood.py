"""A real flood as `divescore bench --json` or `divescore load --json` recorded it, for the simulation to repeat."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random

from divescore.lab.capacity.documents import DocumentInvalid, read_document

UNMEASURED_GAP = 0.035  # seconds; the local system's at low load


@dataclass(frozen=True)
class Measured:
    """Drawn from what was measured, each value as likely as it was."""

    values: Sequence[float]

    def __post_init__(self) -> None:
        if not self.values:
            raise ValueError("nothing was measured")

    @property
    def mean(self) -> float:
        """What it takes on average."""
        return sum(self.values) / len(self.values)

    def draw(self, chance: Random) -> float:
        """What it takes this time."""
        return self.values[int(chance.random() * len(self.values))]


@dataclass(frozen=True)
class Flood:
    """A real flood, in seconds from its beginning, one entry per dive in the order of their arrivals.

    `drain`: from the first arrival until the last score was written. `direct`: the dives arrived on the scoring queue
    itself.
    """

    arrived: Sequence[float]
    claimed: Sequence[float]
    scored: Sequence[float]
    drain: float
    workers: int
    direct: bool

    @property
    def service(self) -> Measured:
        """What the workers took, claimed until scored."""
        return Measured([there - here for here, there in zip(self.claimed, self.scored, strict=True)])

    @property
    def gap(self) -> Measured:
        """From a worker's score to its next claim, while dives were waiting."""
        gaps, _ = slots(self.arrived, self.claimed, self.scored, self.workers)
        return Measured(gaps or [UNMEASURED_GAP])

    @property
    def starts(self) -> list[float]:
        """What each worker took before its first claim, beyond the usual gap: its start, if it did not run yet."""
        gaps, firsts = slots(self.arrived, self.claimed, self.scored, self.workers)
        usual = sum(gaps) / len(gaps) if gaps else UNMEASURED_GAP
        return [max(0.0, first - usual) for first in firsts]


def read_flood(path: Path) -> Flood:
    """The flood in a document of `bench` or `load`; dives that got no score count for nothing.

    Raises DocumentInvalid.
    """
    document = read_document(path)
    flood = document.get("flood", document)
    samples = flood.get("samples") if isinstance(flood, dict) else None
    if not isinstance(samples, dict):
        raise DocumentInvalid(f"{path} holds no flood: it has no `samples`.")
    try:
        columns = [samples[name] for name in ("sent", "claimed", "scored")]
        rows = [tuple(map(float, row)) for row in zip(*columns, strict=True) if None not in row]
        workers = flood["workers"]
        if isinstance(workers, dict):
            workers = workers["configured"] or workers["most_at_once"]
        drain, workers = float(flood["drain"]), int(workers)
    except (KeyError, TypeError, ValueError) as error:
        raise DocumentInvalid(f"{path} is not a flood that ended well: {error}") from error
    if not rows:
        raise DocumentInvalid(f"{path} tells of no dive when it was sent, claimed and scored.")
    arrived, claimed, scored = (tuple(column) for column in zip(*sorted(rows), strict=True))
    provenance = flood.get("provenance", flood)
    direct = isinstance(provenance, dict) and provenance.get("via") == "queue"
    return Flood(arrived, claimed, scored, drain, workers, direct)


def slots(
    arrived: Sequence[float], claimed: Sequence[float], scored: Sequence[float], workers: int
) -> tuple[list[float], list[float]]:
    """Seconds between a worker's score and its next claim, where the dive had been waiting all the while; and each
    worker's seconds until its first claim, from when that dive arrived.

    Which worker took which dive is not told: each claim is laid on the worker that became free last before it, which
    leaves the sum over all as it is.
    """
    free: list[float] = []
    gaps, firsts = [], []
    for begin, end, came in sorted(zip(claimed, scored, arrived, strict=True)):
        able = [index for index, since in enumerate(free) if since <= begin]
        if not able and len(free) < workers:
            firsts.append(begin - came)
            free.append(end)
            continue
        # None is free when two clocks or a takeover disagree with the number of workers; the next to be free serves.
        slot = max(able or range(len(free)), key=lambda index: free[index] if able else -free[index])
        if came <= free[slot]:
            gaps.append(max(0.0, begin - free[slot]))
        free[slot] = end
    return gaps, firsts
