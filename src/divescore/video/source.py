"""Opening a video for decoding: by content, quietly, and within the limits that can be known up front."""

import os
from dataclasses import dataclass
from pathlib import Path

import cv2

from divescore.video.container import declares_picture, sniff_format
from divescore.video.errors import RejectionCode, VideoRejected
from divescore.video.limits import Limits

# OpenCV reads this at every open. The demuxer list shuts out playlists and scripts (m3u8, ffconcat), which would open
# other files than the one given.
os.environ["OPENCV_FFMPEG_CAPTURE_OPTIONS"] = "format_whitelist;mov,mp4,m4a,3gp,3g2,mj2,avi,matroska,webm"
# Decoders complain on stderr about every damaged frame; what matters is said in the rejection.
os.environ.setdefault("OPENCV_FFMPEG_LOGLEVEL", "-8")
cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_SILENT)

_SANE_RATE = (1.0, 240.0)


@dataclass(frozen=True)
class Header:
    """What the container claims about its picture; a hint, never a promise."""

    format: str
    width: int
    height: int
    codec: str
    rate: float | None
    """Frames a second, when the claim is believable."""
    frames: int | None
    seconds: float | None


@dataclass
class OpenVideo:
    """A capture ready to grab from, with its header."""

    capture: cv2.VideoCapture
    header: Header


def open_video(path: Path, limits: Limits) -> OpenVideo:
    """Open `path` as what its bytes say.

    Raises VideoRejected (DAMAGED, UNSUPPORTED, NO_VIDEO_STREAM, TOO_LARGE, TOO_LONG, TOO_MANY_PIXELS) and OSError when
    the file cannot be read at all.
    """
    size = path.stat().st_size
    if size == 0:
        raise VideoRejected(RejectionCode.DAMAGED, "The file is empty; upload the video again.")
    if size > limits.max_bytes:
        raise VideoRejected(
            RejectionCode.TOO_LARGE,
            f"The file has {size / 1e6:.0f} MB; at most {limits.max_bytes / 1e6:.0f} MB are accepted. "
            "Cut the video to the dive.",
        )
    with path.open("rb") as file:
        container = sniff_format(file.read(64))
    if container is None:
        raise VideoRejected(
            RejectionCode.UNSUPPORTED, "The file is not a video of a known kind; upload MP4, MOV, AVI, WebM or MKV."
        )
    capture = cv2.VideoCapture(str(path), cv2.CAP_FFMPEG)
    if not capture.isOpened():
        if not declares_picture(path, container):
            raise VideoRejected(RejectionCode.NO_VIDEO_STREAM, "The file holds no picture, only sound.")
        raise VideoRejected(
            RejectionCode.DAMAGED, "The video cannot be opened; it is cut off or damaged. Export it again."
        )
    header = _read_header(capture, container)
    try:
        _check(header, limits)
    except VideoRejected:
        capture.release()
        raise
    return OpenVideo(capture, header)


def _read_header(capture: cv2.VideoCapture, container: str) -> Header:
    rate = float(capture.get(cv2.CAP_PROP_FPS))
    count = float(capture.get(cv2.CAP_PROP_FRAME_COUNT))
    fourcc = int(capture.get(cv2.CAP_PROP_FOURCC)) & 0xFFFFFFFF
    # Browser recordings claim 1000 frames a second; the product with the count is a duration all the same.
    seconds = count / rate if 0 < rate < 1e6 and 0 < count < 2**31 - 1 else None
    believable = _SANE_RATE[0] <= rate <= _SANE_RATE[1]
    return Header(
        format=container,
        width=int(capture.get(cv2.CAP_PROP_FRAME_WIDTH)),
        height=int(capture.get(cv2.CAP_PROP_FRAME_HEIGHT)),
        codec=fourcc.to_bytes(4, "little").decode("ascii", "replace").strip("\0 "),
        rate=rate if believable else None,
        frames=int(count) if believable and seconds is not None else None,
        seconds=seconds,
    )


def _check(header: Header, limits: Limits) -> None:
    if header.width * header.height > limits.max_pixels:
        raise VideoRejected(
            RejectionCode.TOO_MANY_PIXELS,
            f"The picture has {header.width}x{header.height} pixels; at most {limits.max_pixels / 1e6:.1f} million "
            "are accepted. Export it at 1080p.",
        )
