"""The film is found among the tracks beside it."""

from dataclasses import replace
from pathlib import Path

import av
import numpy as np
import pytest
from av.stream import Disposition
from av.video.stream import VideoStream

from divescore.video.sampling import sample_frames
from divescore.video.tracks import PictureTrack, film_among
from tests.unit.video.clips import counting_frame

FILM = PictureTrack(index=1, frames=60, seconds=2.4, pixels=1920 * 1080, is_default=True, decodable=True)
OTHERS = {
    "a still": PictureTrack(0, 1, 0.0, 160 * 120, False, True),
    "a larger still": PictureTrack(0, 1, 0.0, 4000 * 3000, True, True),
    "a preview": PictureTrack(0, 12, 2.4, 96 * 72, False, True),
    "a preview that is marked": PictureTrack(0, 20, 2.4, 96 * 72, True, True),
    "a small twin": PictureTrack(0, 60, 2.4, 96 * 72, True, True),
    "another that is not marked": PictureTrack(0, 60, 2.4, 1920 * 1080, False, True),
    "a kind that is not decoded": PictureTrack(0, 60, 2.4, 1920 * 1080, True, False),
    "a snippet": PictureTrack(0, 20, 0.8, 1920 * 1080, True, True),
    "nothing": PictureTrack(0, 0, 0.0, 0, True, True),
}


@pytest.mark.parametrize("name", OTHERS)
@pytest.mark.parametrize("last", [False, True])
def test_the_film_is_told_from(name: str, last: bool) -> None:
    other = replace(OTHERS[name], index=2 if last else 0)

    assert film_among([other, FILM] if not last else [FILM, other], min_frames=16) == FILM


@pytest.mark.parametrize("name", ["a still", "a preview", "a small twin"])
def test_marks_are_not_needed(name: str) -> None:
    film = replace(FILM, is_default=False)

    assert film_among([replace(OTHERS[name], is_default=False), film], min_frames=16) == film


def add_track(
    opened: av.container.OutputContainer, codec: str, size: tuple[int, int], rate: int, disposition: int
) -> VideoStream:
    stream = opened.add_stream(codec, rate=rate)
    assert isinstance(stream, VideoStream)
    stream.width, stream.height = size
    stream.pix_fmt = "yuvj420p" if codec == "mjpeg" else "yuv420p"
    stream.disposition = Disposition(disposition)
    return stream


@pytest.mark.parametrize("container", ["mp4", "mov", "matroska", "avi", "mpegts"])
@pytest.mark.parametrize("beside", ["still", "preview", "huge still", "marked thumbnail"])
@pytest.mark.parametrize("first", [True, False])
def test_the_dive_is_scored_wherever_it_lies(tmp_path: Path, container: str, beside: str, first: bool) -> None:
    if container == "mpegts" and beside != "preview":
        pytest.skip("a transport stream holds no stills")
    size, rate, frames = {
        "still": ((160, 120), 25, 1),
        "preview": ((48, 32), 5, 10),
        "huge still": ((4400, 3000), 25, 1),
        "marked thumbnail": ((160, 120), 25, 1),
    }[beside]
    codec = "mpeg2video" if container == "mpegts" else "mjpeg"
    flag = Disposition.attached_pic if beside == "marked thumbnail" and container in ("mp4", "mov") else 0
    path = tmp_path / "film"
    with av.open(str(path), "w", format=container) as opened:
        tracks = {}
        for kind in ("beside", "film") if first else ("film", "beside"):
            if kind == "film":
                tracks[kind] = add_track(opened, "libx264", (64, 48), 25, Disposition.default)
                tracks[kind].options = {"bf": "0"}
            else:
                tracks[kind] = add_track(opened, codec, size, rate, flag)
        for number in range(50):
            picture = av.VideoFrame.from_ndarray(counting_frame(number, 50, 64, 48), format="bgr24")
            picture.pts = number
            opened.mux(tracks["film"].encode(picture))
            if number % (25 // rate) == 0 and number * rate // 25 < frames:
                other = av.VideoFrame.from_ndarray(np.full((size[1], size[0], 3), 255, np.uint8), format="bgr24")
                other.pts = number * rate // 25
                opened.mux(tracks["beside"].encode(other))
        for stream in tracks.values():
            opened.mux(stream.encode())

    video = sample_frames(path, 8, (32, 24))

    assert (video.source.width, video.source.height, video.source.frames) == (64, 48, 50)
    assert video.warnings == []
    assert np.diff(video.frames[:, 18, 24].mean(axis=1)) == pytest.approx(215 / 7, abs=9)
