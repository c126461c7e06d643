"""Sampling: evenly in time, in one pass, and a clear rejection of whatever is wrong with a file."""

import os
import struct
import threading
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest

from divescore.video.errors import VideoRejected
from divescore.video.limits import VideoLimits
from divescore.video.sampling import SampledVideo, sample_frames
from tests.unit.video.clips import write_clip

REAL = Path(__file__).parents[4] / "shared" / "clips" / "real-dive-84.15.avi"


def sample(path: Path, count: int = 16, limits: VideoLimits | None = None) -> SampledVideo:
    return sample_frames(path, count, (32, 24), limits)


def rejection(path: Path, limits: VideoLimits | None = None) -> VideoRejected:
    with pytest.raises(VideoRejected) as caught:
        sample(path, limits=limits)
    assert caught.value.message.endswith(".")
    return caught.value


@pytest.mark.parametrize("suffix", [".mp4", ".avi", ".mov", ".mkv"])
def test_samples_evenly_over_the_whole_film(tmp_path: Path, suffix: str) -> None:
    video = sample(write_clip(tmp_path / f"clip{suffix}", frames=60))

    assert video.frames.shape == (16, 24, 32, 3)
    assert video.frames.dtype == np.uint8
    assert video.source.frames == 60
    assert (video.source.width, video.source.height) == (64, 48)
    assert video.source.seconds == pytest.approx(2.4, abs=0.01)
    assert video.source.format == suffix[1:]
    assert video.warnings == []
    brightness = video.frames[:, 18, 24].mean(axis=1)
    assert np.diff(brightness) == pytest.approx(215 / 15, abs=6)
    assert np.diff(video.times) == pytest.approx(59 / 25 / 15, abs=0.05)


def test_pictures_are_rgb(tmp_path: Path) -> None:
    video = sample(write_clip(tmp_path / "clip.avi"))

    red, green, blue = video.frames[0, 2, 2]
    assert red > 200 > 80 > max(green, blue)


def test_long_films_are_thinned_evenly(tmp_path: Path) -> None:
    path = write_clip(tmp_path / "clip.avi", frames=700)

    trusted = sample(path)
    content = bytearray(path.read_bytes())
    _set_avi_frames(content, 2**31 - 1)
    lying = tmp_path / "lying.avi"
    lying.write_bytes(content)
    counted = sample(lying)

    assert trusted.source.frames == counted.source.frames == 700
    for video in (trusted, counted):
        assert np.diff(video.times) == pytest.approx(699 / 25 / 15, abs=0.7)
        assert video.times[-1] == pytest.approx(699 / 25, abs=0.7)


def test_a_film_shorter_than_the_sample_repeats_frames(tmp_path: Path) -> None:
    video = sample(write_clip(tmp_path / "clip.mp4", frames=20), count=48)

    assert video.frames.shape[0] == 48
    assert (np.diff(video.times) >= 0).all()
    assert len(np.unique(video.times)) == 20


def test_the_same_file_gives_the_same_frames(tmp_path: Path) -> None:
    path = write_clip(tmp_path / "clip.mp4")

    assert np.array_equal(sample(path).frames, sample(path).frames)


def test_the_name_does_not_matter(tmp_path: Path) -> None:
    path = write_clip(tmp_path / "clip.mp4").rename(tmp_path / "video")

    assert sample(path).source.format == "mp4"


def test_progress_runs_forward_to_one_and_may_stop_the_work(tmp_path: Path) -> None:
    path = write_clip(tmp_path / "clip.mp4", frames=300, size=(640, 480))
    seen: list[tuple[str, float]] = []

    sample_frames(path, 16, (32, 24), on_progress=lambda stage, share: seen.append((stage, share)))
    assert seen == sorted(seen)
    assert seen[0][0] == "decoding"
    assert seen[-1] == ("decoding", 1.0)
    assert len(seen) > 2

    class CancelledError(Exception):
        pass

    def cancel(_stage: str, _share: float) -> None:
        raise CancelledError

    with pytest.raises(CancelledError):
        sample_frames(path, 16, (32, 24), on_progress=cancel)


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "DAMAGED"),
        (b"Dear judges, this is a dive.\n" * 40, "UNSUPPORTED"),
        (b"\x89PNG\r\n\x1a\n" + bytes(2000), "UNSUPPORTED"),
        (b"#EXTM3U\n#EXTINF:1,\nsecret.ts\n", "UNSUPPORTED"),
        (b"ffconcat version 1.0\nfile '/etc/hostname'\n", "UNSUPPORTED"),
        (b"RIFF\x00\x10\x00\x00AVI " + bytes(4000), "DAMAGED"),
        (b"\x00\x00\x00\x18ftypmp42" + bytes(4000), "DAMAGED"),
    ],
)
def test_what_is_no_video_is_turned_away(tmp_path: Path, content: bytes, code: str) -> None:
    path = tmp_path / "upload"
    path.write_bytes(content)

    assert rejection(path).code == code


