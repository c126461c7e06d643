"""Frames of a video, some of them or all: what scoring asks for. Decoding itself happens in the `sandbox`."""

import os
import stat
import tempfile
from collections.abc import Generator, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray

from divescore.containers import HEAD_BYTES, Container, NotTaken, sniff
from divescore.video.errors import RejectionCode, VideoRejected
from divescore.video.frames import Chunk, DecodingReport, Frames
from divescore.video.limits import VideoLimits
from divescore.video.playability import plays_in_browsers
from divescore.video.progress import OnProgress, silent
from divescore.video.sandbox import sandbox

_PIECE = 1 << 20


@dataclass(frozen=True)
class SourceInfo:
    """The video as it was found: pixels as shown, frames that decoded, seconds they span, container name."""

    width: int
    height: int
    frames: int
    seconds: float
    format: str
    playable: bool = True
    """Whether a common browser plays it."""


@dataclass(frozen=True)
class Framing:
    """The part of a film that frames were sampled of: from `start` to `end` in its seconds; its width by height."""

    start: float
    end: float
    aspect: float


@dataclass(frozen=True)
class SampledVideo:
    """`frames` uint8 RGB [N, H, W, 3]; `times` float64 [N] seconds from the first frame; source; warnings."""

    frames: Frames
    times: NDArray[np.float64]
    source: SourceInfo
    warnings: list[str] = field(default_factory=list)
    part: Framing | None = None
    """What of the film was sampled; None for all of it."""

    @property
    def framing(self) -> Framing:
        """What of the film was sampled."""
        whole = Framing(0.0, self.source.seconds, self.source.width / self.source.height)
        return self.part or whole


def sample_frames(
    path: Path,
    count: int,
    size: tuple[int, int],
    limits: VideoLimits | None = None,
    on_progress: OnProgress = silent,
    framed: bool = False,
) -> SampledVideo:
    """Sample `count` frames of `path`, evenly in time, scaled to `size` (width, height).

    `framed` first leaves out borders that never change, and ends in which nothing moves or that are black.
    A video of fewer frames than `count` repeats its nearest ones. `on_progress` hears of the stage `decoding`.
    Raises VideoRejected with any code but NOT_A_DIVE; OSError when the file cannot be read;
    DecoderFailed when decoding failed for a reason of ours.
    """
    limits = limits or VideoLimits()
    with _opened(path, limits) as file:
        container = _container(file, limits)
        frames, report = sandbox().sample(file.fileno(), container, count, size, limits, on_progress, framed)
    on_progress("decoding", 1.0)
    part = Framing(report.start, report.end, report.aspect) if framed else None
    times = np.asarray(report.times, dtype=np.float64)
    return SampledVideo(frames, times, _source(report, container), report.warnings, part)


def stream_frames(
    path: Path,
    length: int,
    size: tuple[int, int],
    limits: VideoLimits | None = None,
    on_progress: OnProgress = silent,
) -> Generator[Chunk, None, tuple[SourceInfo, list[str]]]:
    """Every frame of `path` in order, scaled to `size` (width, height), in chunks of `length`; the last may hold fewer.

    Returns what the source is and the warnings about it. Decoding goes on while a chunk is used, a few chunks ahead at
    most. Raises what `sample_frames` raises, after the first chunks too; closing the generator ends the decoder.
    """
    limits = limits or VideoLimits()
    with _opened(path, limits) as file:
        container = _container(file, limits)
        report = yield from sandbox().stream(file.fileno(), container, length, size, limits, on_progress)
    return _source(report, container), report.warnings


def rendition_of(path: Path, limits: VideoLimits) -> bytes:
    """A small MP4 of the film at `path` that browsers play, made within `limits.decode_seconds`.

    Raises what `sample_frames` raises.
    """
    with _opened(path, limits) as file:
        return sandbox().encode(file.fileno(), _container(file, limits), limits)


@contextmanager
def _opened(path: Path, limits: VideoLimits) -> Iterator[BinaryIO]:
    """The file; of a pipe or a device, which cannot be read twice, a copy of as much as may be too much."""
    with path.open("rb") as file, ExitStack() as copies:
        if stat.S_ISREG(os.fstat(file.fileno()).st_mode):
            yield file
            return
        copy = copies.enter_context(tempfile.TemporaryFile())
        while copy.tell() <= limits.max_bytes and (piece := file.read(_PIECE)):
            copy.write(piece)
        copy.seek(0)
        yield copy


def _container(file: BinaryIO, limits: VideoLimits) -> Container:
    length = os.fstat(file.fileno()).st_size
    if length == 0:
        raise VideoRejected(RejectionCode.DAMAGED, "The file is empty; upload the video again.")
    if length > limits.max_bytes:
        raise VideoRejected(
            RejectionCode.TOO_LARGE,
            f"The file has {length / 1e6:.0f} MB; at most {limits.max_bytes / 1e6:.0f} MB are accepted. "
            "Cut the video to the dive.",
        )
    container = sniff(file.read(HEAD_BYTES))
    if isinstance(container, NotTaken):
        raise VideoRejected(RejectionCode.UNSUPPORTED, container.message)
    return container


def _source(report: DecodingReport, container: Container) -> SourceInfo:
    return SourceInfo(
        width=report.width,
        height=report.height,
        frames=report.frames,
        seconds=report.seconds,
        format=container.value,
        playable=plays_in_browsers(container, report.codec, report.pixel_format),
    )
