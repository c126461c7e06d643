"""The table beside the exported films, as `divescore adapt --data DIR` reads it: a line per film."""

import csv
import hashlib
from dataclasses import astuple, dataclass, fields
from pathlib import Path

from divescore.declaration import Declaration
from divescore.jobs.marks import Marks
from divescore.jobs.model import Job
from divescore.jobs.quota import day_of

FILE = "marks.csv"


class NotOurTable(Exception):
    """There is a file of that name whose columns are others."""

    def __init__(self, path: Path) -> None:
        self.message = f"{path} is no table of an export: its columns should be {', '.join(COLUMNS)}."
        super().__init__(self.message)


@dataclass(frozen=True, slots=True)
class Row:
    """One film; numbers as texts, "" where nothing is known."""

    file: str
    event: str
    execution: str
    score: str
    dive: str
    height: str
    difficulty: str


COLUMNS = tuple(field.name for field in fields(Row))


def row_of(job: Job, marks: Marks, file: str) -> Row:
    """What is known of a film, by people alone: nothing in it is the network's guess."""
    declared = Declaration(job.dive, job.height, job.difficulty)
    counted = declared.counted()
    return Row(
        file=file,
        event=event_of(job),
        execution=_text(marks.known_execution),
        score=_text(marks.score),
        dive=job.dive or "",
        height=_text(job.height),
        difficulty=_text(counted[0] if counted else None),
    )


def event_of(job: Job) -> str:
    """Dives that one uploader announced on one day (UTC), which is as near to a competition as a job tells.

    The uploader is a keyed hash of an address; hashed once more with the day, it cannot be followed from day to day.
    """
    day = day_of(job.created_at)
    return f"{day}-{hashlib.sha256(f'{job.client} {day}'.encode()).hexdigest()[:8]}"


def read(path: Path) -> dict[str, Row]:
    """The rows of a table by file; none when there is no table yet. Raises NotOurTable."""
    if not path.exists():
        return {}
    with path.open(encoding="utf-8", newline="") as file:
        lines = csv.DictReader(file)
        if tuple(lines.fieldnames or ()) != COLUMNS:
            raise NotOurTable(path)
        return {line["file"]: Row(**line) for line in lines}


def write(path: Path, rows: dict[str, Row]) -> None:
    """All rows, ordered by file, in one step: there is never half a table."""
    draft = path.with_name(path.name + ".part")
    draft.touch(mode=0o600)
    with draft.open("w", encoding="utf-8", newline="") as file:
        lines = csv.writer(file, lineterminator="\n")
        lines.writerow(COLUMNS)
        lines.writerows(astuple(rows[name]) for name in sorted(rows))
    draft.replace(path)


def _text(number: float | None) -> str:
    return "" if number is None else f"{number:g}"
