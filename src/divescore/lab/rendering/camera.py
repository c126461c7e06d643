"""Where the camera looks: a following pan with lag and shake, in metres of the world."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from divescore.lab.rendering.motion import Motion

Picture = NDArray[np.uint8]
"""RGB [height, width, 3]."""
_STEP = 0.02
"""Seconds."""


@dataclass(frozen=True)
class Viewport:
    """What one frame shows: the world point in the middle of the picture, the picture's height in metres."""

    x: float
    y: float
    height: float
    speed: float = 0.0
    """Vertical pan in picture heights a second, for motion blur."""


class Camera:
    """A camera that follows one dive. Some stand still and wide, as a phone on a tripod does."""

    def __init__(self, dive: Motion, rng: np.random.Generator) -> None:
        # From a tripod a dive from high above is too small to be judged.
        fixed = bool(rng.random() < 0.25 and dive.height < 4)
        self._height = float(rng.uniform(3.3, 4.7))
        if fixed:
            self._height = dive.height + float(rng.uniform(3.9, 4.6))
        self._offset = (float(rng.uniform(-0.5, 0.5)), float(rng.uniform(-0.4, 0.4)))
        self._shake = float(rng.uniform(0.0, 0.03)) * self._height * (not fixed)
        self._phases = rng.uniform(0.0, 2 * np.pi, 4)
        lag = float(rng.uniform(0.05, 0.16))
        self._times = np.arange(0.0, dive.timing.end + _STEP, _STEP)
        lowest = float(rng.uniform(0.1, 0.9))
        if fixed:
            middle = 0.5 * (dive.height + 2.6) - 0.4
            self._xs = np.full(len(self._times), 0.8)
            self._ys = np.full(len(self._times), middle)
            return
        xs, ys = [], []
        x, y = _follow(dive, 0.0, lowest)
        share = 1.0 - np.exp(-_STEP / lag)
        for seconds in self._times:
            # An operator knows what comes and looks a little ahead.
            to_x, to_y = _follow(dive, min(float(seconds) + 0.6 * lag, dive.timing.end), lowest)
            x, y = x + share * (to_x - x), y + share * (to_y - y)
            xs.append(x)
            ys.append(y)
        self._xs, self._ys = np.array(xs), np.array(ys)

    def at(self, seconds: float) -> Viewport:
        """What it shows at a time of the clip."""
        wave = np.sin(np.array([2.1, 3.7, 2.7, 4.9]) * seconds + self._phases)
        x = float(np.interp(seconds, self._times, self._xs)) + self._offset[0]
        y = float(np.interp(seconds, self._times, self._ys)) + self._offset[1]
        before = float(np.interp(seconds - 0.03, self._times, self._ys)) + self._offset[1]
        return Viewport(
            x + self._shake * float(wave[0] + wave[1]),
            y + self._shake * float(wave[2] + wave[3]),
            self._height,
            abs(y - before) / 0.03 / self._height,
        )


def _follow(dive: Motion, seconds: float, lowest: float) -> tuple[float, float]:
    timing = dive.timing
    elapsed = min(max(seconds - timing.take_off, 0.0), timing.entry - timing.take_off)
    # Half way, so that platform and diver share the picture for as long as they can.
    x = dive.drift * elapsed * 0.5 + 0.2
    y = dive.height + 0.9 + dive.rise * elapsed - 0.5 * 9.81 * elapsed**2
    return x, max(y, lowest)
