"""High dynamic range brought to what a standard screen shows: BT.709 of eight bits.

Hybrid log-gamma and perceptual quantization (ITU-R BT.2100) are undone to light, BT.2020's primaries become BT.709's
(ITU-R BT.2087), and light above the reference white of 203 cd/m2 (ITU-R BT.2408) is pressed together. What lies below
is kept as it is, so that a film looks as its twin that was never high dynamic range.
"""

from functools import cache

import numpy as np
from av.video.frame import VideoFrame
from av.video.reformatter import ColorPrimaries, ColorTrc
from numpy.typing import NDArray

Light = NDArray[np.float32]

_REFERENCE_WHITE = 203.0
_HLG_PEAK, _PQ_PEAK = 1000.0, 10_000.0
_KNEE = 0.9
"""Of the reference white: from here on light is pressed together."""
_DISPLAY_GAMMA = 2.4
_CODES = 1 << 16
_LUMINANCE = np.array([0.2627, 0.6780, 0.0593], dtype=np.float32)
_TO_BT709 = np.array(
    [[1.6605, -0.5876, -0.0728], [-0.1246, 1.1329, -0.0083], [-0.0182, -0.1006, 1.1187]], dtype=np.float32
)


def is_wide(frame: VideoFrame) -> bool:
    """Whether `frame` must be mapped: high dynamic range, or the primaries of BT.2020."""
    return frame.color_trc in (ColorTrc.ARIB_STD_B67, ColorTrc.SMPTE2084) or (
        frame.color_primaries == ColorPrimaries.BT2020
    )


def shown(picture: NDArray[np.uint8 | np.uint16], frame: VideoFrame) -> NDArray[np.uint8]:
    """`picture`, RGB [H, W, 3] of `frame`, in uint8 as it is or in uint16, as uint8 RGB of BT.709."""
    if picture.dtype == np.uint8:
        return picture.astype(np.uint8, copy=False)
    if frame.color_trc == ColorTrc.SMPTE2084:
        light = _pq_light()[picture]
    elif frame.color_trc == ColorTrc.ARIB_STD_B67:
        light = _hlg_scene()[picture]
        # The display's own gamma of 1.2, which a screen of 1000 cd/m2 adds.
        light *= (light @ _LUMINANCE)[..., None] ** np.float32(0.2) * np.float32(_HLG_PEAK / _REFERENCE_WHITE)
    else:
        light = _sdr_light()[picture]
    if frame.color_primaries in (ColorPrimaries.BT2020, ColorPrimaries.UNSPECIFIED):
        light = light @ _TO_BT709.T
    np.maximum(light, 0, out=light)
    _press(light)
    # The square root spreads the shadows, where a step of light is seen most.
    return _codes()[(np.sqrt(light) * np.float32(_CODES - 1)).astype(np.uint16)]


def _press(light: Light) -> None:
    """Press what is above the knee into what is left up to white, all three colours alike, so that none changes hue."""
    brightest = light.max(axis=-1)
    bright = brightest > _KNEE
    if not bright.any():
        return
    most, left = _HLG_PEAK / _REFERENCE_WHITE, 1.0 - _KNEE
    over = (np.minimum(brightest[bright], most) - _KNEE) / left
    whole = (most - _KNEE) / left
    pressed = _KNEE + left * over * (1 + over / whole**2) / (1 + over)
    light[bright] *= (pressed / brightest[bright])[:, None]
    np.minimum(light, 1, out=light)


def _signal() -> NDArray[np.float64]:
    return np.arange(_CODES) / (_CODES - 1)


@cache
def _pq_light() -> Light:
    """Light of each code, in units of the reference white (SMPTE ST 2084)."""
    m1, m2, c1, c2, c3 = 2610 / 16384, 2523 / 32, 3424 / 4096, 2413 / 128, 2392 / 128
    powered = _signal() ** (1 / m2)
    light = (np.maximum(powered - c1, 0) / (c2 - c3 * powered)) ** (1 / m1)
    return (light * _PQ_PEAK / _REFERENCE_WHITE).astype(np.float32)


@cache
def _hlg_scene() -> Light:
    """Light of the scene, 0 to 1, of each code (ARIB STD-B67)."""
    a, b, c = 0.17883277, 0.28466892, 0.55991073
    signal = _signal()
    return np.where(signal <= 0.5, signal**2 / 3, (np.exp((signal - c) / a) + b) / 12).astype(np.float32)


@cache
def _sdr_light() -> Light:
    return (_signal() ** _DISPLAY_GAMMA).astype(np.float32)


@cache
def _codes() -> NDArray[np.uint8]:
    """The code that shows light (ITU-R BT.1886), by its square root."""
    return np.rint(255 * _signal() ** (2 / _DISPLAY_GAMMA)).astype(np.uint8)
