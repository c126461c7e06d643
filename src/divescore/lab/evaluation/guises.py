"""Guises: the same dive as it may be recorded, cut, framed, graded and encoded. None of it should change the score."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Protocol, cast

import av
import cv2
import numpy as np
from av.video.reformatter import ColorRange, Colorspace
from numpy.typing import NDArray

Picture = NDArray[np.uint8]

RATE = 30
_STILL_BEFORE, _STILL_AFTER = 2.0, 3.0
_BAR = 4 / 3
"""A pillarbox is as much wider than the film."""
_TALL = 9 / 16


class Shown(Protocol):
    """A film that can be shown at any time and size."""

    seconds: float
    width: int
    height: int

    def frame(self, seconds: float, width: int, height: int) -> Picture:
        """The picture at `seconds`, uint8 RGB [height, width, 3]."""
        ...


@dataclass(frozen=True)
class Encoding:
    """How a film is encoded. 709 and limited range are what cameras and encoders of today use."""

    codec: str = "libx264"
    options: tuple[tuple[str, str], ...] = (("crf", "12"), ("preset", "veryfast"))
    pixels: str = "yuv420p"
    full_range: bool = False
    suffix: str = ".mp4"


@dataclass(frozen=True)
class Guise:
    """One guise: its name, how the pictures of a film are changed, and how they are encoded."""

    name: str
    encoding: Encoding = Encoding()
    rate: int = RATE
    pace: float = 1.0
    """Seconds of the dive that pass in a second of the film."""
    before: float = 0.0
    after: float = 0.0
    """Seconds added at the ends."""
    black: bool = False
    """Whether these are black; else they are stills."""
    enlarged: int | None = None
    """Height of the picture, pixels; None for the film's own."""
    change: Callable[[Picture], Picture] = lambda picture: picture
    light: bool = True
    """Whether it only encodes anew, or changes rate or range: such are held to the narrower bound."""


def _h264(crf: int) -> Encoding:
    return Encoding(options=(("crf", str(crf)), ("preset", "veryfast")))


def resized(picture: Picture, width: int, height: int) -> Picture:
    """The picture at another size."""
    interpolation = cv2.INTER_AREA if width < picture.shape[1] else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(picture, (width, height), interpolation=interpolation), dtype=np.uint8)


def _even(size: float) -> int:
    return 2 * round(size / 2)


def _wide(picture: Picture) -> tuple[int, int]:
    return _even(picture.shape[1] * _BAR), picture.shape[0]


def _tall(picture: Picture) -> tuple[int, int]:
    return picture.shape[1], _even(picture.shape[1] / _TALL)


def _on(picture: Picture, canvas: Picture) -> Picture:
    """The picture in the middle of a canvas."""
    height, width = picture.shape[:2]
    top, left = (canvas.shape[0] - height) // 2, (canvas.shape[1] - width) // 2
    canvas[top : top + height, left : left + width] = picture
    return canvas


def _barred(size: Callable[[Picture], tuple[int, int]]) -> Callable[[Picture], Picture]:
    def change(picture: Picture) -> Picture:
        width, height = size(picture)
        return _on(picture, np.zeros((height, width, 3), dtype=np.uint8))

    return change


def _blurred(size: Callable[[Picture], tuple[int, int]]) -> Callable[[Picture], Picture]:
    """Borders of the picture itself, enlarged and blurred, as phones and editors fill them."""

    def change(picture: Picture) -> Picture:
        width, height = size(picture)
        larger = max(width / picture.shape[1], height / picture.shape[0])
        whole = resized(picture, round(picture.shape[1] * larger), round(picture.shape[0] * larger))
        top, left = (whole.shape[0] - height) // 2, (whole.shape[1] - width) // 2
        # Blurred at an eighth of the size, which looks the same and costs little.
        small = resized(whole[top : top + height, left : left + width], width // 8, height // 8)
        soft = np.asarray(cv2.GaussianBlur(small, (0, 0), max(width, height) / 256), dtype=np.uint8)
        return _on(picture, resized(soft, width, height))

    return change


def _cropped(picture: Picture) -> Picture:
    height, width = picture.shape[:2]
    top, left = round(0.05 * height), round(0.05 * width)
    return resized(picture[top : height - top, left : width - left], width, height)


def _grey(picture: Picture) -> Picture:
    return np.repeat(np.asarray(cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY), dtype=np.uint8)[:, :, None], 3, axis=2)


