"""Frames spread evenly over a video, in one streaming pass with bounded memory.

Neither the header's frame count nor its rate is trusted. The sampler keeps every `stride`-th frame, small; when its
buffer is full it drops every second one and doubles the stride. At the end the frames nearest to evenly spaced times
are picked. Frames between are grabbed (decoded), but never converted or scaled.
"""

import math
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from divescore.video.errors import RejectionCode, VideoRejected
from divescore.video.limits import Limits
from divescore.video.source import Header, OpenVideo, open_video

Frames = NDArray[np.uint8]
Progress = Callable[[float], None]

_FALLBACK_RATE = 25.0
_PROGRESS_EVERY = 8
_MISSING_TAIL = 0.15
"""Share of the promised time that may be missing at the end before the video counts as cut off."""
_NOTED_TAIL = 0.03


@dataclass(frozen=True)
class SourceInfo:
    """The video as it was found: pixels, frames that decoded, seconds they span, container name."""

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
    raise to stop. Raises VideoRejected with any code but NOT_A_DIVE; OSError when the file cannot be read.
    """
    limits = limits or Limits()
    deadline = time.monotonic() + limits.decode_seconds
    video = open_video(path, limits)
    hint = video.header.frames
    stride = max(1, hint // (2 * count)) if hint is not None and hint <= limits.max_frames else 1
    sampled = _decode(video, count, size, stride, limits, deadline, on_progress)
    if stride > 1 and len(sampled.kept) < min(count, sampled.total):
        # The header promised far more frames than there are; the second pass takes it at its word no longer.
        video = open_video(path, limits)
        sampled = _decode(video, count, size, 1, limits, deadline, on_progress)
    result = _finish(sampled, video.header, count, limits)
    on_progress(1.0)
    return result


@dataclass
class _Decoded:
    kept: list[tuple[int, Frames]]
    stamps: list[float]
    """Presentation time of every frame, seconds."""
    width: int = 0
    height: int = 0

    @property
    def total(self) -> int:
        return len(self.stamps)


def _decode(
    video: OpenVideo,
    count: int,
    size: tuple[int, int],
    stride: int,
    limits: Limits,
    deadline: float,
    on_progress: Progress,
) -> _Decoded:
    capacity = 4 * count
    decoded = _Decoded([], [], video.header.width, video.header.height)
    expected = video.header.seconds
    try:
        while video.capture.grab():
            index = decoded.total
            stamp = video.capture.get(cv2.CAP_PROP_POS_MSEC) / 1000.0
            decoded.stamps.append(stamp)
            _check_progress(decoded, limits, deadline)
            if index % stride == 0:
                retrieved, picture = video.capture.retrieve()
                if not retrieved:
                    continue
                decoded.height, decoded.width = picture.shape[:2]
                decoded.kept.append((index, _shrink(picture, size)))
                if len(decoded.kept) >= capacity:
                    stride *= 2
                    decoded.kept = [item for item in decoded.kept if item[0] % stride == 0]
            if index % _PROGRESS_EVERY == 0 and expected:
                on_progress(min(max(stamp / expected, 0.0), 0.99))
    finally:
        video.capture.release()
    return decoded


def _shrink(picture: cv2.typing.MatLike, size: tuple[int, int]) -> Frames:
    area = size[0] < picture.shape[1] and size[1] < picture.shape[0]
    small = cv2.resize(picture, size, interpolation=cv2.INTER_AREA if area else cv2.INTER_LINEAR)
    if small.ndim == 2:
        small = np.repeat(small[:, :, None], 3, axis=2)
    return np.ascontiguousarray(small[:, :, 2::-1], dtype=np.uint8)


def _check_progress(decoded: _Decoded, limits: Limits, deadline: float) -> None:
    if decoded.total > limits.max_frames:
        raise VideoRejected(
            RejectionCode.TOO_LONG,
            f"The video has more than {limits.max_frames} frames; cut it to the dive.",
        )
    if decoded.stamps[-1] - decoded.stamps[0] > limits.max_seconds:
        raise VideoRejected(
            RejectionCode.TOO_LONG,
            f"The video is longer than {limits.max_seconds:.0f} seconds; cut it to the dive.",
        )
    if time.monotonic() > deadline:
        raise VideoRejected(
            RejectionCode.OUT_OF_TIME,
            f"Decoding took longer than {limits.decode_seconds:.0f} seconds; export the video smaller or shorter.",
        )


def _finish(decoded: _Decoded, header: Header, count: int, limits: Limits) -> SampledVideo:
    if not decoded.kept:
        if header.codec.lower() == "av01":
            raise VideoRejected(RejectionCode.UNSUPPORTED, "AV1 video is not decoded here; export it as H.264 or VP9.")
        raise VideoRejected(RejectionCode.DAMAGED, "No frame of the video can be decoded; export it again.")
    times = _clock(decoded.stamps, header)
    step = float(np.median(np.diff(times))) if decoded.total > 1 else 1.0 / _FALLBACK_RATE
    seconds = float(times[-1]) + step
    if seconds > limits.max_seconds + step:
        raise VideoRejected(
            RejectionCode.TOO_LONG, f"The video is longer than {limits.max_seconds:.0f} seconds; cut it to the dive."
        )
    warnings = _missing_tail(seconds, step, header)
    if decoded.total < limits.min_frames:
        raise VideoRejected(
            RejectionCode.TOO_SHORT,
            f"The video has {decoded.total} frames; at least {limits.min_frames} are needed to see a dive.",
        )
    indices = np.array([index for index, _ in decoded.kept])
    wanted = np.linspace(0.0, float(times[-1]), count)
    nearest = np.abs(times[indices][None, :] - wanted[:, None]).argmin(axis=1)
    frames = np.stack([decoded.kept[i][1] for i in nearest])
    source = SourceInfo(decoded.width, decoded.height, decoded.total, round(seconds, 3), header.format)
    return SampledVideo(frames, times[indices][nearest], source, warnings)


def _clock(stamps: list[float], header: Header) -> NDArray[np.float64]:
    """Times of all frames from the first one; by the rate where the stamps do not run forward."""
    times = np.asarray(stamps, dtype=np.float64)
    times -= times[0]
    if np.isfinite(times).all() and (np.diff(times) >= 0).all() and (len(times) == 1 or times[-1] > 0):
        return times
    return np.arange(len(stamps), dtype=np.float64) / (header.rate or _FALLBACK_RATE)


def _missing_tail(seconds: float, step: float, header: Header) -> list[str]:
    promised = header.seconds
    if promised is None or not math.isfinite(promised) or header.rate is None:
        return []
    missing = promised - seconds
    if missing > max(_MISSING_TAIL * promised, 3 * step):
        raise VideoRejected(
            RejectionCode.DAMAGED,
            f"Only {seconds:.1f} of {promised:.1f} seconds can be decoded; the video is cut off or damaged. "
            "Upload the whole file.",
        )
    if missing > max(_NOTED_TAIL * promised, 3 * step):
        return [f"The last {missing:.1f} seconds of the video could not be decoded."]
    return []
