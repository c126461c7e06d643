"""One dive as telephones, cameras, editors and messengers would hand it over: each must score as its plain twin.

Written with PyAV's own encoders and muxers, so that no other program is needed.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import av
import numpy as np
from av.audio.stream import AudioStream
from av.stream import Disposition
from av.video.stream import VideoStream
from numpy.typing import NDArray

from tests.corpus.writing import display_matrix
from tests.unit.video.test_colour import MATRICES, as_hlg, as_pq
from tests.unit.video.test_geometry import WAYS

Picture = NDArray[np.uint8]
X264 = {"crf": "10", "preset": "veryfast"}
X265 = {"crf": "8", "preset": "ultrafast", "x265-params": "log-level=none:pools=1"}
FINE = {"qmin": "2", "qmax": "3"}
VP9 = {"crf": "10", "b": "0", "cpu-used": "8"}


@dataclass(frozen=True)
class Dive:
    """Pictures, uint8 RGB [H, W, 3], `rate` a second."""

    pictures: Sequence[Picture]
    rate: int


@dataclass(frozen=True)
class Device:
    """How one device writes a dive. `beside`: another picture track, its frames a second; 0 is a single still."""

    name: str
    codec: str = "libx264"
    container: str | None = None
    options: dict[str, str] = field(default_factory=lambda: X264)
    muxing: dict[str, str] = field(default_factory=dict)
    pix_fmt: str = "yuv420p"
    way: str = "as stored"
    beside: int | None = None
    beside_flag: int = 0
    sound: str | None = None
    sound_share: float = 1.0
    times: Callable[[int], list[int]] | None = None
    """Milliseconds of the pictures that are written, by the number of pictures and the rate 25; others are left out."""
    transfer: Callable[[Any], Any] | None = None
    colour: tuple[str, int, int, bool] | None = None
    """Matrix, transfer, primaries, full range."""
    after: bytes = b""


def write(dive: Dive, device: Device, path: Path) -> None:
    """Write `dive` to `path` as `device` does."""
    matrix, lay = WAYS[device.way]
    with av.open(str(path), "w", format=device.container, options=device.muxing) as opened:
        beside = _beside(opened, device) if device.beside is not None else None
        stored = lay(dive.pictures[0])
        stream = opened.add_stream(device.codec, rate=1000 if device.times else dive.rate)
        assert isinstance(stream, VideoStream)
        stream.height, stream.width = stored.shape[:2]
        stream.pix_fmt, stream.options = device.pix_fmt, dict(device.options)
        if device.way != "as stored":
            stream.set_display_matrix(display_matrix(*matrix))
        if device.colour:
            context = stream.codec_context
            context.colorspace, context.color_range = MATRICES[device.colour[0]][2], 2 if device.colour[3] else 1
            context.color_trc, context.color_primaries = device.colour[1:3]
        if beside is not None:
            stream.disposition = Disposition.default
        tone = opened.add_stream(device.sound, rate=48_000, layout="stereo") if device.sound else None
        at = device.times(len(dive.pictures)) if device.times else list(range(len(dive.pictures)))
        for number, (picture, stamp) in enumerate(zip(dive.pictures, at, strict=True)):
            if stamp < 0:
                continue
            frame = _frame(np.ascontiguousarray(lay(picture)), device)
            frame.pts = stamp
            opened.mux(stream.encode(frame))
            if beside is not None and (number == 0 or (device.beside and number % (dive.rate // device.beside) == 0)):
                _add_beside(opened, beside, number * (device.beside or 1) // dive.rate)
        opened.mux(stream.encode())
        if beside is not None:
            opened.mux(beside.encode())
        if tone is not None:
            _add_sound(opened, tone, device.sound_share * len(dive.pictures) / dive.rate)
    if device.after:
        path.write_bytes(path.read_bytes() + device.after)


def _frame(picture: Picture, device: Device) -> av.VideoFrame:
    if device.transfer is None and device.colour is None:
        return av.VideoFrame.from_ndarray(picture, format="rgb24")
    assert device.colour is not None
    matrix, transfer, primaries, full = device.colour
    signal = picture / 255.0
    rgb = device.transfer(signal) if device.transfer else signal
    kr, kb, name = MATRICES[matrix]
    luma = rgb @ [kr, 1 - kr - kb, kb]
    chroma = [(rgb[..., 2] - luma) / (2 * (1 - kb)), (rgb[..., 0] - luma) / (2 * (1 - kr))]
    bits = 10 if "10" in device.pix_fmt else 8
    top, scale = (1 << bits) - 1, 1 << (bits - 8)
    planes = [luma * top if full else (16 + 219 * luma) * scale]
    planes += [part * (top if full else 224 * scale) + 128 * scale for part in chroma]
    frame = av.VideoFrame(picture.shape[1], picture.shape[0], device.pix_fmt)
    kind: type = np.uint8 if bits == 8 else np.uint16
    for plane, values in zip(frame.planes, planes, strict=True):
        rows: NDArray[Any] = np.zeros((picture.shape[0], plane.line_size // np.dtype(kind).itemsize), dtype=kind)
        rows[:, : picture.shape[1]] = np.clip(np.rint(values), 0, top)
        plane.update(rows.tobytes())
    frame.colorspace, frame.color_range = name, 2 if full else 1
    frame.color_trc, frame.color_primaries = transfer, primaries
    return frame


def _beside(opened: av.container.OutputContainer, device: Device) -> VideoStream:
    stream = opened.add_stream("mpeg2video" if device.container == "mpegts" else "mjpeg", rate=device.beside or 25)
    assert isinstance(stream, VideoStream)
    stream.width, stream.height = 96, 72
    stream.pix_fmt = "yuv420p" if device.container == "mpegts" else "yuvj420p"
    stream.disposition = Disposition(device.beside_flag)
    return stream


def _add_beside(opened: av.container.OutputContainer, stream: VideoStream, number: int) -> None:
    picture = av.VideoFrame.from_ndarray(np.full((72, 96, 3), 90, dtype=np.uint8), format="rgb24")
    picture.pts = number
    opened.mux(stream.encode(picture))


def _add_sound(opened: av.container.OutputContainer, tone: object, seconds: float) -> None:
    assert isinstance(tone, AudioStream)
    kind = "s16" if tone.codec_context.name.startswith("pcm") else "fltp"
    for start in range(0, int(48_000 * seconds), 960):
        shape = (1, 1920) if kind == "s16" else (2, 960)
        frame = av.AudioFrame.from_ndarray(
            np.zeros(shape, np.int16 if kind == "s16" else np.float32), format=kind, layout="stereo"
        )
        frame.sample_rate, frame.pts = 48_000, start
        opened.mux(tone.encode(frame))
    opened.mux(tone.encode())


def _every_third_left_out(count: int) -> list[int]:
    return [-1 if number % 3 == 1 and number else 40 * number for number in range(count)]


def _later(count: int) -> list[int]:
    return [70_000 + 40 * number for number in range(count)]


M2TS = {"mpegts_m2ts_mode": "1"}
INTERLACED = {**X264, "flags": "+ilme+ildct", "x264-params": "tff=1"}
HLG, PQ = ("bt2020", 18, 9, False), ("bt2020", 16, 9, False)

DEVICES = [
    *(Device(f"telephone, {way}.mov", way=way) for way in WAYS if way != "as stored"),
    *(Device(f"editor, {way}.mkv", container="matroska", way=way) for way in ("mirrored", "transposed", "half turn")),
    Device("telephone, selfie in HEVC.mov", "libx265", options=X265, way="mirrored"),
    *(
        Device(f"a still first.{ending}", container=container, beside=0, options={**X264, "bf": "0"})
        for ending, container in (("mp4", "mp4"), ("mov", "mov"), ("mkv", "matroska"), ("avi", "avi"))
    ),
    *(
        Device(f"a preview first.{ending}", container=container, beside=5, options={**X264, "bf": "0"})
        for ending, container in (("mp4", "mp4"), ("mkv", "matroska"), ("avi", "avi"), ("ts", "mpegts"))
    ),
    Device("a cover.mp4", beside=0, beside_flag=int(Disposition.attached_pic)),
    Device("BT.709.mp4", pix_fmt="yuv444p", colour=("bt709", 1, 1, False)),
    Device("BT.709, full range.mp4", pix_fmt="yuv444p", colour=("bt709", 1, 1, True)),
    Device("BT.601.mp4", pix_fmt="yuv444p", colour=("bt601", 6, 6, False)),
    Device("BT.601, full range.mp4", pix_fmt="yuv444p", colour=("bt601", 6, 6, True)),
    Device("HLG.mov", "libx265", options=X265, pix_fmt="yuv444p10le", transfer=as_hlg, colour=HLG),
    Device("PQ.mov", "libx265", options=X265, pix_fmt="yuv444p10le", transfer=as_pq, colour=PQ),
    Device(
        "HLG, portrait.mov",
        "libx265",
        options=X265,
        pix_fmt="yuv444p10le",
        transfer=as_hlg,
        colour=HLG,
        way="quarter turn right",
    ),
    Device("ten bits.mp4", "libx265", options=X265, pix_fmt="yuv420p10le"),
    Device("camcorder.mts", container="mpegts", muxing=M2TS, options=INTERLACED, sound="ac3"),
    Device("camcorder, progressive.m2ts", container="mpegts", muxing=M2TS, sound="aac"),
    Device("broadcast.ts", "mpeg2video", container="mpegts", options=FINE, sound="mp2"),
    Device("HEVC.ts", "libx265", container="mpegts", options=X265),
    Device("HEVC.mp4", "libx265", options=X265),
    Device("AV1.mp4", "libsvtav1", options={"preset": "12", "crf": "15", "svtav1-params": "lp=1"}),
    Device("VP8.webm", "libvpx", options={"crf": "4", "b": "4000000", "cpu-used": "8"}),
    Device("VP9.webm", "libvpx-vp9", options=VP9),
    Device("MPEG-4.mp4", "mpeg4", options=FINE),
    Device("MPEG-4.avi", "mpeg4", options=FINE),
    Device("MPEG-4 that a messenger wrote.3gp", "mpeg4", options=FINE),
    Device("MJPEG.avi", "mjpeg", pix_fmt="yuvj420p", options=FINE),
    Device("MJPEG.mov", "mjpeg", pix_fmt="yuvj422p", options=FINE),
    Device("ProRes.mov", "prores_ks", pix_fmt="yuv422p10le", options={}),
    Device("fragments.mp4", muxing={"movflags": "frag_keyframe+empty_moov"}),
    Device("a fragment a frame.mp4", muxing={"movflags": "frag_every_frame+empty_moov"}),
    Device("index first.mp4", muxing={"movflags": "faststart"}),
    Device("Opus.mp4", sound="libopus"),
    Device("sound that goes on.mkv", container="matroska", sound="pcm_s16le", sound_share=3),
    Device("sound that goes on.avi", container="avi", options={**X264, "bf": "0"}, sound="pcm_s16le", sound_share=3),
    Device("sound that goes on.mov", sound="aac", sound_share=3),
    Device("sound that stops.mkv", container="matroska", sound="pcm_s16le", sound_share=0.2),
    Device("screen recording.mp4", times=_every_third_left_out),
    Device("screen recording.mkv", container="matroska", times=_every_third_left_out),
    Device("begins late.mkv", container="matroska", times=_later),
    Device("a film behind a motion photo's end.mp4", after=bytes(200_000)),
]
