"""MTL-AQA's layout: which dives and which frames of them are read."""

import csv
import pickle
from pathlib import Path

import pytest

from divescore.lab.datasets.mtlaqa import COLUMNS, LabelledDive, RealDives, read_dives, read_frame
from divescore.lab.errors import DataInvalid
from tests.unit.lab.datasets.mtlaqa_folder import FRAMES, SIZE, annotation, write_data


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_data(tmp_path_factory.mktemp("data"), events=1)


def numbers(data: RealDives, dive: LabelledDive, length: int, shift: int = 0) -> list[int]:
    return [int(path.stem) for path in data.paths(dive, length, shift)]


def touch(folder: Path, first: int, last: int) -> None:
    folder.mkdir(parents=True)
    for number in range(first, last + 1):
        (folder / f"{number:08d}.jpg").touch()


def test_reads_the_published_layout(folder: Path) -> None:
    data = read_dives(folder)
    assert [dive.name for dive in data.train] == ["01_01", "01_02"]
    (test,) = data.test
    assert test == LabelledDive(
        *(1, 3, FRAMES - 6, 33.0, 3.2),
        {"position": 1, "armstand": 1, "rotation_type": 2, "ss_no": 5, "tw_no": 0},
    )
    data.check(103)
    assert numbers(data, test, 103) == list(range(4, 107))
    assert numbers(data, test, 103, 3) == list(range(7, 110))
    assert numbers(data, test, 103, -3) == list(range(1, 104))
    assert read_frame(data.paths(test, 1)[0]).shape == (SIZE[1], SIZE[0], 3)


def test_every_tenth_is_held_out() -> None:
    dives = tuple(LabelledDive(1, number, 110, 1.0, 1.0, {}) for number in range(1, 22))
    rest, held = RealDives(dives, dives[:1], Path()).held_out()
    assert [dive.dive for dive in held] == [1, 11, 21]
    assert [dive.dive for dive in rest.train] == [*range(2, 11), *range(12, 21)]
    # One dive cannot be spared.
    assert RealDives(dives[:1], (), Path()).held_out() == (RealDives(dives[:1], (), Path()), dives[:1])


def test_a_shift_ends_where_the_frames_end(folder: Path) -> None:
    data = read_dives(folder)
    last = LabelledDive(1, 9, FRAMES, 1.0, 1.0, {})
    assert numbers(data, last, 4, 3) == [FRAMES] * 4
    assert numbers(data, LabelledDive(1, 9, 103, 1.0, 1.0, {}), 103, -3)[:5] == [1, 1, 1, 1, 2]


def test_frames_of_single_dives(tmp_path: Path) -> None:
    touch(tmp_path / "frames_long" / "01_01", 5001, 5100)
    data = RealDives((LabelledDive(1, 1, 7, 1.0, 1.0, {}),), (), tmp_path / "frames_long")
    dive = data.train[0]
    assert numbers(data, dive, 103) == [5001] * 3 + list(range(5001, 5101))
    assert numbers(data, dive, 10) == list(range(5091, 5101))
    assert numbers(data, dive, 10, -2) == list(range(5089, 5099))
    assert numbers(data, dive, 10, 2) == list(range(5091, 5101))


def test_a_table_does_as_well(tmp_path: Path) -> None:
    touch(tmp_path / "frames" / "01", 1, 120)
    rows = [
        {"event": 1, "dive": dive, "split": split, **annotation(100 + dive, 50.0 + dive)}
        for dive, split in ((1, "train"), (2, "test"))
    ]
    with (tmp_path / "annotations.csv").open("w", newline="") as file:
        writer = csv.DictWriter(file, COLUMNS, extrasaction="ignore")
        writer.writeheader()
        writer.writerows(rows)
    data = read_dives(tmp_path)
    assert (data.train[0].score, data.test[0].end_frame, data.test[0].classes["ss_no"]) == (51.0, 102, 7)
    with (tmp_path / "annotations.csv").open("a") as file:
        file.write("1,3,train,104,1,0,2,17,0,3.2,60\n")
    with pytest.raises(DataInvalid, match=r"Line 4 of .*ss_no of dive 01_03 is 17"):
        read_dives(tmp_path)


def test_what_is_missing_is_named(tmp_path: Path) -> None:
    with pytest.raises(DataInvalid, match="is not a folder"):
        read_dives(tmp_path / "none")
    with pytest.raises(DataInvalid, match=r"neither train_split_0\.pkl nor annotations\.csv"):
        read_dives(tmp_path)
    (tmp_path / "train_split_0.pkl").write_bytes(pickle.dumps([(1, 1)]))
    with pytest.raises(DataInvalid, match=r"no final_annotations_dict\.pkl"):
        read_dives(tmp_path)
    (tmp_path / "final_annotations_dict.pkl").write_bytes(pickle.dumps({(1, 2): annotation(110, 60.0)}))
    with pytest.raises(DataInvalid, match=r"does not list dives of final_annotations_dict\.pkl: KeyError"):
        read_dives(tmp_path)
    (tmp_path / "train_split_0.pkl").write_bytes(pickle.dumps([(1, 2)]))
    with pytest.raises(DataInvalid, match=r"test_split_0\.pkl cannot be read"):
        read_dives(tmp_path)
    (tmp_path / "test_split_0.pkl").write_bytes(pickle.dumps([]))
    with pytest.raises(DataInvalid, match="1 dives to train on and 0 to test on"):
        read_dives(tmp_path)
    (tmp_path / "test_split_0.pkl").write_bytes(pickle.dumps([(1, 2)]))
    with pytest.raises(DataInvalid, match="no folder of frames for event 01"):
        read_dives(tmp_path)
    touch(tmp_path / "frames" / "01", 20, 110)
    with pytest.raises(DataInvalid, match=r"lacks frame 8 of event 01 \(dive 01_02\)"):
        read_dives(tmp_path).check(103)
    with pytest.raises(DataInvalid, match="is not a picture"):
        read_frame(tmp_path / "frames" / "01" / "00000020.jpg")
