"""Pictures come out as they are shown, however their pixels lie in the file."""

import struct
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from divescore.video.geometry import AS_STORED, Orientation, orientation_by
from divescore.video.sampling import sample_frames, stream_frames
from tests.corpus.writing import avi, write_film

Picture = NDArray[np.uint8]
Lay = Callable[[Picture], Picture]

WAYS: dict[str, tuple[tuple[int, int, int, int], Lay]] = {
    "as stored": ((1, 0, 0, 1), lambda shown: shown),
    "quarter turn right": ((0, 1, -1, 0), lambda shown: np.rot90(shown, 1)),
    "half turn": ((-1, 0, 0, -1), lambda shown: np.rot90(shown, 2)),
    "quarter turn left": ((0, -1, 1, 0), lambda shown: np.rot90(shown, -1)),
    "mirrored": ((-1, 0, 0, 1), lambda shown: shown[:, ::-1]),
    "upside down": ((1, 0, 0, -1), lambda shown: shown[::-1]),
    "transposed": ((0, 1, 1, 0), lambda shown: shown.transpose(1, 0, 2)),
    "transposed the other way": ((0, -1, -1, 0), lambda shown: np.rot90(shown, 2).transpose(1, 0, 2)),
}
"""The display matrix, and how pixels lie that it puts upright."""
EXIF = {1: "as stored", 2: "mirrored", 3: "half turn", 4: "upside down"}
EXIF |= {5: "transposed", 6: "quarter turn right", 7: "transposed the other way", 8: "quarter turn left"}
CORNERS = {"red": (220, 30, 30), "green": (30, 200, 40), "blue": (40, 40, 220), "white": (230, 230, 230)}


def shown_picture() -> Picture:
    """64 x 48, RGB: another colour in each corner."""
    picture = np.full((48, 64, 3), 90, dtype=np.uint8)
    places = [(y, x) for y in (0, 28) for x in (0, 36)]
    for (y, x), colour in zip(places, CORNERS.values(), strict=True):
        picture[y : y + 20, x : x + 28] = colour
    return picture


def write(path: Path, way: str, codec: str, container: str | None, *, matrix: bool = True) -> None:
    given, lay = WAYS[way]
    stored = np.ascontiguousarray(lay(shown_picture())[:, :, ::-1])
    write_film(
        path,
        codec,
        container=container,
        frames=20,
        size=(stored.shape[1], stored.shape[0]),
        matrix=given if matrix else None,
        draw=lambda *_: stored,
    )


def assert_upright(picture: Picture) -> None:
    height, width = picture.shape[:2]
    for (x, y), (name, colour) in zip(((1, 1), (6, 1), (1, 6), (6, 6)), CORNERS.items(), strict=True):
        seen = picture[y * height // 8 + height // 16, x * width // 8 + width // 16].astype(int)
        assert np.abs(seen - colour).max() < 45, name


@pytest.mark.parametrize("way", WAYS)
def test_every_matrix_is_undone(way: str) -> None:
    matrix, lay = WAYS[way]
    shown = np.arange(6 * 4 * 3).reshape(4, 6, 3)

    orientation = orientation_by(*(65536 * factor for factor in matrix))

    assert np.array_equal(orientation.upright(lay(shown)), shown)  # type: ignore[arg-type]
    assert orientation.shown(*lay(shown).shape[1::-1]) == (6, 4)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("matrix", "expected"),
    [
        ((0, 0, 0, 0), AS_STORED),
        ((2, 0, 0, 1), AS_STORED),
        ((65000, 1200, -1200, 65000), AS_STORED),
        ((-1200, 65000, -65000, -1200), Orientation(True, left_right=True)),
    ],
)
def test_odd_matrices_count_as_the_nearest_way(matrix: tuple[int, int, int, int], expected: Orientation) -> None:
    assert orientation_by(*matrix) == expected


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize(
    ("suffix", "codec", "container"),
    [("mp4", "libx264", None), ("mov", "mjpeg", None), ("mkv", "libx264", "matroska"), ("webm", "libvpx", None)],
)
def test_films_are_sampled_as_they_are_shown(
    tmp_path: Path, way: str, suffix: str, codec: str, container: str | None
) -> None:
    path = tmp_path / f"film.{suffix}"
    write(path, way, codec, container)

    video = sample_frames(path, 4, (32, 24))

    assert (video.source.width, video.source.height) == (64, 48)
    for picture in video.frames:
        assert_upright(picture)


@pytest.mark.parametrize("way", WAYS)
def test_films_are_streamed_as_they_are_shown(tmp_path: Path, way: str) -> None:
    path = tmp_path / "film.mp4"
    write(path, way, "libx264", None)

    for chunk in stream_frames(path, 8, (32, 24)):
        assert_upright(chunk.frames[0])


@pytest.mark.parametrize("number", EXIF)
def test_motion_jpeg_is_shown_as_its_exif_says(tmp_path: Path, number: int) -> None:
    stored = np.ascontiguousarray(WAYS[EXIF[number]][1](shown_picture())[:, :, ::-1])
    encoded: tuple[bool, np.ndarray] = cv2.imencode(".jpg", stored)
    tiff = b"MM\0*\0\0\0\x08\0\1" + struct.pack(">HHIHH", 0x0112, 3, 1, number, 0) + bytes(4)
    exif = b"Exif\0\0" + tiff
    jpeg = encoded[1].tobytes()
    jpeg = jpeg[:2] + b"\xff\xe1" + struct.pack(">H", len(exif) + 2) + exif + jpeg[2:]
    path = tmp_path / "film.avi"
    path.write_bytes(avi(b"MJPG", (stored.shape[1], stored.shape[0]), [jpeg] * 20))

    video = sample_frames(path, 4, (32, 24))

    assert (video.source.width, video.source.height) == (64, 48)
    assert_upright(video.frames[1])
