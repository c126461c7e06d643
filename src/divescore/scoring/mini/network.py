"""The shipped network: localisation and pose in each frame, then a temporal model that reads the clip as a sequence.

Every frame is localised. The pose is estimated in crops of those frames that show the flight, the entry and the rise of
the splash.
"""

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn

from divescore.scoring.mini.features import after_flight, assemble_features
from divescore.scoring.mini.localisation import FLIGHT, REACHES, Localisation, Localiser, halve
from divescore.scoring.mini.pose import CropPose, FramePose, PoseEstimator, combine, crop
from divescore.scoring.mini.preprocessing import Preprocessing, normalise
from divescore.scoring.mini.skeleton import SkeletonEstimator, skeleton_frames, tight_boxes
from divescore.scoring.mini.temporal import Outputs, TemporalModel

POSE_FRAMES = 28
"""Frames of a clip whose pose is estimated."""
STORED_NAMES = {
    "pose.localiser.": "eye.locator.",
    "pose.estimator.": "eye.looker.",
    "pose.skeleton.": "skeleton.",
    "temporal.moments.": "judge.glances.",
    "temporal.": "judge.",
}
"""How tensors' names begin here, and in weights files: these keep the names that the parts had first. First match."""
_SKELETON = STORED_NAMES["pose.skeleton."]
_AFTER, _LATER = 6, 15
"""Frames after the flight that show line and splash best, and those in which a splash is still to be seen."""


class PoseModel(nn.Module):
    """Frames to what is seen in each: localisation, and pose where it is worth estimating."""

    def __init__(self, skeletons: bool) -> None:
        """`skeletons`: whether there is an estimator for skeletons besides."""
        super().__init__()
        self.localiser: nn.Module = Localiser()
        self.estimator: nn.Module = PoseEstimator()
        self.skeleton: nn.Module | None = SkeletonEstimator() if skeletons else None

    def forward(self, frames: Tensor, aspects: Tensor, preprocessing: Preprocessing) -> FramePose:
        """What is in uint8 RGB frames [B, T, 96, 128, 3]; N = B T, one clip after the other."""
        pictures = frames.flatten(0, 1)
        localisation = self.localise(pictures, preprocessing)
        chosen, boxes = choose_crops(localisation, aspects)
        return combine(localisation, self.estimate(pictures.index_select(0, chosen), boxes, preprocessing), chosen)

    def localise(self, pictures: Tensor, preprocessing: Preprocessing) -> Localisation:
        """Localisation in uint8 RGB pictures [N, 96, 128, 3]."""
        localisation: Localisation = self.localiser(normalise(halve(pictures)[None], preprocessing)[0])
        return localisation

    def estimate(self, pictures: Tensor, boxes: Tensor, preprocessing: Preprocessing) -> CropPose:
        """Pose in the crops `boxes` [N, 4] of uint8 RGB pictures [N, 96, 128, 3]."""
        pose: CropPose = self.estimator(crop(normalise(pictures[None], preprocessing)[0], boxes))
        return pose

    def estimate_skeletons(self, pictures: Tensor, boxes: Tensor, preprocessing: Preprocessing) -> CropPose | None:
        """Skeletons in the crops `boxes` [N, 4] of uint8 RGB pictures [N, 96, 128, 3], if there is an estimator."""
        if self.skeleton is None:
            return None
        skeletons: CropPose = self.skeleton(crop(normalise(pictures[None], preprocessing)[0], boxes))
        return skeletons

    def skeletons(
        self, frames: Tensor, aspects: Tensor, localisation: Localisation, preprocessing: Preprocessing
    ) -> FramePose | None:
        """Skeletons in uint8 RGB frames [B, T, 96, 128, 3] that were localised, where they may be flying."""
        chosen = skeleton_frames(localisation, len(aspects))
        pictures = frames.flatten(0, 1).index_select(0, chosen)
        found = self.estimate_skeletons(pictures, tight_boxes(localisation, chosen, aspects), preprocessing)
        return None if found is None else combine(localisation, found, chosen)


class MiniNetwork(nn.Module):
    """uint8 RGB frames [B, T, 96, 128, 3] with the videos' aspects [B] and seconds [B] to `Outputs`.

    In a state dictionary its tensors have the names that they have in the weights files, see `STORED_NAMES`.
    """

    def __init__(self, skeletons: bool = False) -> None:
        """`skeletons`: with an estimator for them, see `has_skeletons`."""
        super().__init__()
        self.pose = PoseModel(skeletons)
        self.temporal = TemporalModel()
        self.register_state_dict_post_hook(_to_stored_names)  # type: ignore[no-untyped-call]
        self.register_load_state_dict_pre_hook(_from_stored_names)  # type: ignore[no-untyped-call]

    def forward(self, frames: Tensor, aspects: Tensor, seconds: Tensor, preprocessing: Preprocessing) -> Outputs:
        """Run the network."""
        pose: FramePose = self.pose(frames, aspects, preprocessing)
        outputs: Outputs = self.temporal(assemble_features(pose, aspects, seconds))
        return outputs


def has_skeletons(tensors: Mapping[str, Tensor]) -> bool:
    """Whether weights, by their names in files, hold an estimator for skeletons: not all were given one."""
    return any(name.startswith(_SKELETON) for name in tensors)


def _to_stored_names(_network: nn.Module, tensors: dict[str, Any], prefix: str, *_: object) -> None:
    _rename(tensors, prefix, STORED_NAMES)


def _from_stored_names(_network: nn.Module, tensors: dict[str, Any], prefix: str, *_: object) -> None:
    _rename(tensors, prefix, {stored: name for name, stored in STORED_NAMES.items()})


def _rename(tensors: dict[str, Any], prefix: str, beginnings: Mapping[str, str]) -> None:
    for name in list(tensors):
        for before, after in beginnings.items():
            if name.startswith(prefix + before):
                tensors[prefix + after + name.removeprefix(prefix + before)] = tensors.pop(name)
                break


def choose_crops(localisation: Localisation, aspects: Tensor) -> tuple[Tensor, Tensor]:
    """Numbers of the frames whose pose is to be estimated [M], and their crops' boxes [M, 4] (see `crop`).

    The frames are of clips of as many `aspects` [B], one after the other.
    """
    batch = len(aspects)
    length = len(localisation.reach) // batch
    count = min(POSE_FRAMES, length)
    first = first_pose_frame(localisation.phase.detach().view(batch, length, -1), count)
    chosen = (first.unsqueeze(1) + torch.arange(count, device=first.device)).view(batch, count)
    chosen = (chosen + length * torch.arange(batch, device=first.device).unsqueeze(1)).flatten()
    reach = localisation.reach.detach().exp().clamp(*REACHES)
    of_video = aspects.repeat_interleave(length)
    boxes = torch.cat((localisation.position.detach(), reach.unsqueeze(1), of_video.unsqueeze(1)), dim=1)
    return chosen, boxes[chosen]


def first_pose_frame(phases: Tensor, count: int) -> Tensor:
    """First of `count` frames in a row [B] that show most of flight and entry, of phases [B, T, 4] (logits).

    Where a clip has more of both, the start of the flight is left out.
    """
    shares = torch.softmax(phases, dim=2)
    flying = shares[:, :, FLIGHT]
    worth = flying + 2.0 * after_flight(shares, _AFTER) + 0.3 * after_flight(shares, _LATER)
    return worth.unfold(1, count, 1).sum(dim=2).argmax(dim=1)