def test_half_a_film_is_damaged(tmp_path: Path) -> None:
    for suffix in (".mp4", ".avi"):
        content = write_clip(tmp_path / f"clip{suffix}", frames=80).read_bytes()
        half = tmp_path / f"half{suffix}"
        half.write_bytes(content[: len(content) // 2])

        assert rejection(half).code == "DAMAGED"


def test_a_small_missing_tail_is_only_noted(tmp_path: Path) -> None:
    path = write_clip(tmp_path / "clip.avi", frames=100)
    content = path.read_bytes()
    path.write_bytes(content[: round(len(content) * 0.91)])

    video = sample(path)

    assert 85 <= video.source.frames < 98
    assert len(video.warnings) == 1
    assert "could not be decoded" in video.warnings[0]


@pytest.mark.parametrize(
    ("limits", "code"),
    [
        (VideoLimits(min_frames=61), "TOO_SHORT"),
        (VideoLimits(max_seconds=2.0), "TOO_LONG"),
        (VideoLimits(max_frames=59), "TOO_LONG"),
        (VideoLimits(max_bytes=1000), "TOO_LARGE"),
        (VideoLimits(max_pixels=64 * 48 - 1), "TOO_MANY_PIXELS"),
        (VideoLimits(decode_seconds=0.0), "OUT_OF_TIME"),
    ],
)
def test_each_limit_has_its_code(tmp_path: Path, limits: VideoLimits, code: str) -> None:
    assert rejection(write_clip(tmp_path / "clip.mp4", frames=60), limits).code == code


def test_limits_are_kept_exactly(tmp_path: Path) -> None:
    exact = VideoLimits(min_frames=60, max_frames=60, max_seconds=2.4, max_pixels=64 * 48)

    assert sample(write_clip(tmp_path / "clip.mp4", frames=60), limits=exact).source.frames == 60


def test_a_film_without_a_picture_is_named_so(tmp_path: Path) -> None:
    sound = b"\x00\x00\x00\x08hdlr" + bytes(4) + b"soun"
    path = tmp_path / "sound.mp4"
    path.write_bytes(
        b"\x00\x00\x00\x10ftypmp42" + bytes(4) + struct.pack(">I", 8 + len(sound)) + b"moov" + sound + bytes(64)
    )

    assert rejection(path).code == "NO_VIDEO_STREAM"


def test_a_pipe_is_read_to_its_end(tmp_path: Path) -> None:
    content = write_clip(tmp_path / "clip.avi").read_bytes()
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    writer = threading.Thread(target=lambda: pipe.write_bytes(content))
    writer.start()

    video = sample(pipe)

    writer.join()
    assert video.source.frames == 60


def test_an_endless_device_is_too_large() -> None:
    assert rejection(Path("/dev/zero"), VideoLimits(max_bytes=1 << 20)).code == "TOO_LARGE"


def test_the_decoder_is_quiet(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    content = bytearray(write_clip(tmp_path / "clip.mp4", frames=60).read_bytes())
    capfd.readouterr()
    for place in range(1000, len(content) - 4000, 700):
        content[place] ^= 0xFF
    path = tmp_path / "broken.mp4"
    path.write_bytes(content)
    with suppress(VideoRejected):
        sample(path)

    assert capfd.readouterr().err == ""


@pytest.mark.skipif(not REAL.exists(), reason="the real clip is not on this machine")
def test_the_real_clip_is_read_whole() -> None:
    video = sample_frames(REAL, 48, (112, 80))

    assert video.source.frames == 103
    assert video.source.seconds == pytest.approx(103 / 30, abs=0.01)
    assert video.warnings == []


def _set_avi_frames(content: bytearray, count: int) -> None:
    """Overwrite dwTotalFrames of `avih` and dwLength of the stream header."""
    main = content.index(b"avih")
    content[main + 24 : main + 28] = struct.pack("<I", count)
    stream = content.index(b"strh")
    content[stream + 40 : stream + 44] = struct.pack("<I", count)
