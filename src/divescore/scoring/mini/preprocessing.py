"""Sampled frames to the shipped network's input."""

from typing import Annotated

import torch
from pydantic import Field
from torch import Tensor

from divescore.scoring.manifest import ManifestPart


class Preprocessing(ManifestPart):
    """How frames reach the network: `frames` spread evenly, scaled to `width` x `height`, (x / 255 - mean) / std."""

    frames: Annotated[int, Field(ge=1)]
    width: Annotated[int, Field(ge=1)]
    height: Annotated[int, Field(ge=1)]
    mean: tuple[float, float, float]
    std: tuple[float, float, float]


def normalise(frames: Tensor, preprocessing: Preprocessing) -> Tensor:
    """uint8 or float RGB 0..255 [B, T, H, W, 3] to float32 [B, T, 3, H, W], normalised; channels last in memory."""
    # By whole rows, since an innermost dimension of three is far too short for the processor's vectors.
    width = frames.shape[3]
    scale = 1.0 / (255.0 * torch.tensor(preprocessing.std, device=frames.device).repeat(width))
    shift = -255.0 * torch.tensor(preprocessing.mean, device=frames.device).repeat(width) * scale
    rows = frames.flatten(3).to(torch.float32, copy=True).mul_(scale).add_(shift)
    return rows.view(frames.shape).permute(0, 1, 4, 2, 3)
