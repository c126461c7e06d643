"""What becomes of the frames that a decoder yields: the limits each must keep, and which are wanted."""

from abc import ABC, abstractmethod
from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import av
import numpy as np
from av.packet import Packet
from av.video.frame import VideoFrame
from av.video.reformatter import ColorRange, Interpolation, VideoReformatter
from numpy.typing import NDArray

from divescore.video.colour import is_wide, shown
from divescore.video.errors import RejectionCode, VideoRejected
from divescore.video.frames import Frames
from divescore.video.geometry import AS_STORED, Orientation, orientation_of
from divescore.video.limits import VideoLimits

_ON_EVERY_PROCESSOR = Interpolation.ACCURATE_RND | Interpolation.BITEXACT
"""The same pixels whatever vectors the processor has."""


@dataclass
class DecodingPlan:
    """Where the wanted frames lie, in seconds, or in frame numbers when the file has no usable clock."""

    wanted: list[float]
    clocked: bool
    track: int
    """The stream that is the film."""
    packets: int
    needed: frozenset[int] | None
    """Stamps of the packets whose frames are wanted, when all others may be skipped."""
    rate: float
    missing: float
    """Share of the film, 0 to 1, that the file's end has cut off: by the bytes that there are, and its own times."""
    stamps: NDArray[np.int64] | None = None
    """Those of all packets in order, where `needed` names some of them."""
    scale: float = 1.0
    """Seconds that a stamp counts."""
    self_contained: bool = False
    """Whether no frame refers to another: then what is not needed need not be decoded at all."""


@dataclass
class DecodingPass:
    """One decoding pass: the positions of all frames on the plan's axis, and of the sampled ones."""

    positions: list[float]
    sampled: list[float]
    broken: int = 0
    backwards: bool = False
    width: int = 0
    height: int = 0
    codec: str = ""
    pixel_format: str = ""


def stamp_of(packet: "Packet[Any]") -> int | None:
    """When a packet's picture is shown, if that is known; of some files when it is decoded."""
    return packet.pts if packet.pts is not None else packet.dts


def seconds_of(stamp: int, scale: Fraction) -> float:
    """`stamp` times `scale`, rounded once, for a tenth of what multiplying fractions costs."""
    return stamp * scale.numerator / scale.denominator


def nearest_stamps(stamps: NDArray[np.int64], scale: float, wanted: Iterable[float]) -> frozenset[int]:
    """Stamps of the packets that lie nearest to the wanted seconds."""
    times = stamps * scale
    return frozenset(int(stamps[np.abs(times - position).argmin()]) for position in wanted)


def exhausted(error: Exception) -> bool:
    """Whether memory ran out; a thread that finds none for its stack says so with EAGAIN."""
    return isinstance(error, MemoryError | BlockingIOError)


def check_size(width: int, height: int, limits: VideoLimits) -> None:
    """Raise VideoRejected for a picture of too many pixels."""
    if width * height > limits.max_pixels:
        raise VideoRejected(
            RejectionCode.TOO_MANY_PIXELS,
            f"The picture has {width}x{height} pixels; at most {limits.max_pixels / 1e6:.1f} million are accepted. "
            "Export it at 1080p.",
        )


def check_length(seconds: float, frames: int, limits: VideoLimits) -> None:
    """Raise VideoRejected for a film that is too long."""
    if frames > limits.max_frames:
        raise VideoRejected(
            RejectionCode.TOO_LONG, f"The video has more than {limits.max_frames} frames; cut it to the dive."
        )
    if seconds > limits.max_seconds:
        raise VideoRejected(
            RejectionCode.TOO_LONG, f"The video is longer than {limits.max_seconds:.0f} seconds; cut it to the dive."
        )


