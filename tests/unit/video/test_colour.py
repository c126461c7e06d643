"""One look in many descriptions of its colour comes out as one look; the sums here run the other way round."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from av.video.stream import VideoStream
from numpy.typing import NDArray

from divescore.video.sampling import sample_frames, stream_frames

Floats = NDArray[np.float64]

FRAMES, WIDTH, HEIGHT = 20, 64, 48
MATRICES = {"bt601": (0.299, 0.114, 5), "bt709": (0.2126, 0.0722, 1), "bt2020": (0.2627, 0.0593, 9)}
X265 = {"x265-params": "log-level=none:pools=1", "crf": "6", "preset": "ultrafast"}
NEAR = 4.0
"""Levels of 255; compression and the rounding of ten bits take some."""


def look() -> Floats:
    """RGB 0..1 [H, W, 3] as a standard screen gets it: patches of dark, skin, water, and bright grey."""
    colours = [(0.1, 0.1, 0.1), (0.78, 0.55, 0.45), (0.1, 0.45, 0.7), (0.85, 0.85, 0.85)]
    picture = np.zeros((HEIGHT, WIDTH, 3))
    for number, colour in enumerate(colours):
        picture[:, number * 16 : number * 16 + 16] = colour
    return picture


def light_of(picture: Floats) -> Floats:
    """Light in units of the reference white, with the primaries of BT.2020."""
    to_2020 = np.linalg.inv([[1.6605, -0.5876, -0.0728], [-0.1246, 1.1329, -0.0083], [-0.0182, -0.1006, 1.1187]])
    return np.asarray(picture**2.4 @ to_2020.T)


def as_pq(picture: Floats) -> Floats:
    m1, m2, c1, c2, c3 = 2610 / 16384, 2523 / 32, 3424 / 4096, 2413 / 128, 2392 / 128
    powered = (light_of(picture) * 203 / 10_000) ** m1
    return np.asarray(((c1 + c2 * powered) / (1 + c3 * powered)) ** m2)


def as_hlg(picture: Floats) -> Floats:
    shown = light_of(picture) * 203 / 1000
    luminance = shown @ [0.2627, 0.6780, 0.0593]
    scene = shown * luminance[..., None] ** (1 / 1.2 - 1)
    a, b, c = 0.17883277, 0.28466892, 0.55991073
    return np.where(scene <= 1 / 12, np.sqrt(3 * scene), a * np.log(np.maximum(12 * scene - b, 1e-9)) + c)


def as_2020(picture: Floats) -> Floats:
    return np.asarray(light_of(picture) ** (1 / 2.4))


def write(path: Path, rgb: Floats, matrix: str, *, bits: int, full: bool, transfer: int, primaries: int) -> Path:
    """A film of one picture in that description."""
    kr, kb, name = MATRICES[matrix]
    luma = rgb @ [kr, 1 - kr - kb, kb]
    chroma = [(rgb[..., 2] - luma) / (2 * (1 - kb)), (rgb[..., 0] - luma) / (2 * (1 - kr))]
    top = (1 << bits) - 1
    scale = 1 << (bits - 8)
    planes = [luma * top if full else (16 + 219 * luma) * scale]
    planes += [part * (top if full else 224 * scale) + 128 * scale for part in chroma]
    kind: type = np.uint8 if bits == 8 else np.uint16
    with av.open(str(path), "w") as opened:
        stream = opened.add_stream("libx264" if bits == 8 else "libx265", rate=25)
        assert isinstance(stream, VideoStream)
        stream.width, stream.height = WIDTH, HEIGHT
        stream.pix_fmt = "yuv444p" if bits == 8 else "yuv444p10le"
        stream.options = dict(X265 if bits != 8 else {"crf": "6"})
        context = stream.codec_context
        context.colorspace, context.color_range = name, 2 if full else 1
        context.color_trc, context.color_primaries = transfer, primaries
        for number in range(FRAMES):
            frame = av.VideoFrame(WIDTH, HEIGHT, stream.pix_fmt)
            for plane, values in zip(frame.planes, planes, strict=True):
                rows: NDArray[Any] = np.zeros((HEIGHT, plane.line_size // np.dtype(kind).itemsize), dtype=kind)
                rows[:, :WIDTH] = np.rint(values)
                plane.update(rows.tobytes())
            frame.pts, frame.colorspace, frame.color_range = number, name, 2 if full else 1
            frame.color_trc, frame.color_primaries = transfer, primaries
            opened.mux(stream.encode(frame))
        opened.mux(stream.encode())
    return path


DESCRIPTIONS: dict[str, tuple[Callable[[Floats], Floats], str, dict[str, Any]]] = {
    "BT.709, limited": (lambda rgb: rgb, "bt709", {"bits": 8, "full": False, "transfer": 1, "primaries": 1}),
    "BT.709, full": (lambda rgb: rgb, "bt709", {"bits": 8, "full": True, "transfer": 1, "primaries": 1}),
    "BT.601, limited": (lambda rgb: rgb, "bt601", {"bits": 8, "full": False, "transfer": 6, "primaries": 6}),
    "BT.601, full": (lambda rgb: rgb, "bt601", {"bits": 8, "full": True, "transfer": 6, "primaries": 6}),
    "BT.709, ten bits": (lambda rgb: rgb, "bt709", {"bits": 10, "full": False, "transfer": 1, "primaries": 1}),
    "HLG": (as_hlg, "bt2020", {"bits": 10, "full": False, "transfer": 18, "primaries": 9}),
    "HLG, full": (as_hlg, "bt2020", {"bits": 10, "full": True, "transfer": 18, "primaries": 9}),
    "PQ": (as_pq, "bt2020", {"bits": 10, "full": False, "transfer": 16, "primaries": 9}),
    "BT.2020 without high dynamic range": (
        as_2020,
        "bt2020",
        {"bits": 10, "full": False, "transfer": 14, "primaries": 9},
    ),
}


@pytest.mark.parametrize("name", DESCRIPTIONS)
def test_one_look_is_seen_whatever_describes_it(tmp_path: Path, name: str) -> None:
    described, matrix, description = DESCRIPTIONS[name]
    path = write(tmp_path / "film.mp4", described(look()), matrix, **description)
    expected = 255 * look()[6, 8::16]

    sampled = sample_frames(path, 4, (32, 24)).frames[2]
    streamed = next(stream_frames(path, 4, (32, 24))).frames[2]

    for seen in (sampled, streamed):
        assert seen.dtype == np.uint8
        assert np.abs(seen[6, 4::8].astype(float) - expected).max() < NEAR


def test_light_beyond_white_is_pressed_together_and_keeps_its_order(tmp_path: Path) -> None:
    signal = np.repeat(np.linspace(0.6, 1.0, WIDTH)[None, :, None], HEIGHT, axis=0).repeat(3, axis=2)
    path = write(tmp_path / "film.mp4", signal, "bt2020", bits=10, full=False, transfer=18, primaries=9)

    row = sample_frames(path, 2, (32, 24)).frames[1, 12].astype(int)

    assert np.ptp(row, axis=1).max() <= 3, "grey stays grey"
    assert (np.diff(row[:, 1]) >= -1).all()
    assert row[0, 1] < 200
    assert row[16, 1] < row[-1, 1] <= 255
