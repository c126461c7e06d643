"""Sampled frames to the shipped network's input."""

from typing import Annotated

import numpy as np
import torch
from numpy.typing import NDArray
from pydantic import Field
from torch import Tensor
from torch.nn import functional

from divescore.scoring.manifest import Part


class Preprocessing(Part):
    """How frames reach the network: `frames` spread evenly, scaled to `width` x `height`, (x / 255 - mean) / std."""

    frames: Annotated[int, Field(ge=1)]
    width: Annotated[int, Field(ge=1)]
    height: Annotated[int, Field(ge=1)]
    mean: tuple[float, float, float]
    std: tuple[float, float, float]


def to_input(frames: NDArray[np.uint8], preprocessing: Preprocessing, detail: int = 1) -> Tensor:
    """uint8 RGB [T, H, W, 3] to float32 [1, T, 3, H / detail, W / detail].

    Squares of `detail` pixels are averaged; then the manifest's mean and deviation apply.
    """
    pictures = normalise(torch.from_numpy(frames).unsqueeze(0), preprocessing)
    return pictures if detail == 1 else functional.avg_pool2d(pictures[0], detail).unsqueeze(0)


def normalise(frames: Tensor, preprocessing: Preprocessing) -> Tensor:
    """uint8 or float RGB 0..255 [B, T, H, W, 3] to float32 [B, T, 3, H, W], normalised."""
    mean = 255.0 * torch.tensor(preprocessing.mean)
    std = 255.0 * torch.tensor(preprocessing.std)
    return ((frames.float() - mean) / std).permute(0, 1, 4, 2, 3)
