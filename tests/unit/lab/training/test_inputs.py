"""What the shipped network sees of a picture."""

import numpy as np
import pytest

from divescore.lab.training.inputs import GREY, half_size, square_crop
from divescore.scoring.mini.pose import CROP_SIZE


def ramps() -> np.ndarray:
    """A picture [96, 128, 3] whose red rises from left to right and whose green from top to bottom."""
    columns, rows = np.meshgrid((np.arange(128) + 0.5) / 128, (np.arange(96) + 0.5) / 96)
    return np.round(255 * np.stack((columns, rows, np.zeros_like(rows)), axis=2)).astype(np.uint8)


def test_half_a_picture_is_the_mean_of_fours() -> None:
    picture = np.random.default_rng(0).integers(0, 256, (96, 128, 3), dtype=np.uint8)

    fours = picture.reshape(48, 2, 64, 2, 3).mean(axis=(1, 3))

    assert np.abs(half_size(picture) - fours).max() <= 0.5


def test_a_square_shows_what_lies_about_a_place() -> None:
    square = square_crop(ramps(), 0.4, 0.6, 0.2, 16 / 9) / 255

    assert square.shape == (CROP_SIZE, CROP_SIZE, 3)
    middle = CROP_SIZE // 2
    assert square[middle, :, 0].mean() == pytest.approx(0.4, abs=0.01)
    assert square[:, middle, 1].mean() == pytest.approx(0.6, abs=0.01)
    assert square[-1, middle, 1] - square[0, middle, 1] == pytest.approx(0.4, abs=0.02)
    # The film is wider than the picture that was made of it.
    assert square[middle, -1, 0] - square[middle, 0, 0] == pytest.approx(0.4 / (16 / 9), abs=0.02)


def test_what_lies_outside_is_grey() -> None:
    square = square_crop(np.full((96, 128, 3), 255, dtype=np.uint8), 0.0, 0.5, 0.3, 4 / 3)

    assert np.unique(square[:, : CROP_SIZE // 2 - 2]).tolist() == [GREY]
    assert square[:, CROP_SIZE // 2 + 2 :].min() == 255
