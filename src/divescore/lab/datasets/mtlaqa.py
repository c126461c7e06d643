"""Real dives in MTL-AQA's published layout (Parmar and Morris, CVPR 2019): frames of events, annotations, a split.

    DIR/MTL-AQA_split_0_data/   or info/, or DIR itself
        final_annotations_dict.pkl                        {(event, dive): {end_frame, final_score, difficulty, ...}}
        train_split_0.pkl, test_split_0.pkl               [(event, dive), ...]
    DIR/whole_videos_frames/    or frames/, frames_long/, new/new_total_frames_256s/
        01/000001.jpg, ...      all frames of an event, counted from 1
        01_07/00004221.jpg, ... or those of one dive, in order

Instead of the pickles there may be one `annotations.csv` with a row a dive; its columns are `COLUMNS`.
"""

import csv
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from divescore.lab.datasets.safe_pickle import load_safe_pickle
from divescore.lab.errors import DataInvalid

NAME = "MTL-AQA"
COLUMNS = (
    *("event", "dive", "split", "end_frame", "position", "armstand", "rotation_type", "ss_no", "tw_no"),
    *("difficulty", "final_score"),
)
CLASSES = {"position": 3, "armstand": 2, "rotation_type": 4, "ss_no": 10, "tw_no": 8}
"""Labelled classes: free, pike, tuck; no, yes; back, forward, inward, reverse; half somersaults; half twists."""
DIVE_FRAMES = 103
"""Frames of a dive that the published networks see, counted back from its end."""
HELD = 10
_INFO = (
    *(".", "info", "MTL-AQA_split_0_data", "Ready_2_Use/MTL-AQA_split_0_data"),
    "MTL-AQA_dataset_release/Ready_2_Use/MTL-AQA_split_0_data",
)
_ANNOTATIONS = (
    *("final_annotations_dict_with_dive_number.pkl", "final_annotations_dict_with_dive_number"),
    "final_annotations_dict.pkl",
)
_FRAMES = (
    *("whole_videos_frames", "frames", "frames_long", "new/new_total_frames_256s", "new_total_frames_256s"),
    *("MTL-AQA_dataset_release/whole_videos_frames", "."),
)
_CSV = "annotations.csv"


@dataclass(frozen=True)
class LabelledDive:
    """One dive with its labels; `classes` by the names and in the codes of CLASSES."""

    event: int
    dive: int
    end_frame: int
    """Number of its last frame within the event, counted from 1."""
    score: float
    difficulty: float
    classes: Mapping[str, int]

    @property
    def name(self) -> str:
        """Event and dive, as `01_07`."""
        return f"{self.event:02d}_{self.dive:02d}"


@dataclass(frozen=True)
class RealDives:
    """A data folder: the dives of both parts of the split, and where frames lie."""

    train: tuple[LabelledDive, ...]
    test: tuple[LabelledDive, ...]
    frames: Path

    @property
    def tested_on(self) -> str:
        """What figures on the test dives are of."""
        return f"{len(self.test)} real dives, the published test split"

    @cached_property
    def _folders(self) -> dict[str, dict[int, Path]]:
        # Read once: a folder of an event holds tens of thousands of files.
        wanted = {dive.name for dive in (*self.train, *self.test)} | {
            f"{d.event:02d}" for d in (*self.train, *self.test)
        }
        return {name: _numbered(self.frames / name) for name in wanted if (self.frames / name).is_dir()}

    def held_out(self) -> tuple["RealDives", tuple[LabelledDive, ...]]:
        """The same without every tenth training dive, and these: they set the interval instead."""
        kept = tuple(dive for place, dive in enumerate(self.train) if place % HELD)
        return (replace(self, train=kept), self.train[::HELD]) if kept else (self, self.train)

    def check(self, length: int) -> None:
        """Raise DataInvalid unless every dive has its last `length` frames."""
        for dive in (*self.train, *self.test):
            self.paths(dive, length)

    def paths(self, dive: LabelledDive, length: int, shift: int = 0) -> list[Path]:
        """The last `length` frames of `dive`, or those `shift` later, as far as there are any; raises DataInvalid.

        A dive of fewer frames in a folder of its own begins with its first one several times.
        """
        if own := self._folders.get(dive.name):
            ordered = [own[number] for number in sorted(own)]
            last = min(len(ordered) + min(shift, 0), len(ordered))
            return [ordered[max(index, 0)] for index in range(last - length, last)]
        event = self._folders.get(f"{dive.event:02d}", {})
        missing = [n for n in (dive.end_frame - length + 1, dive.end_frame) if n not in event]
        if missing:
            raise DataInvalid(f"{self.frames} lacks frame {missing[0]} of event {dive.event:02d} (dive {dive.name}).")
        numbers = range(dive.end_frame - length + 1 + shift, dive.end_frame + 1 + shift)
        first, end = dive.end_frame - length + 1, dive.end_frame
        return [event.get(number) or event[min(max(number, first), end)] for number in numbers]


