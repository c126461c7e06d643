"""A rendered film as a video file: WebM with VP8, which every browser plays."""

from pathlib import Path

import cv2

from divescore.training.negatives import Film

RATE = 25
WIDTH, HEIGHT = 320, 240


def write_film(film: Film, path: Path, width: int = WIDTH, height: int = HEIGHT) -> int:
    """Encode `film` at 25 frames a second to `path` (.webm); returns the number of frames. OSError when it fails."""
    # OpenCV complains about VP8's tag in WebM, and then writes it well.
    cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_SILENT)
    frames = max(int(film.seconds * RATE), 1)
    writer = cv2.VideoWriter(str(path), cv2.CAP_FFMPEG, cv2.VideoWriter.fourcc(*"VP80"), RATE, (width, height))
    if not writer.isOpened():
        raise OSError(f"{path} cannot be written; is its folder there, and does it end in .webm?")
    try:
        for index in range(frames):
            writer.write(film.frame(index / RATE, width, height)[:, :, ::-1])
    finally:
        writer.release()
    return frames