def _brighter(picture: Picture) -> Picture:
    return np.asarray(cv2.convertScaleAbs(picture, alpha=1.25, beta=8), dtype=np.uint8)


PLAIN = Guise("plain")
GUISES = (
    Guise("H.264, CRF 18", _h264(18)),
    Guise("H.264, CRF 28", _h264(28)),
    Guise("H.264, CRF 36", _h264(36)),
    Guise(
        "HEVC, 10 bits",
        Encoding("libx265", (("crf", "22"), ("preset", "ultrafast"), ("x265-params", "log-level=none")), "yuv420p10le"),
    ),
    Guise(
        "VP9",
        Encoding(
            "libvpx-vp9", (("crf", "30"), ("b", "0"), ("cpu-used", "8"), ("deadline", "realtime")), suffix=".webm"
        ),
    ),
    Guise("AV1", Encoding("libsvtav1", (("crf", "30"), ("preset", "10"), ("svtav1-params", "log-level=0")))),
    Guise("full range", Encoding(full_range=True)),
    Guise("15 frames a second", rate=15),
    Guise("60 frames a second", rate=60),
    Guise("1080 lines", enlarged=1080, light=False),
    Guise("pillarbox", change=_barred(_wide), light=False),
    Guise("letterbox to 9:16", change=_barred(_tall), light=False),
    Guise("blurred sides", change=_blurred(_wide), light=False),
    Guise("blurred to 9:16", change=_blurred(_tall), light=False),
    Guise("10 % cropped", change=_cropped, light=False),
    Guise("mirrored", change=lambda picture: np.ascontiguousarray(picture[:, ::-1]), light=False),
    Guise("grey", change=_grey, light=False),
    Guise("brighter, more contrast", change=_brighter, light=False),
    Guise("2 s still before", before=_STILL_BEFORE, light=False),
    Guise("2 s black before", before=_STILL_BEFORE, black=True, light=False),
    Guise("3 s still after", after=_STILL_AFTER, light=False),
    Guise("3 s black after", after=_STILL_AFTER, black=True, light=False),
    Guise("2x slow motion", pace=0.5, light=False),
    Guise("4x slow motion", pace=0.25, light=False),
)
"""All of them; a codec that this build of FFmpeg does not encode is left out by `write_guise`'s caller."""


def available(guise: Guise) -> bool:
    """Whether the encoder that a guise needs is there."""
    try:
        av.codec.Codec(guise.encoding.codec, "w")
    except av.codec.codec.UnknownCodecError:
        return False
    return True


def write_guise(film: Shown, guise: Guise, folder: Path) -> Path:
    """Encode `film` in a guise to a file of `folder`, whose path it returns."""
    encoding = guise.encoding
    path = folder / f"{guise.name.replace(' ', '-').replace(':', '-').replace('%', 'percent')}{encoding.suffix}"
    colours = ColorRange.JPEG if encoding.full_range else ColorRange.MPEG
    with av.open(path, "w") as output:
        stream = cast(
            "av.VideoStream", output.add_stream(encoding.codec, rate=guise.rate, options=dict(encoding.options))
        )
        context = stream.codec_context
        context.pix_fmt, context.color_range, context.colorspace = encoding.pixels, colours, 1
        context.color_primaries = context.color_trc = 1
        for number, picture in enumerate(_pictures(film, guise)):
            if not number:
                context.height, context.width = picture.shape[:2]
            frame = av.VideoFrame.from_ndarray(picture, format="rgb24").reformat(
                format=encoding.pixels, dst_colorspace=Colorspace.ITU709, dst_color_range=colours
            )
            frame.pts, frame.time_base = number, Fraction(1, guise.rate)
            output.mux(stream.encode(frame))
        output.mux(stream.encode(None))
    return path


def _pictures(film: Shown, guise: Guise) -> Iterator[Picture]:
    width, height = film.width, film.height
    if guise.enlarged is not None:
        width, height = _even(width * guise.enlarged / height), guise.enlarged
    lasts = film.seconds / guise.pace
    count = max(int(lasts * guise.rate), 2)
    before, after = round(guise.before * guise.rate), round(guise.after * guise.rate)
    for number in range(-before, count + after):
        moment = min(max(number, 0), count - 1) / guise.rate * guise.pace
        picture = guise.change(film.frame(moment, width, height))
        if guise.black and not 0 <= number < count:
            picture = np.zeros_like(picture)
        yield picture
