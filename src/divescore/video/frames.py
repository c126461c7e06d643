"""What comes back from decoding: frames, and a report about the video."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Frames = NDArray[np.uint8]
"""Pictures, uint8 RGB [N, H, W, 3]."""


@dataclass(frozen=True)
class DecodingReport:
    """What was found: picture size as shown, frames decoded, seconds they span, times of the samples, warnings."""

    width: int
    height: int
    frames: int
    seconds: float
    times: list[float]
    warnings: list[str]
    codec: str
    """FFmpeg's name of the decoder."""
    pixel_format: str
    start: float
    """Where the part begins that was sampled, in seconds, and where it ends."""
    end: float
    aspect: float
    """Width by height of what was sampled of the picture."""


@dataclass(frozen=True)
class Chunk:
    """A stretch of a streamed video: its frames; how many frames the file promises; share decoded, 0..1."""

    frames: Frames
    promised: int
    share: float
