"""From a video's frames to clips as the published code makes them, and the frames that are kept of a video."""

from collections.abc import Iterable, Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from divescore.scoring.c3d.manifest import C3dPreprocessing
from divescore.scoring.c3d.network import CLIP, SIZE

Frames = NDArray[np.uint8]


def padded_length(frames: int, padding: str) -> int:
    """Frames after padding; by the published rule a multiple of 16 is padded by a whole clip."""
    return (frames // CLIP + 1) * CLIP if padding == "published" else -(-frames // CLIP) * CLIP


def to_clip(frames: Frames, settings: C3dPreprocessing) -> Tensor:
    """uint8 RGB [N <= 16, H, W, 3] to a normalised clip float32 [1, 3, 16, 112, 112], padded by the setting's rule."""
    top, left = frames.shape[1] // 2 - SIZE // 2, frames.shape[2] // 2 - SIZE // 2
    middle = torch.from_numpy(frames[:, top : top + SIZE, left : left + SIZE].copy())
    pictures = (middle.float() / 255 - torch.tensor(settings.mean)) / torch.tensor(settings.std)
    missing = CLIP - len(pictures)
    if missing:
        filling = (
            torch.zeros(missing, SIZE, SIZE, 3)
            if settings.padding == "published" or not len(pictures)
            else pictures[-1:].expand(missing, -1, -1, -1)
        )
        pictures = torch.cat((pictures, filling))
    return pictures.permute(3, 0, 1, 2).unsqueeze(0)


def gate_frames(frames: int, padding: str) -> NDArray[np.intp]:
    """Numbers of the classifier's 16 frames, spread over the padded length as published."""
    return np.linspace(0, padded_length(frames, padding) - 1, CLIP, dtype=np.intp)


def to_gate_clip(frames: Sequence[Frames | None], settings: C3dPreprocessing) -> Tensor:
    """Frames [H, W, 3], or None for padding, as the published code hands them to the classifier.

    BGR, and the normalised values times 255 twice: that is not what the classifier was trained on, but what the
    published gate gives it.
    """
    blank = torch.zeros(1, 3, 1, SIZE, SIZE)
    pictures = [blank if frame is None else to_clip(frame[None], settings)[:, :, :1] for frame in frames]
    return torch.flip(torch.cat(pictures, dim=2), [1]) * 255.0 * 255.0


class KeptFrames:
    """Keeps the frames of chosen numbers as a video goes by."""

    def __init__(self, numbers: Iterable[int]) -> None:
        self._wanted = sorted(set(numbers))
        self._kept: dict[int, Frames] = {}
        self._passed = 0

    def add(self, frames: Frames) -> None:
        """The video's next frames [N, H, W, 3]."""
        for number in self._wanted:
            if self._passed <= number < self._passed + len(frames):
                self._kept[number] = frames[number - self._passed].copy()
        self._passed += len(frames)

    def at(self, number: int) -> Frames | None:
        """The frame of that number, or the last one kept before it; None beyond the video's end."""
        if number >= self._passed:
            return None
        return self._kept[max(kept for kept in self._kept if kept <= number)]


def built_in_frames(settings: C3dPreprocessing) -> Frames:
    """The built-in clip, uint8 RGB [16, height, width, 3]: something bright turns as it falls before a gradient."""
    time, row, column = np.meshgrid(
        np.arange(CLIP), np.arange(settings.height), np.arange(settings.width), indexing="ij", sparse=True
    )
    y, x = row / settings.height, column / settings.width
    fall, turn = 0.15 + 0.7 * (time / CLIP) ** 2, time / CLIP * 2 * np.pi
    along = (x - 0.5) * np.cos(turn) + (y - fall) * np.sin(turn)
    across = (y - fall) * np.cos(turn) - (x - 0.5) * np.sin(turn)
    body = (np.abs(along) < 0.18) & (np.abs(across) < 0.05)
    grain = ((row * 73 + column * 151 + time * 199) % 31) / 31
    planes = [
        np.where(body, 0.85, 0.25 + 0.4 * y + 0.1 * grain),
        np.where(body, 0.65, 0.40 + 0.3 * y + 0.1 * grain),
        np.where(body, 0.50, 0.55 + 0.2 * x + 0.1 * grain),
    ]
    pictures: Frames = (255 * np.stack(np.broadcast_arrays(*planes), axis=-1)).round().astype(np.uint8)
    return pictures
