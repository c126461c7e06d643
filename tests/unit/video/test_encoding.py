"""The rendition of a film that browsers do not play: what it looks like, its size and times, and its limits."""

import io
import mmap
from dataclasses import replace
from pathlib import Path

import av
import numpy as np
import pytest
from numpy.typing import NDArray

from divescore.video.encoding import ENCODERS, CannotEncode, Encoder, encode_film, fitted
from divescore.video.errors import RejectionCode, VideoRejected
from divescore.video.limits import VideoLimits
from divescore.video.sampling import rendition_of
from divescore.video.sandbox import RENDITION_BYTES
from tests.corpus.writing import write_film
from tests.unit.video.test_geometry import CORNERS, WAYS, shown_picture, write

LIMITS = VideoLimits()


def pictures(rendition: bytes) -> tuple[list[float], NDArray[np.uint8], str]:
    """Times, RGB frames and the codec."""
    with av.open(io.BytesIO(rendition), "r") as opened:
        [stream] = opened.streams
        decoded = list(opened.decode(video=0))
        assert all(frame.time is not None for frame in decoded)
        shown = np.stack([frame.to_ndarray(format="rgb24") for frame in decoded]).astype(np.uint8)
        return [float(frame.time or 0) for frame in decoded], shown, stream.codec_context.name


def encoded_here(path: Path, encoders: tuple[Encoder, ...], room: int = RENDITION_BYTES) -> bytes:
    """As the decoder process does it, in this process."""
    into = np.zeros(room, dtype=np.uint8)
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, prot=mmap.PROT_READ) as data:
        length, report = encode_film(file.fileno(), data, "avi", into, LIMITS, encoders)
    assert report.frames == 48
    return into[:length].tobytes()


@pytest.mark.parametrize("way", WAYS)
def test_it_is_upright_and_has_the_films_colours(tmp_path: Path, way: str) -> None:
    path = tmp_path / "film.mov"
    write(path, way, "mpeg4", None)
    _, shown, codec = pictures(rendition_of(path, LIMITS))
    expected = shown_picture()
    assert shown.shape == (20, *expected.shape)
    assert codec == "h264"
    for (y, x), colour in zip(((10, 10), (10, 52), (38, 10), (38, 52)), CORNERS.values(), strict=True):
        assert np.abs(shown[10, y, x].astype(int) - colour).max() < 25


def test_its_times_are_those_of_the_films_own_pictures_counted_from_the_first(tmp_path: Path) -> None:
    path = tmp_path / "film.mkv"
    at = [1000, 1100, 1140, 1180, 1500, *range(1600, 2500, 50)]
    write_film(path, "mpeg4", frames=len(at), at=at)
    times, _, _ = pictures(rendition_of(path, LIMITS))
    assert times == pytest.approx([(time - 1000) / 1000 for time in at], abs=0.002)


def test_a_film_of_many_frames_a_second_loses_those_that_come_too_fast(tmp_path: Path) -> None:
    path = tmp_path / "film.avi"
    write_film(path, "mpeg4", frames=240, rate=120)
    times, shown, _ = pictures(rendition_of(path, LIMITS))
    assert len(times) == 60
    assert np.diff(times).min() > 1 / 40
    drawn = 20 + 215 * np.array(times) / 2  # see `counting_frame`
    assert np.abs(shown[:, 40, 40].mean(axis=1) - drawn).max() < 10, "each picture at its own time"


@pytest.mark.parametrize(
    ("size", "small"),
    [
        ((320, 240), (320, 240)),
        ((1920, 1080), (852, 480)),
        ((1080, 1920), (270, 480)),
        ((4096, 1000), (854, 208)),
        ((65, 49), (64, 48)),
        ((1, 4000), (2, 480)),
    ],
)
def test_it_has_at_most_480_lines_and_is_never_larger_than_the_film(
    size: tuple[int, int], small: tuple[int, int]
) -> None:
    assert fitted(*size) == small


def test_a_large_film_becomes_small(tmp_path: Path) -> None:
    path = tmp_path / "film.avi"
    write_film(path, "mpeg4", size=(1280, 720))
    _, shown, _ = pictures(rendition_of(path, LIMITS))
    assert shown.shape[1:] == (480, 852, 3)


@pytest.mark.parametrize("encoder", ENCODERS, ids=lambda encoder: encoder.name)
def test_each_encoder_makes_an_mp4_whose_index_comes_first(tmp_path: Path, encoder: Encoder) -> None:
    path = tmp_path / "film.avi"
    write_film(path, "mjpeg")
    rendition = encoded_here(path, (encoder,))
    assert 0 < rendition.find(b"moov") < rendition.find(b"mdat")
    times, shown, _ = pictures(rendition)
    assert len(times) == 48
    assert shown[0, 40, 40].mean() < 40
    assert shown[-1, 40, 40].mean() > 215


def test_an_encoder_that_is_not_there_is_passed_over(tmp_path: Path) -> None:
    path = tmp_path / "film.avi"
    write_film(path, "mjpeg")
    missing = replace(ENCODERS[0], name="none_such")
    assert pictures(encoded_here(path, (missing, ENCODERS[1])))[2] in ("vp9", "libvpx-vp9")
    with pytest.raises(CannotEncode):
        encoded_here(path, (missing,))


def test_what_has_no_room_is_told(tmp_path: Path) -> None:
    path = tmp_path / "film.avi"
    write_film(path, "mjpeg")
    with pytest.raises(CannotEncode):
        encoded_here(path, ENCODERS, room=1000)


def test_it_ends_in_time(tmp_path: Path) -> None:
    path = tmp_path / "film.avi"
    write_film(path, "mpeg4", frames=1200, size=(640, 480))
    with pytest.raises(VideoRejected) as caught:
        rendition_of(path, replace(LIMITS, decode_seconds=0.2))
    assert caught.value.code is RejectionCode.OUT_OF_TIME
    write_film(path, "mpeg4")
    assert pictures(rendition_of(path, LIMITS))[0], "the next film finds a decoder"


def test_a_damaged_film_has_none(tmp_path: Path) -> None:
    path = tmp_path / "film.avi"
    write_film(path, "mjpeg")
    path.write_bytes(path.read_bytes()[:2000])
    with pytest.raises(VideoRejected):
        rendition_of(path, LIMITS)
