"""Real dives as C3D-AVG takes them, by the published recipe (Parmar and Morris, CVPR 2019).

The dive's last 103 frames scaled to 171 x 128, of these the middle 112 x 112, cut into clips of 16 frames.
"""

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from divescore.lab.datasets.mtlaqa import LabelledDive
from divescore.scoring.c3d.manifest import SCALE, C3dPreprocessing
from divescore.scoring.c3d.network import CLASS_HEADS, CLIP, SIZE

PREPROCESSING = C3dPreprocessing()


def class_of(dive: LabelledDive, head: str) -> int:
    """The dive's class by the name of a head of the network."""
    return dive.classes["rotation_type" if head == "rot_type" else head]


def c3d_labels(dive: LabelledDive) -> list[float]:
    """Score in units of the regressor, then the classes in the order of the network's heads."""
    return [dive.score / SCALE, *(float(class_of(dive, head)) for head in CLASS_HEADS)]


def cropped(picture: NDArray[np.uint8], interpolation: int = cv2.INTER_LINEAR) -> NDArray[np.uint8]:
    """A picture scaled to 171 x 128, of that the middle 112 x 112."""
    width, height = PREPROCESSING.width, PREPROCESSING.height
    scaled = cv2.resize(picture, (width, height), interpolation=interpolation)
    top, left = height // 2 - SIZE // 2, width // 2 - SIZE // 2
    return np.asarray(scaled[top : top + SIZE, left : left + SIZE], dtype=np.uint8)


def into_clips(frames: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Frames [16 x N, 112, 112, 3] as clips [N, 16, 112, 112, 3]."""
    return np.ascontiguousarray(frames).reshape(-1, CLIP, *frames.shape[1:])


def normalised(clips: Tensor) -> Tensor:
    """uint8 RGB [B, N, 16, 112, 112, 3] to float32 [B, N, 3, 16, 112, 112]."""
    mean = 255.0 * torch.tensor(PREPROCESSING.mean, device=clips.device)
    std = 255.0 * torch.tensor(PREPROCESSING.std, device=clips.device)
    return ((clips.float() - mean) / std).permute(0, 1, 5, 2, 3, 4)
