"""The corpus: what people film and what attackers craft, each file with the end that it must come to."""

import struct
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from divescore.video.limits import VideoLimits
from tests.corpus.writing import FRAMES, avi, box, element, flipped, write_film, write_sound

LIMITS = VideoLimits(decode_seconds=20.0)
SVT = {"preset": "12", "svtav1-params": "lp=1"}
INTERLACED = {"flags": "+ilme+ildct", "x264-params": "tff=1"}
X265 = {"x265-params": "log-level=none:pools=1"}


@dataclass(frozen=True)
class Case:
    """A file and what must become of it: `code`, or None for pictures (`frames` of `size`, `seconds` long)."""

    name: str
    make: Callable[[Path], object]
    code: str | None = None
    size: tuple[int, int] = (64, 48)
    frames: int = FRAMES
    seconds: float | None = FRAMES / 25
    warned: bool = False
    even: bool = True
    limits: VideoLimits = LIMITS


def _film(name: str, codec: str, *, container: str | None = None, **kept: object) -> Case:
    expected = {key: kept.pop(key) for key in ("code", "seconds", "even", "limits", "frames") if key in kept}
    frames = expected.get("frames", FRAMES)
    size = kept.get("size", (64, 48))
    shown = size[::-1] if abs(int(str(kept.get("rotation", 0)))) % 180 == 90 else size  # type: ignore[index]
    expected.setdefault("seconds", int(str(frames)) / int(str(kept.get("rate", 25))))
    return Case(
        name,
        lambda path: write_film(path, codec, container=container or name.rsplit(".", 1)[1], frames=frames, **kept),  # type: ignore[arg-type]
        size=shown,  # type: ignore[arg-type]
        **expected,  # type: ignore[arg-type]
    )


def _bytes(name: str, content: bytes | Callable[[], bytes], code: str | None, **expected: object) -> Case:
    make = content if callable(content) else lambda: content
    return Case(name, lambda path: path.write_bytes(make()), code, **expected)  # type: ignore[arg-type]


def _spoiled(
    name: str,
    codec: str,
    spoil: Callable[[bytes], bytes],
    code: str | None,
    muxing: dict[str, str] | None = None,
    options: dict[str, str] | None = None,
    **expected: object,
) -> Case:
    def make(path: Path) -> None:
        write_film(
            path, codec, container=name.rsplit(".", 1)[1].replace("mkv", "matroska"), muxing=muxing, options=options
        )
        path.write_bytes(spoil(path.read_bytes()))

    return Case(name, make, code, **expected)  # type: ignore[arg-type]


def _sound(name: str, codec: str, container: str) -> Case:
    return Case(name, lambda path: write_sound(path, codec, container), "NO_VIDEO_STREAM")


def _cut(share: float) -> Callable[[bytes], bytes]:
    return lambda content: content[: round(share * len(content))]


def _with(offset_of: bytes, skip: int, value: bytes) -> Callable[[bytes], bytes]:
    """Overwrites what lies `skip` bytes after a name."""

    def change(content: bytes) -> bytes:
        place = content.index(offset_of) + skip
        return content[:place] + value + content[place + len(value) :]

    return change


def _both_counts(count: int) -> Callable[[bytes], bytes]:
    value = struct.pack("<I", count)
    return lambda content: _with(b"strh", 40, value)(_with(b"avih", 24, value)(content))


def _jpeg(size: tuple[int, int], shade: int = 128) -> bytes:
    encoded: tuple[bool, np.ndarray] = cv2.imencode(".jpg", np.full((size[1], size[0]), shade, dtype=np.uint8))
    return encoded[1].tobytes()


def _png_bomb(side: int) -> bytes:
    """A grey picture of `side` squared in a few kilobytes."""

    def part(kind: bytes, content: bytes) -> bytes:
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))

    header = struct.pack(">IIBBBBB", side, side, 8, 0, 0, 0, 0)
    squeezed = zlib.compressobj(9)
    rows = b"".join(squeezed.compress(bytes(side + 1)) for _ in range(side)) + squeezed.flush()
    return b"\x89PNG\r\n\x1a\n" + part(b"IHDR", header) + part(b"IDAT", rows) + part(b"IEND", b"")


