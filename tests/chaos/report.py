"""What a chaos run found, computed from the journal of faults, the table, the stream and what the clients heard."""

import json
import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from divescore.views import OPEN

Note = Mapping[str, Any]
_PROMISED_NONE = ("lost", "scored_twice", "stuck", "untold")


@dataclass(frozen=True)
class Spread:
    """Seconds, summed up; all zero when nothing was measured."""

    count: int
    median: float
    p95: float
    max: float

    @classmethod
    def of(cls, values: Iterable[float]) -> "Spread":
        """Sum up."""
        ordered = sorted(values)
        return cls(len(ordered), *(round(share(ordered, part), 2) for part in (0.5, 0.95, 1.0)))


def share(ordered: Sequence[float], part: float) -> float:
    """The smallest value that at least `part` of all do not exceed; 0 without values."""
    return ordered[max(0, math.ceil(part * len(ordered)) - 1)] if ordered else 0.0


@dataclass(frozen=True)
class Heard:
    """What one client knows at the end: its job, the last status it was told of, and what went wrong for itself."""

    job_id: str
    status: str | None
    error: str | None = None


@dataclass(frozen=True)
class Report:
    """The outcome. `lost`: accepted, but without a final state or a client that heard of it; `stuck`: still open;
    `untold`: settled, and no message of `DiveSettled` about it."""

    jobs: int
    faults: dict[str, Any]
    final_states: dict[str, int]
    lost: list[str]
    scored_twice: list[str]
    stuck: list[str]
    untold: list[str]
    messages: dict[str, int]
    dead_letters: int
    drain_seconds: float
    restart_seconds: Spread
    restart_seconds_idle: Spread
    wall_seconds: float

    @property
    def holds(self) -> bool:
        """Whether every promise was kept."""
        return not (self.lost or self.scored_twice or self.stuck or self.untold)

    def document(self) -> dict[str, Any]:
        """As JSON: counts where the promise is zero, and the ids beside them."""
        body = asdict(self)
        broken = {name: body[name] for name in _PROMISED_NONE if body[name]}
        return body | {name: len(body[name]) for name in _PROMISED_NONE} | {"broken": broken}

    def __str__(self) -> str:
        return json.dumps(self.document(), indent=2)


def kills(notes: Iterable[Note]) -> dict[str, int]:
    """How many workers were killed, by where they were."""
    return dict(Counter(note["stage"] for note in notes if note["event"] == "killed"))


def restarts(notes: Sequence[Note], jobs: set[str] | None = None) -> list[float]:
    """Seconds from each kill to the next attempt at the same job; a kill after the score has none."""
    claims: dict[str, list[float]] = defaultdict(list)
    for note in notes:
        if note["event"] == "claimed":
            claims[note["job"]].append(note["at"])
    waits = []
    for note in notes:
        if note["event"] == "killed" and (jobs is None or note["job"] in jobs):
            later = [at for at in claims[note["job"]] if at > note["at"]]
            waits += [min(later) - note["at"]] if later else []
    return waits


def scored_twice(notes: Iterable[Note], seen: Mapping[str, set[int]]) -> list[str]:
    """Jobs whose score was written twice: by the workers' own account, or by the stream (job → versions)."""
    written = Counter(note["job"] for note in notes if note["event"] == "scored")
    return sorted(
        {job for job, count in written.items() if count > 1} | {job for job, at in seen.items() if len(at) > 1}
    )


def lost(heard: Iterable[Heard], statuses: Mapping[str, str]) -> list[str]:
    """Jobs that the table does not hold in a final state, or whose client was not told of that state."""
    return sorted(
        one.job_id
        for one in heard
        if statuses.get(one.job_id) is None or statuses[one.job_id] in OPEN or one.status != statuses[one.job_id]
    )
