"""The table of films and marks: what it tells, and what it lacks is said with its line."""

from pathlib import Path

import pytest

from divescore.lab.datasets.films import LabelledFilm, read_films
from divescore.lab.errors import DataInvalid


def table(folder: Path, *lines: str, head: str = "file,event,execution,score,dive,height,difficulty") -> Path:
    (folder / "a.mp4").touch()
    (folder / "marks.csv").write_text("\n".join([head, *lines]) + "\n")
    return folder


def test_execution_is_taken_or_follows_from_the_score(tmp_path: Path) -> None:
    films = read_films(
        table(tmp_path, "a.mp4,cup,25.5,,,,", "a.mp4,cup,,84.15,207C,10,", "a.mp4,cup,,66,,,3.0", "a.mp4,,20,,,,")
    )

    assert films[0] == LabelledFilm(tmp_path / "a.mp4", "cup", 25.5)
    assert films[1].execution == pytest.approx(25.5)
    assert (films[1].dive, films[1].height) == ("207C", 10.0)
    assert films[2].execution == 22.0
    assert films[3].group == "a.mp4"


def test_a_diver_may_stand_for_the_event(tmp_path: Path) -> None:
    assert read_films(table(tmp_path, "a.mp4,Ada,21", head="file,diver,execution"))[0].group == "Ada"


def test_joints_may_be_marked(tmp_path: Path) -> None:
    (tmp_path / "a.json").touch()
    head = "file,execution,joints"

    assert read_films(table(tmp_path, "a.mp4,21,a.json", head=head))[0].joints == tmp_path / "a.json"
    with pytest.raises(DataInvalid, match=r"no file of joints b\.json"):
        read_films(table(tmp_path, "a.mp4,21,b.json", head=head))


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("b.mp4,cup,20,,,,", "no film b.mp4"),
        ("a.mp4,cup,,,,,", "neither execution nor score"),
        ("a.mp4,cup,,60,,,", "give the dive"),
        ("a.mp4,cup,31,,,,", "no execution"),
        ("a.mp4,cup,20,,999Z,,", "line 2"),
    ],
)
def test_a_line_that_does_not_do_is_named(tmp_path: Path, line: str, said: str) -> None:
    with pytest.raises(DataInvalid, match=said):
        read_films(table(tmp_path, line))


def test_a_folder_without_a_table_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataInvalid, match=r"0 \.csv"):
        read_films(tmp_path)
