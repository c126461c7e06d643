"""What a table says of many files: their dives, heights, difficulties and references. Pure but for reading it."""

import csv
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from divescore.declaration import Declaration
from divescore.difficulty import HEIGHTS

COLUMNS = ("file", "dive", "height", "difficulty", "reference")


class BadTable(Exception):
    """A table that cannot be used; the text says where and why."""


@dataclass(frozen=True)
class Entry:
    """A file and what is declared of it."""

    path: Path
    declared: Declaration
    reference: str | None = None


def read_table(
    path: Path, files: Sequence[Path], declared: Declaration, reference: str | None
) -> tuple[list[Entry], list[Path]]:
    """An entry for each of the files, with its row of the table; and the files that have none, declared as all are.

    A row is known by the file's path as it is given, or below the table's folder, or by its name. Columns other than
    COLUMNS are somebody else's. Raises BadTable.
    """
    rows = _rows(path)
    lines: dict[str, set[int]] = {}
    for line, row in rows.items():
        for name in {row["file"], str(Path(row["file"])), str((path.parent / row["file"]).resolve())}:
            lines.setdefault(name, set()).add(line)
    entries, without = [], []
    for file in files:
        found = set().union(*(lines.get(name, ()) for name in (file.name, str(file), str(file.resolve()))))
        if len(found) > 1:
            raise BadTable(f"{path}: lines {' and '.join(map(str, sorted(found)))} are all about {file}.")
        if not found:
            without.append(file)
        row = rows[found.pop()] if found else {}
        own = Declaration(
            row.get("dive") or declared.dive,
            _height(path, row) or declared.height,
            _number(path, row, "difficulty") or declared.difficulty,
        )
        entries.append(Entry(file, own, row.get("reference") or reference))
    return entries, without


def _rows(path: Path) -> dict[int, dict[str, str]]:
    """The rows by their lines in the file, without what is empty."""
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:  # spreadsheets begin with a mark of the encoding
            reader = csv.DictReader(file)
            if "file" not in (reader.fieldnames or ()):
                raise BadTable(f"{path} has no column `file`; its first line should name {', '.join(COLUMNS)}.")
            rows = {}
            for row in reader:
                kept = {name: (row.get(name) or "").strip() for name in COLUMNS}
                if kept["file"]:
                    rows[reader.line_num] = kept | {"line": str(reader.line_num)}
            return rows
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise BadTable(f"{path} cannot be read as a table: {error}") from error


def _height(path: Path, row: dict[str, str]) -> float | None:
    height = _number(path, row, "height")
    if height is not None and height not in HEIGHTS:
        allowed = ", ".join(f"{one:g}" for one in HEIGHTS)
        raise BadTable(f"{path}, line {row['line']}: a height is one of {allowed}, not {row['height']}.")
    return height


def _number(path: Path, row: dict[str, str], name: str) -> float | None:
    try:
        return float(row[name]) if row.get(name) else None
    except ValueError:
        raise BadTable(f"{path}, line {row['line']}: {name} is {row[name]!r}, which is no number.") from None
