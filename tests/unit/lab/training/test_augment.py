"""What real cameras do."""

import numpy as np
import pytest

from divescore.lab.datasets.frame_labels import FRAME_LABEL, FRAME_LABELS
from divescore.lab.training.augment import Crop, augmented


def test_develops_every_clip_in_its_own_way_and_repeats_by_seed() -> None:
    clip = np.random.default_rng(0).integers(0, 256, (6, 96, 128, 3)).astype(np.uint8)
    kept = clip.copy()

    changed, again, other = (augmented(clip, np.random.default_rng(seed)) for seed in (5, 5, 6))

    assert changed.shape == clip.shape
    assert changed.dtype == np.uint8
    assert np.array_equal(changed, again)
    assert not np.array_equal(changed, other)
    assert np.array_equal(clip, kept)


def test_developing_keeps_what_is_in_the_picture() -> None:
    clip = np.full((6, 40, 56, 3), 40, dtype=np.uint8)
    clip[:, 14:26, 20:36] = 220

    for seed in range(8):
        changed = augmented(clip, np.random.default_rng(seed)).astype(int)
        assert changed[:, 18:22, 26:30].mean() - changed[:, :4].mean() > 30


def test_a_framing_moves_picture_and_marks_alike() -> None:
    picture = np.zeros((96, 128, 3), dtype=np.uint8)
    picture[46:50, 78:82] = 255
    labels = np.zeros(len(FRAME_LABELS), dtype=np.float32)
    labels[[FRAME_LABEL[name] for name in ("present", "x", "y", "reach")]] = (
        1.0,
        80 / 128,
        48 / 96,
        0.2,
    )
    labels[[FRAME_LABEL["water"], FRAME_LABEL["water_seen"]]] = (0.1, 1.0)
    crop = Crop(left=0.15, top=0.2, size=0.8)

    shown, moved = crop.picture(picture), crop.frame_labels(labels)

    rows, columns = np.nonzero(shown[:, :, 0] > 128)
    assert moved[FRAME_LABEL["x"]] == pytest.approx((columns.mean() + 0.5) / 128, abs=0.015)
    assert moved[FRAME_LABEL["y"]] == pytest.approx((rows.mean() + 0.5) / 96, abs=0.015)
    assert moved[FRAME_LABEL["reach"]] == pytest.approx(0.25)
    assert moved[FRAME_LABEL["present"]] == 1.0
    # The surface lies above what is shown now.
    assert moved[FRAME_LABEL["water_seen"]] == 0.0


def test_a_diver_outside_the_framing_is_absent() -> None:
    labels = np.zeros(len(FRAME_LABELS), dtype=np.float32)
    labels[[FRAME_LABEL[name] for name in ("present", "x", "y", "reach")]] = (1.0, 0.05, 0.5, 0.2)

    assert Crop(left=0.2, top=0.1, size=0.8).frame_labels(labels)[FRAME_LABEL["present"]] == 0.0


def test_the_whole_picture_is_a_framing_too() -> None:
    drawn = [Crop.draw(np.random.default_rng(seed)) for seed in range(40)]

    assert Crop() in drawn
    assert all(0.0 <= one.left <= 1.0 - one.size + 1e-9 and one.size > 0.7 for one in drawn)
