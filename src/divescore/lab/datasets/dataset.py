"""Clips to learn from and to measure on: frames as JPEG one after another, labels of clips and of frames."""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from divescore.scoring.mini.preprocessing import Preprocessing


@dataclass(frozen=True)
class ClipShape:
    """Frames a clip, and their size."""

    frames: int = 48
    width: int = 128
    height: int = 96

    @classmethod
    def of(cls, preprocessing: Preprocessing) -> "ClipShape":
        """What a network takes."""
        return cls(preprocessing.frames, preprocessing.width, preprocessing.height)


@dataclass(frozen=True)
class Dataset:
    """N clips. `labels` [N, len(LABELS)], `frame_labels` [N, T, len(FRAME_LABELS)], `aspects` and `seconds` [N]."""

    shape: ClipShape
    identity: str
    """Short hash of all that decides what the clips show."""
    frames: NDArray[np.uint8]
    """JPEG of all frames of all clips, end to end."""
    offsets: NDArray[np.int64]
    """Where each frame's JPEG begins, and where the last ends."""
    labels: NDArray[np.float32]
    frame_labels: NDArray[np.float32]
    aspects: NDArray[np.float32]
    """Width of each film's picture by its height; the frames kept are squeezed."""
    seconds: NDArray[np.float32]

    def __len__(self) -> int:
        return len(self.labels)

    def frame(self, clip: int, frame: int) -> NDArray[np.uint8]:
        """One frame, uint8 RGB [H, W, 3]."""
        place = clip * self.shape.frames + frame
        return decode_frame(self.frames[self.offsets[place] : self.offsets[place + 1]])

    def clip(self, clip: int) -> NDArray[np.uint8]:
        """All frames of a clip, uint8 RGB [T, H, W, 3]."""
        return np.stack([self.frame(clip, frame) for frame in range(self.shape.frames)])


def encode_frame(picture: NDArray[np.uint8], shape: ClipShape, quality: int) -> NDArray[np.uint8]:
    """An RGB picture of any size as a kept frame: scaled, as JPEG of `quality`."""
    small = cv2.resize(picture, (shape.width, shape.height), interpolation=cv2.INTER_AREA)
    # JPEG does not care which channel is called red, as long as reading swaps them likewise.
    return np.asarray(cv2.imencode(".jpg", small, [cv2.IMWRITE_JPEG_QUALITY, quality])[1], dtype=np.uint8)


def decode_frame(encoded: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """A kept frame, uint8 RGB [H, W, 3]."""
    return np.asarray(cv2.imdecode(encoded, cv2.IMREAD_COLOR), dtype=np.uint8)
