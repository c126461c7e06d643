"""Opening a file for the one demuxer and the few decoders that it may reach. Runs in the decoder process."""

import os

import av
from av.container import InputContainer
from av.stream import Disposition
from av.video.stream import VideoStream

from divescore.containers import Container
from divescore.video.errors import RejectionCode, VideoRejected
from divescore.video.limits import VideoLimits
from divescore.video.parts import MOST_TRACKS
from divescore.video.selection import check_size, exhausted

DECODERS = frozenset(
    {
        *("libdav1d", "h264", "hevc", "vp8", "vp9", "mpeg4", "mjpeg", "prores", "dnxhd", "dvvideo", "ffv1", "rawvideo"),
        *("h261", "h263", "h263i", "flv", "mpeg1video", "mpeg2video", "msmpeg4v1", "msmpeg4v2", "msmpeg4", "wmv1"),
        *("wmv2", "wmv3", "vc1", "svq1", "svq3", "qtrle", "png", "huffyuv", "ffvhuff", "utvideo", "theora", "cinepak"),
    }
)
"""FFmpeg's names of the decoders of what cameras, phones, browsers and editors write; all others stay shut."""

_NO_FILM = Disposition.attached_pic | Disposition.still_image | Disposition.timed_thumbnails
_MOST_THREADS = 8
"""Every thread of a decoder holds frames of its own, and few videos gain from more."""


def open_video(
    descriptor: int, container: str, limits: VideoLimits, **options: str
) -> tuple[InputContainer, list[VideoStream]]:
    """The file open at `descriptor` and its moving pictures, at least one. Raises VideoRejected, and MemoryError."""
    demuxer = Container(container).demuxer
    os.lseek(descriptor, 0, os.SEEK_SET)
    try:
        opened = av.open(
            "fd:",
            format=demuxer,
            metadata_errors="replace",  # titles are written in any old encoding, and are none of ours
            options={
                "fd": str(descriptor),
                # The one file at hand is all that can be read, whatever the film refers to.
                "protocol_whitelist": "fd",
                "format_whitelist": demuxer,
                "codec_whitelist": ",".join(DECODERS),
                "max_pixels": _most_pixels(limits),
                "max_streams": str(MOST_TRACKS),
                **options,
            },
        )
    except av.FFmpegError as error:
        if exhausted(error):
            raise MemoryError(str(error)) from error
        raise VideoRejected(
            RejectionCode.DAMAGED, "The video cannot be opened; it is cut off or damaged. Export it again."
        ) from error
    streams = [stream for stream in opened.streams.video if not stream.disposition & _NO_FILM]
    if not streams:
        named = len(opened.streams)
        opened.close()
        if named:
            raise VideoRejected(RejectionCode.NO_VIDEO_STREAM, "The file holds no moving picture.")
        raise VideoRejected(RejectionCode.DAMAGED, "The video is empty or damaged; export it again.")
    return opened, streams


def set_up_decoder(stream: VideoStream, limits: VideoLimits) -> None:
    """Bound the decoder of `stream`. Raises VideoRejected for a kind or size of picture that is not decoded."""
    codec = stream.codec_context
    if codec is None or codec.name not in DECODERS:
        raise unsupported(stream)
    check_size(codec.width, codec.height, limits)
    codec.thread_type = "AUTO"
    codec.thread_count = min(os.cpu_count() or 1, _MOST_THREADS)
    codec.options = {"max_pixels": _most_pixels(limits)}


def unsupported(stream: VideoStream) -> VideoRejected:
    """The rejection of a kind of picture that is not decoded."""
    name = stream.codec_context.codec.long_name if stream.codec_context is not None else "unknown"
    return VideoRejected(
        RejectionCode.UNSUPPORTED, f"Pictures of this kind ({name}) are not decoded here; export the video as H.264."
    )


def _most_pixels(limits: VideoLimits) -> str:
    """Where FFmpeg gives up before it allocates; `check_size` is exact and has a better sentence up to there."""
    return str(8 * limits.max_pixels + 2**20)
