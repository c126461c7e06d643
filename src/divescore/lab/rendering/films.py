"""A rendered film as a video file, WebM with VP8, which every browser plays; and a picture of it."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import cv2

from divescore.lab.rendering.negatives import Film

RATE = 25
STILL_AT = 1.3
"""Seconds into a film at which a dive is in the air."""
WIDTH, HEIGHT = 320, 240


@contextmanager
def _quiet() -> Iterator[None]:
    """Drop what C code prints to standard error: OpenCV complains about VP8's tag in WebM, then writes it well."""
    sys.stderr.flush()
    kept = os.dup(2)
    silence = os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(silence, 2)
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
        os.close(silence)


def write_film(film: Film, path: Path, width: int = WIDTH, height: int = HEIGHT) -> int:
    """Encode `film` at 25 frames a second to `path` (.webm); returns the number of frames. OSError when it fails."""
    frames = max(int(film.seconds * RATE), 1)
    with _quiet():
        writer = cv2.VideoWriter(str(path), cv2.CAP_FFMPEG, cv2.VideoWriter.fourcc(*"VP80"), RATE, (width, height))
    if not writer.isOpened():
        raise OSError(f"{path} cannot be written; is its folder there, and does it end in .webm?")
    try:
        for index in range(frames):
            writer.write(film.frame(index / RATE, width, height)[:, :, ::-1])
    finally:
        writer.release()
    return frames


def write_still(film: Film, path: Path, width: int = WIDTH, height: int = HEIGHT) -> None:
    """Write the frame of `film` at STILL_AT to `path` (.jpg); OSError when it fails."""
    frame = film.frame(min(STILL_AT, film.seconds / 2), width, height)[:, :, ::-1]
    encoded, data = cv2.imencode(".jpg", frame, [cv2.IMWRITE_JPEG_QUALITY, 80])
    if not encoded:
        raise OSError(f"{path} cannot be encoded")
    path.write_bytes(data.tobytes())