def _movie(entry: bytes, *, size: tuple[int, int] = (64, 48), references: bytes = b"", samples: int = 1) -> bytes:
    """An MP4 whose single track is described by hand."""
    head = box(b"ftyp", b"isom", bytes(4), b"isommp42")
    described = entry + bytes(24) + struct.pack(">HH", *size) + bytes(50)
    stsd = box(b"stsd", bytes(4), struct.pack(">I", 1), struct.pack(">I", len(described) + 4), described)
    table = box(
        b"stbl",
        stsd,
        box(b"stts", bytes(4), struct.pack(">III", 1, samples, 1)),
        box(b"stsc", bytes(4), struct.pack(">IIII", 1, 1, samples, 1)),
        box(b"stsz", bytes(4), struct.pack(">II", 100, samples)),
        box(b"stco", bytes(4), struct.pack(">II", 1, 40)),
    )
    reference = references or box(b"url ", struct.pack(">I", 1))
    dinf = box(b"dinf", box(b"dref", bytes(4), struct.pack(">I", 1), reference))
    media = box(
        b"mdia",
        box(b"mdhd", bytes(12), struct.pack(">II", 25, samples), bytes(4)),
        box(b"hdlr", bytes(8), b"vide", bytes(13)),
        box(b"minf", box(b"vmhd", bytes(12)), dinf, table),
    )
    track = box(b"trak", box(b"tkhd", bytes(84)), media)
    return head + box(b"moov", box(b"mvhd", bytes(12), struct.pack(">II", 25, samples), bytes(80)), track)


def _mkv_of(width: int, height: int) -> bytes:
    head = element(0x1A45DFA3, element(0x4282, b"matroska"))
    video = element(0xE0, element(0xB0, struct.pack(">I", width)) + element(0xBA, struct.pack(">I", height)))
    track = element(0xAE, element(0xD7, b"\1") + element(0x83, b"\1") + element(0x86, b"V_VP8") + video)
    return head + element(0x18538067, element(0x1654AE6B, track))


def _alias(path: str) -> bytes:
    """A data reference of the old kind: the alias record of a file beside the film."""
    name = path.encode()
    return box(
        b"alis", bytes(4), bytes(150), struct.pack(">HH", 2, len(name)), name + bytes(len(name) % 2), b"\xff\xff"
    )


def references(canary: str, address: str) -> dict[str, bytes]:
    """Files that ask for another file or an address to be opened."""
    here = f"file://{canary}"
    return {
        "playlist.m3u8": f"#EXTM3U\n#EXT-X-TARGETDURATION:5\n#EXTINF:5,\n{canary}\n#EXT-X-ENDLIST\n".encode(),
        "playlist.mp4": f"#EXTM3U\n#EXTINF:5,\n{address}/a.ts\n#EXT-X-ENDLIST\n".encode(),
        "concat.ffconcat": f"ffconcat version 1.0\nfile '{canary}'\n".encode(),
        "concat.mp4": f"ffconcat version 1.0\nfile '{address}/a.mp4'\n".encode(),
        "concat-behind-ftyp.mp4": box(b"ftyp", b"isom", bytes(4))
        + f"\nffconcat version 1.0\nfile '{canary}'\n".encode(),
        "dash.mpd": f'<?xml version="1.0"?><MPD><BaseURL>{address}/</BaseURL></MPD>'.encode(),
        "session.sdp": b"v=0\no=- 0 0 IN IP4 127.0.0.1\nm=video 5004 RTP/AVP 96\n",
        "image2.avi": f"RIFF\0\0\0\0AVI concat:{canary}|{canary}".encode(),
        "url-reference.mov": _movie(b"jpeg", references=box(b"url ", bytes(4), here.encode() + b"\0")),
        "address-reference.mov": _movie(b"jpeg", references=box(b"url ", bytes(4), address.encode() + b"\0")),
        "alias-reference.mov": _movie(b"jpeg", references=_alias(canary)),
        "reference-movie.mov": box(b"ftyp", b"qt  ", bytes(4))
        + box(
            b"moov",
            box(b"rmra", box(b"rmda", box(b"rdrf", bytes(4), b"url ", struct.pack(">I", len(here)), here.encode()))),
        ),
        "linked-segment.mkv": element(0x1A45DFA3, element(0x4282, b"matroska"))
        + element(0x18538067, element(0x1549A966, element(0x3EB923, bytes(16)) + element(0x3E83BB, canary.encode()))),
        "svg.svg": f'<svg xmlns="http://www.w3.org/2000/svg"><image href="{address}/x.png"/></svg>'.encode(),
    }


