"""Rendered clips in a folder."""

from pathlib import Path

import numpy as np

from divescore.lab.datasets.frame_labels import MARK, MARKS
from divescore.lab.datasets.rendered import LABELS, Shape, build_dataset, draw_clip

SMALL = Shape(frames=8, width=64, height=48)


def test_a_clip_depends_on_its_seed_alone() -> None:
    clip, again, other = draw_clip(7, SMALL), draw_clip(7, SMALL), draw_clip(8, SMALL)

    assert len(clip.frames) == 8
    assert clip.labels.shape == (len(LABELS),)
    assert clip.marks.shape == (8, len(MARKS))
    assert clip.frames == again.frames
    assert clip.frames != other.frames


def test_holds_dives_and_others_with_labels_in_range(tmp_path: Path) -> None:
    seen: list[int] = []
    dataset = build_dataset(range(100, 130), SMALL, tmp_path, 0, lambda done, _total: seen.append(done))

    assert len(dataset) == 30
    assert seen == list(range(1, 31))
    assert dataset.clip(3).shape == (8, 48, 64, 3)
    assert np.array_equal(dataset.clip(3)[5], dataset.frame(3, 5))
    labels = dict(zip(LABELS, dataset.labels.T, strict=True))
    dives = labels["is_dive"] == 1
    assert 0 < dives.sum() < 30
    assert (labels["execution"] <= 30).all()
    assert (labels["difficulty"] < 5).all()
    assert not labels["execution"][~dives].any()
    assert (dataset.marks[dives][:, :, MARK["present"]].mean(axis=1) > 0.5).all()
    assert (dataset.seconds > 0).all()
    assert set(np.round(dataset.aspects, 2)) <= {np.float32(1.33), np.float32(1.78)}


def test_what_was_drawn_once_is_read_again(tmp_path: Path) -> None:
    first = build_dataset(range(4), SMALL, tmp_path, 0, lambda _done, _total: None)
    drawn: list[int] = []

    second = build_dataset(range(4), SMALL, tmp_path, 0, lambda done, _total: drawn.append(done))
    other = build_dataset(range(5), SMALL, tmp_path, 0, lambda done, _total: drawn.append(done))

    assert np.array_equal(first.clip(2), second.clip(2))
    assert first.identity == second.identity != other.identity
    assert drawn == [1, 2, 3, 4, 5]


def test_a_drawing_that_was_cut_off_is_done_again(tmp_path: Path) -> None:
    first = build_dataset(range(3), SMALL, tmp_path, 0, lambda _done, _total: None)
    whole = first.clip(1)
    folder = tmp_path / first.identity
    (folder / "done.json").unlink()
    (folder / "frames.jpegs").write_bytes(b"half")

    assert np.array_equal(build_dataset(range(3), SMALL, tmp_path, 0, lambda _done, _total: None).clip(1), whole)
