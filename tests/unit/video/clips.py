"""Small video files for the tests, made on the spot."""

from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

CODECS = {".mp4": "mp4v", ".avi": "MJPG", ".mov": "mp4v", ".mkv": "mp4v"}


def counting_frame(index: int, total: int, width: int, height: int) -> NDArray[np.uint8]:
    """A flat picture whose brightness tells its place in the film, 20 to 235, with a red corner."""
    frame = np.full((height, width, 3), round(20 + 215 * index / max(total - 1, 1)), dtype=np.uint8)
    frame[: height // 4, : width // 4] = (0, 0, 255)
    return frame


def write_clip(
    path: Path, frames: int = 60, size: tuple[int, int] = (64, 48), rate: float = 25.0, codec: str | None = None
) -> Path:
    """A film of counting frames (BGR in, as OpenCV writes)."""
    writer = cv2.VideoWriter(
        str(path), cv2.CAP_FFMPEG, cv2.VideoWriter.fourcc(*(codec or CODECS[path.suffix])), rate, size
    )
    assert writer.isOpened()
    for index in range(frames):
        writer.write(counting_frame(index, frames, *size))
    writer.release()
    return path
