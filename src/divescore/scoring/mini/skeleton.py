"""Skeletons: joints, trunk and folds of a body, by an estimator that has seen people as cameras see them.

What it sees decides how a dive turned and how the body was folded. The pose estimator beside it, which learned from
rendered dives alone, is what the temporal model scores by.
"""

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional

from divescore.scoring.mini.localisation import REACHES, WATER, Localisation, convolution, soft_argmax
from divescore.scoring.mini.pose import CROP_SIZE, JOINTS, CropPose, PoseEstimator

TIGHT = 0.8
"""Size of a crop about a body in flight, of what the localiser gives: a whole body with its arms stretched needs more,
but clutter in a wider crop misleads more than what is cut off."""
FRAMES = 32
"""Frames of a clip in which the skeleton is estimated."""
_WORTH = torch.tensor([0.6, 0.3, 1.0, 0.35])
"""Of a frame by its phase: where the localiser sees something else a real diver may well be flying, and what enters the
water tells how the turn ended."""
_BEFORE = 2 + 1 + 2 + 2
"""Values that come before the joints: centre, grown, lean, line."""


class _Inverted(nn.Module):
    """MobileNetV2's block: widened, filtered channel by channel, narrowed; added to what came in where that fits."""

    def __init__(self, inputs: int, outputs: int, stride: int, widening: int) -> None:
        super().__init__()
        inside = inputs * widening
        widened: list[nn.Module] = []
        if widening > 1:
            widened = [nn.Conv2d(inputs, inside, 1, bias=False), nn.BatchNorm2d(inside), nn.ReLU6(inplace=True)]
        self.body = nn.Sequential(
            *widened,
            nn.Conv2d(inside, inside, 3, stride=stride, padding=1, groups=inside, bias=False),
            nn.BatchNorm2d(inside),
            nn.ReLU6(inplace=True),
            nn.Conv2d(inside, outputs, 1, bias=False),
            nn.BatchNorm2d(outputs),
        )
        self._added = stride == 1 and inputs == outputs

    def forward(self, features: Tensor) -> Tensor:
        update: Tensor = self.body(features)
        return features + update if self._added else update


def _stages(inputs: int, stages: Sequence[tuple[int, int, int]]) -> list[nn.Module]:
    """Blocks of stages of so many channels, blocks and first stride, each widened six times."""
    blocks: list[nn.Module] = []
    for channels, count, stride in stages:
        for number in range(count):
            blocks.append(_Inverted(inputs, channels, stride if number == 0 else 1, 6))
            inputs = channels
    return blocks


class SkeletonEstimator(nn.Module):
    """Crops about the diver [N, 3, 64, 64] to `CropPose`, with features [N, 160].

    The first stages are those of MobileNetV2 (Sandler et al., CVPR 2018) to a sixteenth of the size; training begins
    with weights that have seen photographs. Joints are read off maps of an eighth of the size, with what the sixteenth
    knows; all else is read off the whole of them, and off where the joints are.
    """

    FEATURES = 160
    VALUES = PoseEstimator.VALUES

    def __init__(self) -> None:
        super().__init__()
        self.first = nn.Sequential(
            nn.Conv2d(3, 32, 3, stride=2, padding=1, bias=False),
            nn.BatchNorm2d(32),
            nn.ReLU6(inplace=True),
            _Inverted(32, 16, 1, 1),
            *_stages(16, ((24, 2, 2),)),
        )
        self.near = nn.Sequential(*_stages(24, ((32, 3, 2),)))
        self.far = nn.Sequential(*_stages(32, ((64, 4, 2), (96, 3, 1))))
        self.joined = convolution(32 + 96, 48, 1)
        self.summary = nn.Sequential(
            nn.Flatten(),
            nn.Linear(48 * (CROP_SIZE // 8) ** 2, self.FEATURES),
            nn.ReLU(inplace=True),
        )
        self.heat = nn.Sequential(convolution(48, 48), nn.Conv2d(48, 3 * JOINTS, 1))
        self.values = nn.Linear(self.FEATURES + 3 * JOINTS, self.VALUES - 2 * JOINTS)

    def forward(self, crops: Tensor) -> CropPose:
        """Estimate the skeleton in them."""
        near = self.near(self.first(crops.contiguous(memory_format=torch.channels_last)))
        far = functional.interpolate(self.far(near), scale_factor=2.0, mode="nearest")
        joined = self.joined(torch.cat((near, far), dim=1))
        features = self.summary(joined)
        maps = self.heat(joined).contiguous()
        places, spreads = soft_argmax(maps[:, :JOINTS], maps[:, JOINTS:])
        joints = (2.0 * places - 1.0).flatten(1)
        others = self.values(torch.cat((features, joints, spreads), dim=1))
        return CropPose(torch.cat((others[:, :_BEFORE], joints, others[:, _BEFORE:]), dim=1), features)


def skeleton_frames(localisation: Localisation, clips: int) -> Tensor:
    """Numbers of the frames whose skeleton is to be estimated [M], those in a row that are likeliest a flight.

    The frames are of so many clips, one after the other.
    """
    worth = (localisation.phase.detach().softmax(dim=1) @ _WORTH.to(localisation.phase.device)).view(clips, -1)
    length = worth.shape[1]
    count = min(FRAMES, length)
    first = worth.unfold(1, count, 1).sum(dim=2).argmax(dim=1)
    begins = first + length * torch.arange(clips, device=first.device)
    return (begins.unsqueeze(1) + torch.arange(count, device=first.device)).flatten()


def tight_boxes(localisation: Localisation, chosen: Tensor, aspects: Tensor) -> Tensor:
    """Boxes [M, 4] (see `crop`) about the bodies in the frames `chosen` [M], of clips of as many `aspects` [B].

    A box lies about the middle one of the places in three frames: now and then the localiser takes somebody else for
    the diver. In the water it is as wide as the localiser's.
    """
    batch = len(aspects)
    water = torch.softmax(localisation.phase.detach(), dim=1)[:, WATER]
    half = localisation.reach.detach().exp().clamp(*REACHES) * (TIGHT + (1.0 - TIGHT) * water)
    places = localisation.position.detach().view(batch, -1, 2)
    around = torch.cat((places[:, :1], places, places[:, -1:]), dim=1)
    steadied = around.unfold(1, 3, 1).median(dim=3).values.flatten(0, 1)
    of_video = aspects.repeat_interleave(places.shape[1])
    return torch.cat((steadied, half.unsqueeze(1), of_video.unsqueeze(1)), dim=1)[chosen]
