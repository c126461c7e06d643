"""Frames spread evenly over a video: what scoring asks for. Decoding itself happens in a contained process only."""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from divescore.video.container import sniff_format
from divescore.video.containment import decoder
from divescore.video.errors import RejectionCode, VideoRejected
from divescore.video.limits import Limits

Frames = NDArray[np.uint8]
Progress = Callable[[float], None]

_HEAD_BYTES = 64


@dataclass(frozen=True)
class SourceInfo:
    """The video as it was found: pixels as shown, frames that decoded, seconds they span, container name."""

    width: int
    height: int
    frames: int
    seconds: float
    format: str


@dataclass(frozen=True)
class SampledVideo:
    """`frames` uint8 RGB [N, H, W, 3]; `times` float64 [N] seconds from the first frame; source; warnings."""

    frames: Frames
    times: NDArray[np.float64]
    source: SourceInfo
    warnings: list[str] = field(default_factory=list)


def _silent(_fraction: float) -> None:
    return


def sample_frames(
    path: Path,
    count: int,
    size: tuple[int, int],
    limits: Limits | None = None,
    on_progress: Progress = _silent,
) -> SampledVideo:
    """Sample `count` frames of `path`, evenly in time, scaled to `size` (width, height).

    A video of fewer frames than `count` repeats its nearest ones. `on_progress` gets the share decoded, 0..1, and may
    raise to stop. Raises VideoRejected with any code but NOT_A_DIVE; OSError when the file cannot be read;
    DecoderFailed when decoding failed for a reason of ours.
    """
    limits = limits or Limits()
    with path.open("rb") as file:
        length = path.stat().st_size
        if length == 0:
            raise VideoRejected(RejectionCode.DAMAGED, "The file is empty; upload the video again.")
        if length > limits.max_bytes:
            raise VideoRejected(
                RejectionCode.TOO_LARGE,
                f"The file has {length / 1e6:.0f} MB; at most {limits.max_bytes / 1e6:.0f} MB are accepted. "
                "Cut the video to the dive.",
            )
        container = sniff_format(file.read(_HEAD_BYTES))
        if container is None:
            raise VideoRejected(
                RejectionCode.UNSUPPORTED, "The file is not a video of a known kind; upload MP4, MOV, AVI, WebM or MKV."
            )
        frames, report = decoder().decode(file.fileno(), container, count, size, limits, on_progress)
    on_progress(1.0)
    source = SourceInfo(report.width, report.height, report.frames, report.seconds, container)
    return SampledVideo(frames, np.asarray(report.times, dtype=np.float64), source, report.warnings)
