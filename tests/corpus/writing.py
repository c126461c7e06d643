"""Small films in any codec and container, written with PyAV's encoders, and ways to spoil them."""

import struct
from collections.abc import Callable, Sequence
from pathlib import Path

import av
import numpy as np
from av.audio.stream import AudioStream
from av.container import OutputContainer
from av.video.stream import VideoStream
from numpy.typing import NDArray

from tests.unit.video.clips import counting_frame

FRAMES, RATE = 48, 25


def write_film(
    path: Path,
    codec: str,
    *,
    frames: int = FRAMES,
    size: tuple[int, int] = (64, 48),
    rate: int = RATE,
    pix_fmt: str | None = None,
    container: str | None = None,
    options: dict[str, str] | None = None,
    muxing: dict[str, str] | None = None,
    at: Sequence[int] | None = None,
    rotation: int = 0,
    matrix: tuple[int, int, int, int] | None = None,
    sound: str | None = None,
    draw: Callable[[int, int, int, int], NDArray[np.uint8]] | None = None,
) -> None:
    """A film of counting frames; `at`: milliseconds of each frame where they are not even.

    `matrix`: a, b, c, d of the display matrix; `draw`: uint8 BGR [H, W, 3] by number, total, width, height.
    """
    with av.open(str(path), "w", format=container, options=muxing or {}) as opened:
        tone = opened.add_stream(sound, rate=8000, layout="mono") if sound else None
        stream = opened.add_stream(codec, rate=1000 if at else rate)
        assert isinstance(stream, VideoStream)
        stream.width, stream.height = size
        stream.pix_fmt = pix_fmt or ("yuvj420p" if codec == "mjpeg" else "yuv420p")
        stream.options = {**(options or {})}
        stream.codec_context.thread_count = 1
        if rotation:
            stream.set_display_rotation(rotation)
        if matrix:
            stream.set_display_matrix(display_matrix(*matrix))
        for index in range(frames):
            drawn = counting_frame(index, frames, *size) if draw is None else draw(index, frames, *size)
            picture = av.VideoFrame.from_ndarray(drawn, format="bgr24")
            picture.pts = at[index] if at else index
            opened.mux(stream.encode(picture))
        opened.mux(stream.encode())
        if tone is not None:
            _write_tone(opened, tone, frames / rate)


def rewrite(film: Path, target: Path, codec: str) -> None:
    """The pictures of `film` again, in another codec and the container that the target's name says."""
    with av.open(str(film), "r") as source, av.open(str(target), "w") as opened:
        [taken] = source.streams.video
        stream = opened.add_stream(codec, rate=taken.average_rate)
        assert isinstance(stream, VideoStream)
        stream.width, stream.height = taken.width, taken.height
        stream.pix_fmt = "yuvj420p" if codec == "mjpeg" else "yuv420p"
        for number, frame in enumerate(source.decode(video=0)):
            picture = av.VideoFrame.from_ndarray(frame.to_ndarray(format="bgr24"), format="bgr24")
            picture.pts = number
            opened.mux(stream.encode(picture))
        opened.mux(stream.encode())


def display_matrix(a: int, b: int, c: int, d: int) -> list[int]:
    """The nine numbers of a display matrix, in fixed point."""
    return [a << 16, b << 16, 0, c << 16, d << 16, 0, 0, 0, 1 << 30]


def write_sound(path: Path, codec: str, container: str | None = None) -> None:
    """A second of a tone, without a picture."""
    with av.open(str(path), "w", format=container) as opened:
        _write_tone(opened, opened.add_stream(codec, rate=8000, layout="mono"), 1.0)


def _write_tone(opened: OutputContainer, stream: object, seconds: float) -> None:
    assert isinstance(stream, AudioStream)
    size = 1024
    for start in range(0, int(8000 * seconds), size):
        wave = 8000 * np.sin(np.arange(start, start + size) / 8)
        frame = av.AudioFrame.from_ndarray(wave.astype(np.int16)[None], format="s16", layout="mono")
        frame.sample_rate, frame.pts = 8000, start
        opened.mux(stream.encode(frame))
    opened.mux(stream.encode())


def riff(kind: bytes, content: bytes, name: bytes = b"LIST") -> bytes:
    """A RIFF list, or the whole file when `name` is RIFF."""
    return name + struct.pack("<I", len(content) + 4) + kind + content


def chunk(name: bytes, content: bytes) -> bytes:
    """A RIFF chunk, padded to an even length."""
    return name + struct.pack("<I", len(content)) + content + bytes(len(content) % 2)


def avi(codec: bytes, size: tuple[int, int], pictures: Sequence[bytes], claimed: int | None = None) -> bytes:
    """An AVI with one track, built by hand so that it may claim whatever it likes."""
    count = len(pictures) if claimed is None else claimed
    main = struct.pack("<14I", 40_000, 0, 0, 0x10, count, 0, 1, 1 << 20, *size, 0, 0, 0, 0)
    stream = (
        b"vids" + codec + struct.pack("<5I", 0, 0, 0, 1, 25) + struct.pack("<5I4H", 0, count, 1 << 20, 0, 0, *[0] * 4)
    )
    form = struct.pack("<IiiHH4s5I", 40, *size, 1, 24, codec, 0, 0, 0, 0, 0)
    header = riff(b"hdrl", chunk(b"avih", main) + riff(b"strl", chunk(b"strh", stream) + chunk(b"strf", form)))
    movie = riff(b"movi", b"".join(chunk(b"00dc", picture) for picture in pictures))
    return riff(b"AVI ", header + movie, b"RIFF")


def box(name: bytes, *content: bytes) -> bytes:
    """An ISO media box."""
    body = b"".join(content)
    return struct.pack(">I4s", len(body) + 8, name) + body


def element(name: int, content: bytes) -> bytes:
    """An EBML element with an eight-byte size."""
    return name.to_bytes((name.bit_length() + 7) // 8, "big") + (0x01 << 56 | len(content)).to_bytes(8, "big") + content


def flipped(content: bytes, share: float, start: int, seed: int = 1) -> bytes:
    """`content` with random bytes in place of a share of those after `start`."""
    spoiled = bytearray(content)
    random = np.random.default_rng(seed)
    for place in random.integers(start, len(content), int(share * (len(content) - start))):
        spoiled[place] = int(random.integers(256))
    return bytes(spoiled)
