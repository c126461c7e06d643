"""A small rendition of a film that browsers do not play. Runs in the decoder process; see `sandbox`.

Upright, of standard colours, without sound, with the times that the film's own pictures have, counted from its first.
"""

import io
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import cast

import av
import numpy as np
from av.container import OutputContainer
from av.video.frame import VideoFrame
from av.video.reformatter import ColorPrimaries, ColorRange, Colorspace, ColorTrc
from av.video.stream import VideoStream
from numpy.typing import NDArray

from divescore.video.decoding import make_report, run_pass
from divescore.video.frames import DecodingReport
from divescore.video.limits import VideoLimits
from divescore.video.parts import Bytes
from divescore.video.selection import DecodingPlan, FrameSink
from divescore.video.walking import make_plan

MOST_LINES, MOST_COLUMNS = 480, 854
MOST_RATE = 30

_TICKS = 1000
_KEY_FRAME_EVERY = MOST_RATE
_INDEX_BYTES, _INDEX_BYTES_PER_FRAME = 8192, 48
"""Room for the index ahead of the pictures, so that playing begins before all is loaded."""
_THREADS = 2


@dataclass(frozen=True)
class Encoder:
    """One of FFmpeg's encoders, and how it is to work."""

    name: str
    options: dict[str, str]


ENCODERS = (
    Encoder("libx264", {"preset": "veryfast", "crf": "25", "maxrate": "1500k", "bufsize": "3000k"}),
    Encoder("libvpx-vp9", {"deadline": "realtime", "cpu-used": "8", "crf": "34", "b": "1500k", "maxrate": "1500k"}),
)
"""The first that this build of FFmpeg has is taken: every browser plays H.264, and nearly every one VP9."""


class CannotEncode(RuntimeError):
    """There is no encoder for it, or no room."""


def encode_film(
    descriptor: int,
    data: Bytes,
    container: str,
    into: NDArray[np.uint8],
    limits: VideoLimits,
    encoders: tuple[Encoder, ...] = ENCODERS,
) -> tuple[int, DecodingReport]:
    """Write the film open at `descriptor`, whose bytes are `data`, into `into` as an MP4; how many bytes it takes.

    Raises VideoRejected, MemoryError and CannotEncode.
    """
    encoder = _available(encoders)
    plan = replace(make_plan(descriptor, data, container, 2, limits), needed=None)
    encoded, sink = _encode(descriptor, container, plan, limits, encoder)
    if sink.done.backwards:
        plan = replace(plan, clocked=False)
        encoded, sink = _encode(descriptor, container, plan, limits, encoder)
    report = make_report(plan, sink.done, limits)
    if len(encoded) > len(into):
        raise CannotEncode(f"the rendition has {len(encoded)} bytes")
    into[: len(encoded)] = np.frombuffer(encoded, dtype=np.uint8)
    return len(encoded), report


def fitted(width: int, height: int) -> tuple[int, int]:
    """The largest even size of this shape within the bounds, and no larger than it is; at least 2 x 2."""
    share = min(1.0, MOST_LINES / height, MOST_COLUMNS / width)
    return max(2, int(width * share) // 2 * 2), max(2, int(height * share) // 2 * 2)


def _available(encoders: tuple[Encoder, ...]) -> Encoder:
    for encoder in encoders:
        if encoder.name in av.codecs_available:
            return encoder
    raise CannotEncode("this build of FFmpeg has no encoder that browsers can follow")


def _encode(
    descriptor: int, container: str, plan: DecodingPlan, limits: VideoLimits, encoder: Encoder
) -> tuple[bytes, "_FrameEncoder"]:
    target = io.BytesIO()
    index = _INDEX_BYTES + _INDEX_BYTES_PER_FRAME * min(plan.packets, int(limits.max_seconds * MOST_RATE))
    with av.open(target, "w", format="mp4", options={"moov_size": str(index)}) as opened:
        sink = _FrameEncoder(opened, encoder, plan, limits)
        run_pass(descriptor, container, sink, plan, limits, lambda _share: None)
    return target.getvalue(), sink


class _FrameEncoder(FrameSink):
    """Encodes frames as they come, leaving out those that come faster than the highest rate."""

    def __init__(self, opened: OutputContainer, encoder: Encoder, plan: DecodingPlan, limits: VideoLimits) -> None:
        super().__init__(plan, limits)
        self._opened = opened
        self._encoder = encoder
        self._stream: VideoStream | None = None
        self._due = 0.0

    def finish(self) -> None:
        """Write what the encoder still holds."""
        if self._stream is not None:
            self._opened.mux(self._stream.encode())

    def _keep(self, frame: VideoFrame, position: float) -> None:
        seconds = position - self.done.positions[0]
        if not self._plan.clocked:
            seconds /= self._plan.rate
        # A tenth of a frame early is in time: clocks are rounded.
        if seconds < self._due - 1 / (10 * MOST_RATE):
            return
        self._due = max(self._due, seconds - 1 / MOST_RATE) + 1 / MOST_RATE
        orientation = self._orientation(frame)
        if self._stream is None:
            self._stream = self._begin(*fitted(*orientation.shown(frame.width, frame.height)))
        picture = VideoFrame.from_ndarray(self._shrink(frame, self._stream.height, self._stream.width), format="rgb24")
        small = picture.reformat(format="yuv420p", dst_colorspace=Colorspace.ITU709, dst_color_range=ColorRange.MPEG)
        small.pts, small.time_base = round(seconds * _TICKS), Fraction(1, _TICKS)
        self._opened.mux(self._stream.encode(small))

    def _begin(self, width: int, height: int) -> VideoStream:
        stream = cast(VideoStream, self._opened.add_stream(self._encoder.name, options=self._encoder.options))
        stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
        codec = stream.codec_context
        codec.time_base, codec.framerate = Fraction(1, _TICKS), Fraction(MOST_RATE)
        codec.gop_size, codec.thread_count = _KEY_FRAME_EVERY, _THREADS
        codec.colorspace, codec.color_range = Colorspace.ITU709, ColorRange.MPEG
        codec.color_primaries, codec.color_trc = ColorPrimaries.BT709, ColorTrc.BT709
        return stream