_FILMED = [
    _film("h264.mp4", "libx264"),
    _film("h264.mov", "libx264"),
    _film("h264.mkv", "libx264", container="matroska"),
    _film("h264.3gp", "libx264"),
    _film("h264.avi", "libx264", options={"bf": "0"}),
    _film("h264-index-first.mp4", "libx264", muxing={"movflags": "faststart"}),
    _film("h264-fragmented.mp4", "libx264", muxing={"movflags": "frag_keyframe+empty_moov"}, options={"g": "12"}),
    _film("h264-10-bit.mp4", "libx264", pix_fmt="yuv420p10le"),
    _film("h264-444.mp4", "libx264", pix_fmt="yuv444p"),
    _film("h264-422.mp4", "libx264", pix_fmt="yuv422p"),
    _film("h264-grey.mp4", "libx264", pix_fmt="gray"),
    _film("h264-interlaced.mp4", "libx264", options=INTERLACED),
    _film("h264-no-b-frames.mp4", "libx264", options={"bf": "0"}),
    _film("h264-portrait.mp4", "libx264", size=(48, 64)),
    _film("h264-turned-left.mp4", "libx264", rotation=90),
    _film("h264-upside-down.mp4", "libx264", rotation=180),
    _film("h264-turned-right.mp4", "libx264", rotation=-90),
    _film("h264-with-sound.mp4", "libx264", sound="aac"),
    _film("h264-120-a-second.mp4", "libx264", rate=120),
    _film("h264-1-a-second.mp4", "libx264", rate=1, frames=20),
    _film("h264-tiny.mp4", "libx264", size=(16, 16)),
    _film("h264-variable.mp4", "libx264", at=[i * 20 + (i > 24) * 60 * (i - 24) for i in range(FRAMES)], seconds=None),
    _film("h264-variable.mkv", "libx264", container="matroska", at=[i * i * 2 for i in range(FRAMES)], seconds=None),
    _film("h264-late-start.mp4", "libx264", at=[90_000 + 40 * i for i in range(FRAMES)]),
    _film("hevc.mp4", "libx265", options=X265),
    _film("hevc-10-bit.mp4", "libx265", options=X265, pix_fmt="yuv420p10le"),
    _film("vp8.webm", "libvpx"),
    _film("vp8-with-sound.webm", "libvpx", sound="libopus"),
    _film("vp9.webm", "libvpx-vp9"),
    _film("vp9-alpha.webm", "libvpx-vp9", pix_fmt="yuva420p"),
    _film("vp9-odd-size.webm", "libvpx-vp9", size=(63, 47)),
    _film("vp8-live.webm", "libvpx", muxing={"live": "1"}),
    _film("av1.mp4", "libsvtav1", options=SVT),
    _film("av1.webm", "libsvtav1", options=SVT),
    _film("mpeg4.mp4", "mpeg4"),
    _film("mpeg4.avi", "mpeg4"),
    _film("mpeg4-b-frames.avi", "mpeg4", options={"bf": "2"}),
    _film("mjpeg.avi", "mjpeg", pix_fmt="yuvj420p"),
    _film("mjpeg-odd-size.avi", "mjpeg", pix_fmt="yuvj444p", size=(61, 45)),
    _film("mjpeg.mov", "mjpeg", pix_fmt="yuvj422p"),
    _film("prores.mov", "prores_ks", pix_fmt="yuv422p10le"),
    _film("prores-alpha.mov", "prores_ks", pix_fmt="yuva444p10le", options={"profile": "4444"}),
    _film("dnxhr.mov", "dnxhd", pix_fmt="yuv422p", options={"profile": "dnxhr_sq"}, size=(256, 120)),
    _film("ffv1.mkv", "ffv1", container="matroska"),
    _film("raw.avi", "rawvideo", pix_fmt="bgr24"),
    _film("png-alpha.mov", "png", pix_fmt="rgba"),
    _film("animation.mov", "qtrle", pix_fmt="argb"),
    _film("mpeg2.mkv", "mpeg2video", container="matroska"),
    _film("mpeg1.mkv", "mpeg1video", container="matroska"),
    _film("h263.3gp", "h263", size=(176, 144)),
    _film("huffyuv.avi", "huffyuv", pix_fmt="yuv422p"),
    _film("msmpeg4.avi", "msmpeg4"),
    _film("wmv2.avi", "wmv2"),
    _film("h264.ts", "libx264", container="mpegts"),
    _film("h264-with-sound.mts", "libx264", container="mpegts", muxing={"mpegts_m2ts_mode": "1"}, sound="aac"),
    _film("h264-interlaced.m2ts", "libx264", container="mpegts", muxing={"mpegts_m2ts_mode": "1"}, options=INTERLACED),
    _film("hevc.ts", "libx265", container="mpegts", options=X265),
    _film("mpeg2.ts", "mpeg2video", container="mpegts"),
]

