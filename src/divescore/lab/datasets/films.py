"""Films of real dives with what judges gave them: the table that `divescore export` writes and people write by hand."""

import csv
from dataclasses import dataclass
from pathlib import Path

from divescore.difficulty import difficulty_of
from divescore.dives import parse_dive
from divescore.judging import MAX_EXECUTION
from divescore.lab.errors import DataInvalid

COLUMNS = ("file", "event", "execution", "score", "dive", "height", "difficulty", "joints")
"""`file` must be told, and `execution` or `score`; `diver` may stand for `event`; `joints` is a file of joints."""


@dataclass(frozen=True)
class LabelledFilm:
    """One film: what is together in a fold (event or diver), the judges' points of 30, the dive where it is known."""

    path: Path
    group: str
    execution: float
    dive: str | None = None
    height: float | None = None
    joints: Path | None = None
    """Joints marked by hand, see `divescore.lab.evaluation.pose_labels`."""


def read_films(folder: Path) -> list[LabelledFilm]:
    """The films that the one .csv of `folder` lists, in its order. Raises DataInvalid."""
    tables = sorted(folder.glob("*.csv"))
    if len(tables) != 1:
        raise DataInvalid(f"{folder} holds {len(tables)} .csv files; one has to list the films and their marks.")
    with tables[0].open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    films = []
    for number, row in enumerate(rows, start=2):
        try:
            films.append(_film(folder, {name: (value or "").strip() for name, value in row.items() if name}))
        except ValueError as error:
            raise DataInvalid(f"{tables[0]}, line {number}: {error}") from error
    if not films:
        raise DataInvalid(f"{tables[0]} lists no film.")
    return films


def _film(folder: Path, row: dict[str, str]) -> LabelledFilm:
    path = folder / row.get("file", "")
    if not row.get("file") or not path.is_file():
        raise ValueError(f"there is no film {row.get('file') or '(no name)'}.")
    dive = row.get("dive") or None
    height = float(row["height"]) if row.get("height") else None
    if row.get("execution"):
        execution = float(row["execution"])
    elif not row.get("score"):
        raise ValueError("neither execution nor score is given.")
    elif row.get("difficulty"):
        execution = float(row["score"]) / float(row["difficulty"])
    elif dive:
        execution = float(row["score"]) / difficulty_of(parse_dive(dive), height)
    else:
        raise ValueError("a score alone does not tell the execution; give the dive or its difficulty.")
    if not 0.0 <= execution <= MAX_EXECUTION:
        raise ValueError(f"{execution:g} is no execution; they run from 0 to {MAX_EXECUTION:g}.")
    group = row.get("event") or row.get("diver") or row["file"]
    joints = folder / row["joints"] if row.get("joints") else None
    if joints is not None and not joints.is_file():
        raise ValueError(f"there is no file of joints {row['joints']}.")
    return LabelledFilm(path, group, execution, parse_dive(dive).number if dive else None, height, joints)
