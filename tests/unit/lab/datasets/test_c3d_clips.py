"""Real dives as C3D-AVG takes them."""

import numpy as np
import pytest
import torch

from divescore.lab.datasets.c3d_clips import PREPROCESSING, cropped, normalised


def test_the_middle_is_taken() -> None:
    picture = np.zeros((128, 171, 3), dtype=np.uint8)
    picture[8:120, 29:141] = 200
    assert cropped(picture).min() == 200
    assert cropped(picture).shape == (112, 112, 3)


def test_normalises_by_channel() -> None:
    clips = torch.full((1, 1, 16, 4, 4, 3), 255, dtype=torch.uint8)
    expected = [(1 - mean) / std for mean, std in zip(PREPROCESSING.mean, PREPROCESSING.std, strict=True)]
    assert normalised(clips).shape == (1, 1, 3, 16, 4, 4)
    assert normalised(clips)[0, 0, :, 0, 0, 0].tolist() == pytest.approx(expected, rel=1e-5)