def read_dives(folder: Path) -> RealDives:
    """The dives of a data folder; raises DataInvalid when it is not in the published layout."""
    if not folder.is_dir():
        raise DataInvalid(f"{folder} is not a folder.")
    for info in (folder / name for name in _INFO):
        if (info / _CSV).is_file():
            train, test = _from_csv(info / _CSV)
            break
        if (info / "train_split_0.pkl").is_file():
            train, test = _from_pickles(info)
            break
    else:
        raise DataInvalid(f"{folder} holds neither train_split_0.pkl nor {_CSV}, nor does its info folder.")
    if not train or not test:
        raise DataInvalid(f"{folder} has {len(train)} dives to train on and {len(test)} to test on; it needs both.")
    first = train[0]
    for frames in (folder / name for name in _FRAMES):
        if (frames / first.name).is_dir() or (frames / f"{first.event:02d}").is_dir():
            return RealDives(train, test, frames)
    raise DataInvalid(f"{folder} has no folder of frames for event {first.event:02d}; see docs/training.md.")


def checked_dives(folder: Path) -> RealDives:
    """The same, fit to train and to measure on: every dive has its frames, and the test dives differ in score."""
    data = read_dives(folder)
    data.check(DIVE_FRAMES)
    if len({dive.score for dive in data.test}) < 2:
        raise DataInvalid(f"The test split of {folder} needs dives of different scores.")
    return data


def read_frame(path: Path) -> NDArray[np.uint8]:
    """One frame, uint8 RGB [H, W, 3]; raises DataInvalid."""
    picture = cv2.imread(str(path), cv2.IMREAD_COLOR)
    if picture is None:
        raise DataInvalid(f"{path} is not a picture.")
    return np.asarray(picture[:, :, ::-1], dtype=np.uint8)


def _from_pickles(info: Path) -> tuple[tuple[LabelledDive, ...], tuple[LabelledDive, ...]]:
    path = next((info / name for name in _ANNOTATIONS if (info / name).is_file()), None)
    if path is None:
        raise DataInvalid(f"{info} holds no {_ANNOTATIONS[-1]}.")
    annotations = load_safe_pickle(path)
    if not isinstance(annotations, dict):
        raise DataInvalid(f"{path} holds no dictionary.")

    def part(name: str) -> tuple[LabelledDive, ...]:
        keys = load_safe_pickle(info / name)
        try:
            return tuple(_dive(int(event), int(dive), annotations[event, dive]) for event, dive in keys)
        except (TypeError, ValueError, KeyError) as error:
            raise DataInvalid(f"{info / name} does not list dives of {path.name}: {error!r}.") from error

    return part("train_split_0.pkl"), part("test_split_0.pkl")


def _from_csv(path: Path) -> tuple[tuple[LabelledDive, ...], tuple[LabelledDive, ...]]:
    parts: dict[str, list[LabelledDive]] = {"train": [], "test": []}
    with path.open(encoding="utf-8", newline="") as file:
        for line, row in enumerate(csv.DictReader(file), start=2):
            try:
                parts[row["split"]].append(_dive(int(row["event"]), int(row["dive"]), row))
            except (TypeError, ValueError, KeyError) as error:
                raise DataInvalid(f"Line {line} of {path} is not a dive: {error!r}.") from error
    return tuple(parts["train"]), tuple(parts["test"])


def _dive(event: int, dive: int, labels: Mapping[str, Any]) -> LabelledDive:
    classes = {name: int(labels[name]) for name in CLASSES}
    for name, code in classes.items():
        if not 0 <= code < CLASSES[name]:
            raise ValueError(f"{name} of dive {event:02d}_{dive:02d} is {code}")
    score, difficulty = float(labels["final_score"]), float(labels["difficulty"])
    if not 0 <= score <= 200 or not 0.5 <= difficulty <= 6:
        raise ValueError(f"score {score} or difficulty {difficulty} of dive {event:02d}_{dive:02d}")
    return LabelledDive(event, dive, int(labels["end_frame"]), score, difficulty, classes)


def _numbered(folder: Path) -> dict[int, Path]:
    files: dict[int, Path] = {}
    for path in folder.iterdir():
        if path.suffix.lower() in (".jpg", ".jpeg", ".png"):
            digits = "".join(sign for sign in path.stem if sign.isdigit())
            if digits:
                files[int(digits)] = path
    return files
