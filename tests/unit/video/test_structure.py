"""What a file says of itself: how much that may cost, and whose ends count."""

import struct
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import av
import numpy as np
import pytest
from av.audio.stream import AudioStream
from av.video.stream import VideoStream

from divescore.video.errors import VideoRejected
from divescore.video.parts import MOST_PARTS, MOST_TRACKS
from divescore.video.sampling import sample_frames
from divescore.video.structure import read_structure, unread_share
from tests.corpus.writing import box, chunk, element, riff
from tests.unit.video.clips import counting_frame

SECONDS, MEGABYTES = 0.5, 64
LARGEST = 200 * 1024 * 1024
EBML = element(0x1A45DFA3, element(0x4282, b"matroska"))


def many_boxes() -> bytes:
    return box(b"ftyp", b"isom", bytes(4)) + struct.pack(">I4s", 8, b"free") * (LARGEST // 8 - 4)


def many_boxes_in_a_movie() -> bytes:
    return box(b"ftyp", b"isom", bytes(4)) + box(b"moov", struct.pack(">I4s", 8, b"free") * (LARGEST // 8 - 9))


def spread_boxes() -> bytes:
    step = LARGEST // (MOST_PARTS - 10)
    return box(b"ftyp", b"isom", bytes(4)) + box(b"free", bytes(step - 8)) * (MOST_PARTS - 20)


def many_voids() -> bytes:
    return EBML + b"\x18\x53\x80\x67\x01" + b"\xff" * 7 + b"\xec\x80" * (LARGEST // 2 - 40)


def many_top_voids() -> bytes:
    return EBML + b"\xec\x80" * (LARGEST // 2 - 40)


def many_empty_tracks() -> bytes:
    return box(b"ftyp", b"isom", bytes(4)) + box(b"moov", struct.pack(">I4s", 8, b"trak") * 2_500_000)


def tracks(count: int) -> bytes:
    handler = box(b"mdia", box(b"hdlr", bytes(8), b"vide", bytes(13)))
    return box(b"ftyp", b"isom", bytes(4)) + box(b"moov", box(b"trak", handler) * count)


def stream_headers(count: int) -> bytes:
    return riff(b"AVI ", riff(b"hdrl", chunk(b"strh", b"") * count), b"RIFF")


def many_chunks() -> bytes:
    return riff(b"AVI ", chunk(b"JUNK", b"") * (LARGEST // 8 - 8), b"RIFF")


def many_matroska_tracks() -> bytes:
    return EBML + element(0x18538067, element(0x1654AE6B, element(0xAE, b"") * 200_000))


COSTLY: dict[str, tuple[Callable[[], bytes], str, str]] = {
    "8-byte boxes": (many_boxes, "mp4", "DAMAGED"),
    "8-byte boxes in a movie": (many_boxes_in_a_movie, "mp4", "DAMAGED"),
    "boxes all over the file": (spread_boxes, "mp4", ""),
    "void elements": (many_voids, "mkv", "DAMAGED"),
    "void elements on top": (many_top_voids, "mkv", "DAMAGED"),
    "empty tracks": (many_empty_tracks, "mp4", "UNSUPPORTED"),
    "2,000 tracks": (lambda: tracks(2000), "mp4", "UNSUPPORTED"),
    "262,144 stream headers": (lambda: stream_headers(262_144), "avi", "UNSUPPORTED"),
    "chunks": (many_chunks, "avi", "DAMAGED"),
    "Matroska tracks": (many_matroska_tracks, "mkv", "UNSUPPORTED"),
}
MEASURED = """
import mmap, resource, sys, time
from divescore.video.errors import VideoRejected
from divescore.video.structure import read_structure, unread_share
with open(sys.argv[1], "rb") as file, mmap.mmap(file.fileno(), 0, prot=mmap.PROT_READ) as data:
    before, began, code = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, time.process_time(), ""
    try:
        read_structure(data, sys.argv[2])
        unread_share(data, sys.argv[2], 0)
    except VideoRejected as error:
        code = error.code.value
    spent = time.process_time() - began
print(code, spent, (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024)
"""


@pytest.mark.parametrize("name", COSTLY)
def test_structure_costs_little_whatever_it_is(tmp_path: Path, name: str) -> None:
    make, container, code = COSTLY[name]
    path = tmp_path / "film"
    path.write_bytes(make())
    assert path.stat().st_size <= LARGEST

    run = subprocess.run(
        [sys.executable, "-c", MEASURED, str(path), container], capture_output=True, text=True, check=True
    )

    ended, seconds, megabytes = run.stdout.rsplit(maxsplit=2) if code else ["", *run.stdout.split()]
    assert ended.strip() == code
    assert float(seconds) < SECONDS
    assert float(megabytes) < MEGABYTES


@pytest.mark.parametrize("name", [name for name, case in COSTLY.items() if case[2]])
def test_a_costly_file_is_refused_at_once(tmp_path: Path, name: str) -> None:
    make, container, code = COSTLY[name]
    if "tracks" not in name and "headers" not in name:
        pytest.skip("large; the structure alone is measured above")
    path = tmp_path / f"film.{container}"
    path.write_bytes(make())

    with pytest.raises(VideoRejected) as caught:
        sample_frames(path, 4, (32, 24))

    assert caught.value.code == code
    assert str(MOST_TRACKS) in caught.value.message


def test_a_film_in_a_fragment_a_frame_is_no_cost(tmp_path: Path) -> None:
    path = tmp_path / "film.mp4"
    write_with_sound(path, "mp4", picture=60, sound=60, muxing={"movflags": "frag_every_frame+empty_moov"})

    assert sample_frames(path, 4, (32, 24)).source.frames == 60


def write_with_sound(
    path: Path, container: str, *, picture: int, sound: int, muxing: dict[str, str] | None = None
) -> None:
    """A film of `picture` frames at 25 a second, and uncompressed sound of as many twenty-fifths as `sound` says."""
    with av.open(str(path), "w", format=container, options=muxing or {}) as opened:
        stream = opened.add_stream("libx264", rate=25)
        assert isinstance(stream, VideoStream)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        stream.options = {"bf": "0"}
        codec = {"mp4": "aac", "mov": "pcm_s16le", "mpegts": "aac"}.get(container, "pcm_s16le")
        tone = opened.add_stream(codec, rate=48_000, layout="stereo")
        assert isinstance(tone, AudioStream)
        for number in range(max(picture, sound)):
            if number < picture:
                frame = av.VideoFrame.from_ndarray(counting_frame(number, picture, 64, 48), format="bgr24")
                frame.pts = number
                opened.mux(stream.encode(frame))
            if number < sound:
                kind = "fltp" if codec == "aac" else "s16"
                shape = (2, 1920) if codec == "aac" else (1, 3840)
                wave = np.zeros(shape, dtype=np.float32 if codec == "aac" else np.int16)
                noise = av.AudioFrame.from_ndarray(wave, format=kind, layout="stereo")
                noise.sample_rate, noise.pts = 48_000, number * 1920
                opened.mux(tone.encode(noise))
        opened.mux(stream.encode())
        opened.mux(tone.encode())


@pytest.mark.parametrize("container", ["mp4", "mov", "avi", "matroska", "mpegts"])
@pytest.mark.parametrize(("picture", "sound"), [(50, 150), (50, 10), (50, 50)])
def test_sound_that_ends_elsewhere_cuts_nothing_off(tmp_path: Path, container: str, picture: int, sound: int) -> None:
    path = tmp_path / "film"
    write_with_sound(path, container, picture=picture, sound=sound)

    video = sample_frames(path, 8, (32, 24))

    assert video.warnings == []
    assert video.source.frames == picture
    assert video.source.seconds == pytest.approx(picture / 25, abs=0.05)


def _riff_promises_more(content: bytes) -> bytes:
    return content[:4] + struct.pack("<I", 2 * len(content)) + content[8:]


@pytest.mark.parametrize(
    ("container", "spoil"),
    [
        ("mp4", lambda content: content + bytes(3 * len(content))),
        ("mp4", lambda content: content + box(b"free", bytes(9)) + struct.pack(">I4s", 2**31, b"junk")),
        ("avi", _riff_promises_more),
        ("avi", lambda content: content + bytes(3 * len(content))),
        ("matroska", lambda content: content + bytes(100)),
        ("matroska", lambda content: content + element(0x1941A469, bytes(3 * len(content)))),
    ],
)
def test_what_lies_after_a_whole_film_or_does_not_is_no_loss(
    tmp_path: Path, container: str, spoil: Callable[[bytes], bytes]
) -> None:
    path = tmp_path / "film"
    write_with_sound(path, container, picture=50, sound=80)
    path.write_bytes(spoil(path.read_bytes()))

    video = sample_frames(path, 8, (32, 24))

    assert video.warnings == []
    assert video.source.frames == 50


def test_an_index_first_film_that_lost_sound_only_is_whole(tmp_path: Path) -> None:
    path = tmp_path / "film.mov"
    write_with_sound(path, "mov", picture=50, sound=150, muxing={"movflags": "faststart"})
    path.write_bytes(path.read_bytes()[:-500_000])

    video = sample_frames(path, 8, (32, 24))

    assert (video.source.frames, video.warnings) == (50, [])


def test_an_index_first_film_that_lost_pictures_is_not(tmp_path: Path) -> None:
    path = tmp_path / "film.mov"
    write_with_sound(path, "mov", picture=150, sound=150, muxing={"movflags": "faststart"})
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 2])

    with pytest.raises(VideoRejected, match=r"Only 3\.\d of about 6\.\d seconds"):
        sample_frames(path, 8, (32, 24))


def test_unread_bytes_are_searched_in_pieces() -> None:
    data = bytes(3 << 20) + b"idx1" + bytes(1 << 20)

    assert unread_share(data, "avi", 0) == pytest.approx(3 / 4, abs=1e-4)
    across = bytes((1 << 20) - 2) + b"idx1" + bytes(100)
    assert unread_share(across, "avi", 0) == pytest.approx(1, abs=1e-3)
    assert read_structure(b"RIFF\0\0\0\0AVI ", "avi").sizes is None