_LYING = [
    _spoiled(
        "title-in-latin-1.mp4", "libx264", lambda content: content.replace(b"VideoHandler", b"Sprungh\xf6he  "), None
    ),
    _spoiled("title-in-latin-1.mkv", "libvpx", lambda content: content.replace(b"Lavf", b"L\xe4vf"), None),
    _spoiled("counts-nothing.avi", "mjpeg", _both_counts(0), None),
    _spoiled("counts-two-billion.avi", "mjpeg", _both_counts(2**31 - 1), None),
    _spoiled("counts-tenfold.avi", "mjpeg", _both_counts(10 * FRAMES), None),
    _spoiled("lasts-ten-hours.mp4", "mpeg4", _with(b"mdhd", 20, struct.pack(">I", 36_000 * 12_800)), None),
    _spoiled("lasts-nothing.mp4", "mpeg4", _with(b"mdhd", 20, bytes(4)), None),
    _bytes(
        "claims-little-shows-much.avi", lambda: avi(b"MJPG", (64, 48), [_jpeg((5000, 5000))] * 20), "TOO_MANY_PIXELS"
    ),
    _bytes(
        "grows.avi",
        lambda: avi(b"MJPG", (64, 48), [_jpeg((64, 48))] * 20 + [_jpeg((4000, 4000))] * 4),
        "TOO_MANY_PIXELS",
    ),
    _bytes(
        "changes-size.avi",
        lambda: avi(b"MJPG", (64, 48), [_jpeg((64, 48))] * 20 + [_jpeg((96, 80))] * 28),
        None,
        size=(96, 80),
        even=False,
    ),
]

_DAMAGED = [
    _bytes("empty.mp4", b"", "DAMAGED"),
    _spoiled("half.mp4", "mpeg4", _cut(0.5), "DAMAGED"),
    _spoiled("half.avi", "mjpeg", _cut(0.5), "DAMAGED"),
    _spoiled("half.mov", "mjpeg", _cut(0.5), "DAMAGED"),
    _spoiled("half.webm", "libvpx", _cut(0.5), "DAMAGED"),
    _spoiled(
        "half-index-first.mp4", "libx264", _cut(0.6), "DAMAGED", muxing={"movflags": "faststart"}, options={"qp": "4"}
    ),
    _spoiled("tail-cut.avi", "mjpeg", _cut(0.89), None, frames=43, seconds=43 / 25, warned=True, even=False),
    _spoiled("header-only.avi", "mjpeg", lambda content: content[:2048], "DAMAGED"),
    _spoiled("header-only.webm", "libvpx", lambda content: content[:300], "DAMAGED"),
    _spoiled("no-index.mp4", "mpeg4", lambda content: content[: content.index(b"moov") - 4], "DAMAGED"),
    _spoiled("no-pictures.mp4", "mpeg4", lambda content: content[content.index(b"moov") - 4 :], "DAMAGED"),
    _spoiled("zeroed.avi", "mjpeg", lambda content: content[:6000] + bytes(len(content) - 6000), "DAMAGED"),
    _spoiled("zeroed.mp4", "libx264", lambda c: c[:60] + bytes(1500) + c[1560:], "DAMAGED"),
    _spoiled("noise.avi", "mjpeg", lambda content: flipped(content, 0.9, 5700), "DAMAGED"),
    _bytes("garbage.avi", b"RIFF\xff\xff\0\0AVI " + bytes(range(256)) * 16, "DAMAGED"),
    _bytes("garbage.mp4", box(b"ftyp", b"isom", bytes(4)) + bytes(range(256)) * 16, "DAMAGED"),
    _bytes("garbage.mkv", b"\x1a\x45\xdf\xa3" + bytes(range(256)) * 16, "DAMAGED"),
    _bytes(
        "endless-box.mp4", box(b"ftyp", b"isom") + struct.pack(">I4sQ", 1, b"moov", 2**63 - 1) + bytes(99), "DAMAGED"
    ),
    _bytes("nested-boxes.mp4", lambda: box(b"ftyp", b"isom") + _nest(5000), "DAMAGED"),
    _bytes("two-billion-samples.mp4", lambda: _movie(b"mp4v", samples=2**31 - 1), "DAMAGED"),
    _bytes(
        "nested-masters.mkv",
        lambda: b"\x1a\x45\xdf\xa3\x80" + b"\x18\x53\x80\x67\x01" + b"\xff" * 7 + b"\xae\xff" * 4000,
        "DAMAGED",
    ),
]