class FrameSink(ABC):
    """Takes every frame in turn, notes its position and holds it to the limits."""

    def __init__(self, plan: DecodingPlan, limits: VideoLimits) -> None:
        self.done = DecodingPass([], [])
        self._plan = plan
        self._limits = limits
        self._converter = VideoReformatter()
        self._turner = VideoReformatter()
        self._rotation: int | None = None
        self._way = AS_STORED

    @property
    def share(self) -> float:
        """How far along the wanted positions the last frame lies, 0..1."""
        first, last = self._plan.wanted[0], self._plan.wanted[-1]
        return min(max((self.done.positions[-1] - first) / (last - first), 0.0), 1.0) if last > first else 0.0

    def add(self, frame: VideoFrame, seconds: float | None) -> None:
        """The next frame. Raises VideoRejected when it breaks a limit."""
        done = self.done
        position = seconds if self._plan.clocked and seconds is not None else float(len(done.positions))
        if (done.positions and position < done.positions[-1]) or (self._plan.clocked and seconds is None):
            done.backwards = True
        done.positions.append(position)
        if frame.is_corrupt:
            done.broken += 1
        check_size(frame.width, frame.height, self._limits)
        check_length(position - done.positions[0] if self._plan.clocked else 0.0, len(done.positions), self._limits)
        self._keep(frame, position)

    @abstractmethod
    def finish(self) -> None:
        """No frame comes any more."""

    @abstractmethod
    def _keep(self, frame: VideoFrame, position: float) -> None:
        """Do something with a frame that lies at `position`."""

    def _orientation(self, frame: VideoFrame) -> Orientation:
        """How a frame that is used is shown; notes the size of the picture as shown."""
        # PyAV ties a frame and its side data in a knot that keeps the frame's memory: asked again only after a turn.
        if self._rotation != frame.rotation:
            self._rotation, self._way = frame.rotation, orientation_of(frame)
        self.done.width, self.done.height = self._way.shown(frame.width, frame.height)
        return self._way

    def _convert(
        self, frame: VideoFrame, width: int, height: int, interpolation: Interpolation
    ) -> NDArray[np.uint8 | np.uint16]:
        """RGB [height, width, 3] as it lies in the file: uint8, or uint16 where `is_wide`."""
        wide = is_wide(frame)
        pixels = self._reformatted(frame, width, height, interpolation, "rgb48le" if wide else "rgb24")
        return np.asarray(pixels, dtype=np.uint16 if wide else np.uint8)

    def _reformatted(
        self, frame: VideoFrame, width: int, height: int, interpolation: Interpolation, wanted: str
    ) -> NDArray[Any]:
        """Pixels of the kind `wanted`, as they lie in the file."""
        try:
            small = self._converter.reformat(
                frame,
                width=width,
                height=height,
                format=wanted,
                interpolation=interpolation,
            )
        except (av.FFmpegError, ValueError) as error:
            if exhausted(error):
                raise MemoryError(str(error)) from error
            raise VideoRejected(
                RejectionCode.UNSUPPORTED,
                f"Pictures of the kind {frame.format.name} are not decoded here; export the video as H.264.",
            ) from error
        return small.to_ndarray()

    def _shrink(self, frame: VideoFrame, height: int, width: int) -> Frames:
        """RGB [height, width, 3] of BT.709, upright; best where that is smaller than the picture."""
        orientation = self._orientation(frame)
        lying = orientation.shown(width, height)
        area = lying[0] < frame.width and lying[1] < frame.height
        interpolation = (Interpolation.AREA if area else Interpolation.BILINEAR) | _ON_EVERY_PROCESSOR
        if orientation.swapped and frame.format.name.startswith("yuv") and not is_wide(frame):
            # The scaler halves the colours of each row, so a picture has to be upright before it becomes RGB.
            upright = self._upright(frame, orientation, *lying, interpolation)
            return shown(self._convert(upright, width, height, interpolation), upright)
        return orientation.upright(shown(self._convert(frame, *lying, interpolation), frame))

    def _upright(
        self, frame: VideoFrame, orientation: Orientation, width: int, height: int, interpolation: Interpolation
    ) -> VideoFrame:
        """`frame` made small, as [height, width] as it lies in the file, and then put upright; not yet RGB."""
        full = frame.color_range == ColorRange.JPEG or frame.format.name.startswith("yuvj")
        kind = "yuvj444p" if full else "yuv444p"
        small = self._turner.reformat(frame, width=width, height=height, format=kind, interpolation=interpolation)
        planes = orientation.upright(small.to_ndarray().transpose(1, 2, 0)).transpose(2, 0, 1)
        upright = VideoFrame.from_ndarray(np.ascontiguousarray(planes), format=kind)
        upright.colorspace, upright.color_range = frame.colorspace, small.color_range
        return upright


class FrameSampler(FrameSink):
    """Converts the frames nearest to the wanted positions; holds two frames at most."""

    def __init__(self, into: Frames, plan: DecodingPlan, limits: VideoLimits) -> None:
        super().__init__(plan, limits)
        self._into = into
        self._before: VideoFrame | None = None
        self._converted: VideoFrame | None = None

    def finish(self) -> None:
        """Fill what is wanted after the last frame with that frame."""
        while self._before is not None and len(self.done.sampled) < len(self._plan.wanted):
            self._put(self._before, self.done.positions[-1])

    def _keep(self, frame: VideoFrame, position: float) -> None:
        done, wanted = self.done, self._plan.wanted
        while len(done.sampled) < len(wanted) and position >= wanted[len(done.sampled)]:
            target = wanted[len(done.sampled)]
            if self._before is not None and target - done.positions[-2] <= position - target:
                self._put(self._before, done.positions[-2])
            else:
                self._put(frame, position)
        self._before = frame

    def _put(self, frame: VideoFrame, position: float) -> None:
        index = len(self.done.sampled)
        if frame is self._converted:
            self._into[index] = self._into[index - 1]
        else:
            self._into[index] = self._shrink(frame, *self._into.shape[1:3])
            self._converted = frame
        self.done.sampled.append(position)
