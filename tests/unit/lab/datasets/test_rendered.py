"""Rendered clips in a folder."""

from pathlib import Path

import numpy as np

from divescore.lab.datasets.dataset import ClipShape
from divescore.lab.datasets.frame_labels import FRAME_LABEL, FRAME_LABELS
from divescore.lab.datasets.labels import LABELS
from divescore.lab.datasets.rendered import clip_seeds, render_clip, rendered_dataset
from tests.unit.lab.progress import silent

SMALL = ClipShape(frames=8, width=64, height=48)


def test_a_clip_depends_on_its_seed_alone() -> None:
    clip, again, other = render_clip(7, SMALL), render_clip(7, SMALL), render_clip(8, SMALL)

    assert len(clip.frames) == 8
    assert clip.labels.shape == (len(LABELS),)
    assert clip.frame_labels.shape == (8, len(FRAME_LABELS))
    kept, same, differing = ([frame.tobytes() for frame in one.frames] for one in (clip, again, other))
    assert kept == same != differing


def test_holds_dives_and_others_with_labels_in_range(tmp_path: Path) -> None:
    notes: list[tuple[str, float, str]] = []
    dataset = rendered_dataset(range(100, 130), SMALL, tmp_path, 0, lambda *note: notes.append(note))

    assert len(dataset) == 30
    assert notes == [("drawing", done / 30, f"{done} of 30 clips") for done in range(1, 31)]
    assert dataset.clip(3).shape == (8, 48, 64, 3)
    assert np.array_equal(dataset.clip(3)[5], dataset.frame(3, 5))
    labels = dict(zip(LABELS, dataset.labels.T, strict=True))
    dives = labels["is_dive"] == 1
    assert 0 < dives.sum() < 30
    assert (labels["execution"] <= 30).all()
    assert (labels["difficulty"] < 5).all()
    assert not labels["execution"][~dives].any()
    assert (dataset.frame_labels[dives][:, :, FRAME_LABEL["present"]].mean(axis=1) > 0.5).all()
    assert (dataset.seconds > 0).all()
    assert set(np.round(dataset.aspects, 2)) <= {np.float32(1.33), np.float32(1.78)}


def test_what_was_drawn_once_is_read_again(tmp_path: Path) -> None:
    first = rendered_dataset(range(4), SMALL, tmp_path, 0, silent)
    drawn: list[str] = []

    def note(_stage: str, _share: float, note: str) -> None:
        drawn.append(note)

    second = rendered_dataset(range(4), SMALL, tmp_path, 0, note)
    other = rendered_dataset(range(5), SMALL, tmp_path, 0, note)

    assert np.array_equal(first.clip(2), second.clip(2))
    assert first.identity == second.identity != other.identity
    assert drawn == [f"{done} of 5 clips" for done in range(1, 6)]


def test_a_drawing_that_was_cut_off_is_done_again(tmp_path: Path) -> None:
    first = rendered_dataset(range(3), SMALL, tmp_path, 0, silent)
    whole = first.clip(1)
    folder = tmp_path / first.identity
    (folder / "done.json").unlink()
    (folder / "frames.jpegs").write_bytes(b"half")

    assert np.array_equal(rendered_dataset(range(3), SMALL, tmp_path, 0, silent).clip(1), whole)


def test_no_training_sees_the_clips_of_an_evaluation() -> None:
    assert clip_seeds(3, 20) == range(3_000_000, 3_000_020)
    assert clip_seeds(3, 20, unseen=True) == range(1_003_000_000, 1_003_000_020)