def _nest(depth: int) -> bytes:
    nested = b""
    for _ in range(depth):
        nested = box(b"moov", nested)
    return nested


_REFUSED = [
    _bytes("text.mp4", b"Dear judges, this is a dive.\n" * 99, "UNSUPPORTED"),
    _bytes("picture.png", lambda: _png_bomb(64), "UNSUPPORTED"),
    _bytes("picture.jpg", lambda: _jpeg((64, 48)), "UNSUPPORTED"),
    _bytes("picture.heic", box(b"ftyp", b"heic", bytes(4), b"mif1") + bytes(999), "UNSUPPORTED"),
    _bytes("document.pdf", b"%PDF-1.7\n" + bytes(999), "UNSUPPORTED"),
    _bytes("archive.zip", b"PK\3\4" + bytes(999), "UNSUPPORTED"),
    _bytes("page.html", b"<!doctype html><video src=x>", "UNSUPPORTED"),
    Case("film.flv", lambda path: write_film(path, "flv", container="flv"), "UNSUPPORTED"),
    Case("film.ogg", lambda path: write_sound(path, "libopus", "ogg"), "UNSUPPORTED"),
    Case("sound.wav", lambda path: write_sound(path, "pcm_s16le", "wav"), "UNSUPPORTED"),
    _film("zmbv.avi", "zmbv", pix_fmt="bgr0", code="UNSUPPORTED"),
    _film("snow.mkv", "snow", container="matroska", code="UNSUPPORTED"),
    _film("asus.avi", "asv1", code="UNSUPPORTED"),
    _film("jpeg2000.mov", "jpeg2000", pix_fmt="rgb24", code="UNSUPPORTED"),
    _bytes("unheard-of.avi", lambda: avi(b"QQQQ", (64, 48), [bytes(100)] * 20), "UNSUPPORTED"),
    _sound("sound.mp4", "aac", "mp4"),
    _sound("sound.mkv", "pcm_s16le", "matroska"),
    _sound("sound.webm", "libopus", "webm"),
    _sound("sound.avi", "pcm_s16le", "avi"),
    _sound("sound.mov", "pcm_s16le", "mov"),
]

_LIMITED = [
    _film("short.mp4", "libx264", frames=15, code="TOO_SHORT"),
    _film("one-frame.avi", "mjpeg", pix_fmt="yuvj420p", frames=1, code="TOO_SHORT"),
    _film("long.mp4", "libx264", at=[2000 * i for i in range(FRAMES)], code="TOO_LONG"),
    _film("long.mkv", "libx264", container="matroska", at=[4000 * i for i in range(FRAMES)], code="TOO_LONG"),
    _film("a-jump-in-time.mp4", "mpeg4", at=[40 * i + (i > 40) * 10**6 for i in range(FRAMES)], code="TOO_LONG"),
    _film("many-frames.avi", "mjpeg", pix_fmt="yuvj420p", code="TOO_LONG", limits=VideoLimits(max_frames=47)),
    _film("large.avi", "rawvideo", pix_fmt="bgr24", code="TOO_LARGE", limits=VideoLimits(max_bytes=100_000)),
    _bytes("many-pixels.mp4", _movie(b"avc1", size=(16_000, 16_000)), "TOO_MANY_PIXELS"),
    _bytes("many-pixels.mkv", _mkv_of(60_000, 60_000), "TOO_MANY_PIXELS"),
    _bytes("many-pixels.avi", lambda: avi(b"MJPG", (16_000, 16_000), [_jpeg((64, 48))] * 20), "TOO_MANY_PIXELS"),
    _bytes("png-bomb.avi", lambda: avi(b"MPNG", (64, 48), [_png_bomb(16_000)] * 20), "DAMAGED"),
    _film(
        "takes-too-long.mp4",
        "libx264",
        size=(1280, 720),
        frames=90,
        options={"preset": "ultrafast"},
        code="OUT_OF_TIME",
        limits=VideoLimits(decode_seconds=0.01),
    ),
    _film(
        "takes-too-much-memory.mov",
        "png",
        pix_fmt="rgba",
        size=(1920, 1080),
        frames=16,
        code="TOO_MANY_PIXELS",
        limits=VideoLimits(decode_memory=12_000_000),
    ),
]

CASES = _FILMED + _LYING + _DAMAGED + _REFUSED + _LIMITED
