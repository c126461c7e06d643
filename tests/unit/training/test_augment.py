"""What real cameras do."""

import numpy as np

from divescore.training.augment import augment


def test_changes_every_clip_in_its_own_way_and_repeats_by_seed() -> None:
    clips = np.random.default_rng(0).integers(0, 256, (4, 12, 40, 56, 3)).astype(np.uint8)
    clips[1] = clips[0]

    changed, again = (augment(clips, np.random.default_rng(5)) for _ in range(2))

    assert changed.shape == clips.shape
    assert changed.dtype == np.uint8
    assert np.array_equal(changed, again)
    assert not np.array_equal(changed[0], changed[1])


def test_keeps_what_is_in_the_picture() -> None:
    clips = np.full((6, 12, 40, 56, 3), 40, dtype=np.uint8)
    clips[:, :, 14:26, 20:36] = 220

    changed = augment(clips, np.random.default_rng(1)).astype(int)

    inside, outside = changed[:, :, 18:22, 26:30].mean(axis=(1, 2, 3, 4)), changed[:, :, :4].mean(axis=(1, 2, 3, 4))
    assert (inside - outside > 30).all()
