"""Sampled frames to the network's input."""

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from divescore.scoring.manifest import Preprocessing


def to_input(frames: NDArray[np.uint8], preprocessing: Preprocessing) -> Tensor:
    """uint8 RGB [T, H, W, 3] to float32 [1, T, 3, H, W], normalised by the manifest's mean and deviation."""
    return normalise(torch.from_numpy(frames).unsqueeze(0), preprocessing)


def normalise(frames: Tensor, preprocessing: Preprocessing) -> Tensor:
    """uint8 or float RGB 0..255 [B, T, H, W, 3] to float32 [B, T, 3, H, W], normalised."""
    mean = 255.0 * torch.tensor(preprocessing.mean)
    std = 255.0 * torch.tensor(preprocessing.std)
    return ((frames.float() - mean) / std).permute(0, 1, 4, 2, 3)
