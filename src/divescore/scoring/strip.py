"""A strip of sampled frames as one small JPEG, which travels inside the result."""

import base64
from fractions import Fraction

import av
import numpy as np
from av.video.reformatter import ColorRange, Colorspace, Interpolation, VideoReformatter
from numpy.typing import NDArray

from divescore.result import Strip
from divescore.video.sampling import SampledVideo

FRAMES = 6
WIDTH = 96
MAX_CHARACTERS = 16_000
_HEIGHTS = (54, 128)
_COARSENESS = (3, 5, 8, 12, 18, 24, 31)
"""JPEG's quantizer scale as FFmpeg counts it: 2 is finest, 31 coarsest."""


def make_strip(video: SampledVideo) -> Strip:
    """`FRAMES` frames spread over the video, side by side, at the best quality within `MAX_CHARACTERS` of base64."""
    height = min(max(round(WIDTH / video.framing.aspect), _HEIGHTS[0]), _HEIGHTS[1])
    chosen = np.linspace(0, len(video.frames) - 1, FRAMES).round().astype(int)
    scaler = VideoReformatter()  # one for all: setting a scaler up takes longer than its work
    row = np.hstack([_scaled(scaler, video.frames[i], height) for i in chosen])
    data = ""
    for coarseness in _COARSENESS:
        data = base64.b64encode(_jpeg(row, coarseness)).decode("ascii")
        if len(data) <= MAX_CHARACTERS:
            break
    return Strip(
        frames=FRAMES, width=WIDTH, height=height, times=[round(float(video.times[i]), 2) for i in chosen], data=data
    )


def _scaled(scaler: VideoReformatter, picture: NDArray[np.uint8], height: int) -> NDArray[np.uint8]:
    frame = av.VideoFrame.from_ndarray(picture, format="rgb24")
    small = scaler.reformat(frame, WIDTH, height, interpolation=Interpolation.AREA)
    return small.to_ndarray().astype(np.uint8, copy=False)


def _jpeg(picture: NDArray[np.uint8], coarseness: int) -> bytes:
    """A baseline JPEG of uint8 RGB [H, W, 3], by FFmpeg, which decodes the videos too: OpenCV is not loaded for it."""
    encoder = av.VideoCodecContext.create("mjpeg", "w")
    encoder.height, encoder.width = picture.shape[:2]
    # JPEG's own colours: full range, and ITU-R BT.601.
    encoder.pix_fmt, encoder.color_range = "yuv420p", ColorRange.JPEG
    encoder.time_base, encoder.thread_count = Fraction(1), 1
    encoder.qmin = encoder.qmax = coarseness
    encoder.options = {"strict": "unofficial"}  # FFmpeg's word for full range under this name
    frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(picture), format="rgb24").reformat(
        format="yuv420p", dst_colorspace=Colorspace.ITU601, dst_color_range=ColorRange.JPEG
    )
    return b"".join(bytes(packet) for packet in (*encoder.encode(frame), *encoder.encode(None)))
