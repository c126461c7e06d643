"""Pose: what is seen of the diver's body in a crop about the diver, in full detail: joints, line, splash."""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import TypeVar

import torch
from torch import Tensor, nn
from torch.nn import functional

from divescore.scoring.mini.localisation import Localisation, convolution

JOINTS, GAPS, ANGLES = 6, 3, 2
CROP_SIZE = 64
"""Side of a crop, pixels."""


@dataclass(frozen=True)
class CropPose:
    """What the estimator sees in each of N crops."""

    values: Tensor
    """[N, VALUES] joints, splash and the like."""
    features: Tensor
    """[N, F]."""


@dataclass(frozen=True)
class FramePose:
    """Localisation and pose in each of N frames; joints and gaps in half sides of the crop about the diver.

    All but `localisation` is zero where the pose was not estimated.
    """

    localisation: Localisation
    estimated: Tensor
    """[N] 1 where it was."""
    centre: Tensor
    """[N, 2] the body's centre of mass, -1..1 from the crop's middle."""
    grown: Tensor
    """[N] logarithm of how much larger the crop should have been."""
    lean: Tensor
    """[N, 2] sine and cosine of the trunk's angle from upright."""
    line: Tensor
    """[N, 2] the same of twice the angle: head and feet are easily confused, the line of a body is not."""
    joints: Tensor
    """[N, 6, 2] head, chest, hip, knees, ankles, hands, -1..1 from the crop's middle."""
    gaps: Tensor
    """[N, 3] distances between knees, ankles, hands."""
    angles: Tensor
    """[N, 2] hip and knee, turns of pi."""
    splash: Tensor
    """[N] size of the splash, 0..1."""
    features: Tensor
    """[N, F]."""


class PoseEstimator(nn.Module):
    """Crops about the diver [N, 3, 64, 64] to `CropPose`, with features [N, 160]."""

    FEATURES = 160
    VALUES = 3 + 4 + 2 * JOINTS + GAPS + ANGLES + 1

    def __init__(self) -> None:
        super().__init__()
        self.body = nn.Sequential(
            convolution(3, 24, 5, stride=2),
            convolution(24, 48, stride=2),
            convolution(48, 48),
            convolution(48, 96, stride=2),
            convolution(96, 96),
            convolution(96, 40, 1),
            nn.Flatten(),
            nn.Linear(40 * (CROP_SIZE // 8) ** 2, self.FEATURES),
            nn.ReLU(inplace=True),
        )
        self.values = nn.Linear(self.FEATURES, self.VALUES)

    def forward(self, crops: Tensor) -> CropPose:
        """Estimate the pose in them."""
        features = self.body(crops.contiguous(memory_format=torch.channels_last))
        return CropPose(self.values(features).float(), features)


PerFrame = TypeVar("PerFrame", Localisation, CropPose)


def concatenate(parts: Sequence[PerFrame]) -> PerFrame:
    """What was found in some frames and what was found in those that follow, as one."""
    kind = type(parts[0])
    return kind(*(torch.cat([getattr(part, field.name) for part in parts]) for field in fields(kind)))


@dataclass(frozen=True)
class PoseValues:
    """What an estimator's values [N, VALUES] mean; as in `FramePose`."""

    centre: Tensor
    grown: Tensor
    lean: Tensor
    line: Tensor
    joints: Tensor
    gaps: Tensor
    angles: Tensor
    splash: Tensor

    @classmethod
    def of(cls, values: Tensor) -> "PoseValues":
        """Those of an estimator's output."""
        centre, grown, lean, line, joints, gaps, angles, splash = torch.split(
            values, [2, 1, 2, 2, 2 * JOINTS, GAPS, ANGLES, 1], dim=1
        )
        return cls(centre, grown.squeeze(1), lean, line, joints.view(-1, JOINTS, 2), gaps, angles, splash.squeeze(1))


def combine(localisation: Localisation, pose: CropPose, chosen: Tensor | None = None) -> FramePose:
    """The localisation of all frames with the pose in those `chosen` [M], or in all of them."""
    count = len(localisation.present)
    estimated = torch.ones_like(localisation.present)
    values, features = pose.values, pose.features
    if chosen is not None:
        estimated = torch.zeros_like(estimated).index_fill(0, chosen, 1.0)
        values, features = (
            part.new_zeros(count, part.shape[1]).index_copy(0, chosen, part) for part in (values, features)
        )
    return FramePose(localisation=localisation, estimated=estimated, **vars(PoseValues.of(values)), features=features)


def crop(pictures: Tensor, boxes: Tensor) -> Tensor:
    """Crops [N, 3, CROP_SIZE, CROP_SIZE] of pictures [N, 3, H, W], by `boxes` [N, 4].

    Of a box: x and y of the middle, half a side as a share of the height, and the width by height of the video's
    picture, which was squeezed. What lies outside is grey.
    """
    middle, half, aspects = boxes[:, :2], boxes[:, 2:3], boxes[:, 3:4]
    steps = (torch.arange(CROP_SIZE, device=pictures.device) + 0.5) / CROP_SIZE * 2.0 - 1.0
    x = 2.0 * (middle[:, :1] + steps * half / aspects) - 1.0
    y = 2.0 * (middle[:, 1:] + steps * half) - 1.0
    grid = torch.stack((x[:, None, :].expand(-1, CROP_SIZE, -1), y[:, :, None].expand(-1, -1, CROP_SIZE)), dim=3)
    return functional.grid_sample(pictures, grid.to(pictures.dtype), align_corners=False)
