"""Rendered clips as arrays."""

from pathlib import Path

import numpy as np

from divescore.training.dataset import LABELS, Shape, build_dataset, draw_clip

SMALL = Shape(frames=8, width=56, height=40)


def test_a_clip_depends_on_its_seed_alone() -> None:
    (clip, labels), (again, _) = draw_clip(7, SMALL), draw_clip(7, SMALL)

    assert clip.shape == (8, 40, 56, 3)
    assert labels.shape == (len(LABELS),)
    assert np.array_equal(clip, again)
    assert not np.array_equal(clip, draw_clip(8, SMALL)[0])


def test_holds_dives_and_others_with_labels_in_range(tmp_path: Path) -> None:
    seen: list[int] = []
    dataset = build_dataset(range(100, 130), SMALL, tmp_path, 0, lambda done, _total: seen.append(done))

    assert len(dataset) == 30
    assert seen == list(range(1, 31))
    labels = dict(zip(LABELS, dataset.labels.T, strict=True))
    assert 0 < labels["is_dive"].sum() < 30
    assert (labels["execution"] <= 30).all()
    assert (labels["difficulty"] < 5).all()
    assert not labels["execution"][labels["is_dive"] == 0].any()
