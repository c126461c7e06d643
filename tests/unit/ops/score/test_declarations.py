"""Tables of what is declared of many files."""

from pathlib import Path

import pytest

from divescore.declaration import Declaration
from divescore.ops.score.declarations import BadTable, Entry, read_table

ALL = Declaration(None, 3.0, None)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in ("a.mp4", "b.mp4", "c.mp4"):
        (tmp_path / name).write_bytes(b"x")
    return tmp_path


def read(folder: Path, text: str, reference: str | None = None) -> tuple[list[Entry], list[Path]]:
    table = folder / "dives.csv"
    table.write_text(text, encoding="utf-8")
    return read_table(table, sorted(folder.glob("*.mp4")), ALL, reference)


def test_each_file_gets_its_row_and_what_is_declared_for_all(folder: Path) -> None:
    text = f"file,dive,height,difficulty,reference\nb.mp4,107B,10,3.0,order 7\n{folder / 'a.mp4'},,7.5,,\n"
    entries, without = read(folder, text, "all")
    assert entries == [
        Entry(folder / "a.mp4", Declaration(None, 7.5, None), "all"),
        Entry(folder / "b.mp4", Declaration("107B", 10.0, 3.0), "order 7"),
        Entry(folder / "c.mp4", ALL, "all"),
    ]
    assert without == [folder / "c.mp4"]


def test_a_spreadsheets_file_and_columns_of_others_are_taken(folder: Path) -> None:
    entries, without = read(folder, "\ufeffevent,file,dive\nheats,a.mp4, 107B \nheats,,\n")
    assert entries[0].declared.dive == "107B"
    assert len(without) == 2


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("name,dive\na.mp4,107B\n", "no column `file`"),
        ("", "no column `file`"),
        ("file,height\na.mp4,4\n", r"line 2: a height is one of 1, 3, 5, 7\.5, 10, not 4"),
        ("file,height\na.mp4,high\n", "line 2: height is 'high', which is no number"),
        ("file,difficulty\na.mp4,1\nb.mp4,3,0\nc.mp4,x\n", "line 4: difficulty is 'x'"),
        ("file,dive\na.mp4,107B\na.mp4,207C\n", "lines 2 and 3 are all about"),
    ],
)
def test_a_table_that_cannot_be_used_is_told_with_its_line(folder: Path, text: str, said: str) -> None:
    with pytest.raises(BadTable, match=said):
        read(folder, text)


def test_bytes_that_are_no_text_are_told(folder: Path) -> None:
    (folder / "dives.csv").write_bytes(b"file\n\xff\xfe\n")
    with pytest.raises(BadTable, match="cannot be read as a table"):
        read_table(folder / "dives.csv", [], ALL, None)
