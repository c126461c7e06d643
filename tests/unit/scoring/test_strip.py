"""The strip of frames stays small."""

import base64

import cv2
import numpy as np
import pytest

from divescore.scoring.strip import MAX_CHARACTERS, make_strip
from divescore.video.sampling import SampledVideo, SourceInfo


def sampled(width: int, height: int, noisy: bool) -> SampledVideo:
    rng = np.random.default_rng(0)
    frames = rng.integers(0, 256, (48, 80, 112, 3)).astype(np.uint8)
    if not noisy:
        frames[:] = 90
    return SampledVideo(frames, np.linspace(0.0, 3.0, 48), SourceInfo(width, height, 90, 3.03, "mp4"))


@pytest.mark.parametrize("noisy", [True, False])
@pytest.mark.parametrize(("width", "height", "tall"), [(320, 240, 72), (1920, 1080, 54), (1080, 1920, 128)])
def test_fits_its_budget_in_the_films_shape(width: int, height: int, tall: int, noisy: bool) -> None:
    strip = make_strip(sampled(width, height, noisy))

    assert len(strip.data) <= MAX_CHARACTERS
    picture = cv2.imdecode(np.frombuffer(base64.b64decode(strip.data), np.uint8), cv2.IMREAD_COLOR)
    assert picture is not None
    assert picture.shape == (tall, 6 * 96, 3)
    assert (strip.frames, strip.width, strip.height) == (6, 96, tall)
    assert strip.times[0] == 0.0
    assert strip.times[-1] == 3.0
    assert len(strip.times) == 6


def test_shows_the_frames_in_their_order_and_colours() -> None:
    colours = np.array([[200, 30, 40], [30, 160, 60], [40, 60, 200], [250, 250, 250], [5, 5, 5], [128, 128, 128]])
    frames = np.broadcast_to(colours[:, None, None], (6, 80, 112, 3)).astype(np.uint8)
    strip = make_strip(SampledVideo(frames, np.linspace(0.0, 1.0, 6), SourceInfo(320, 240, 6, 1.0, "mp4")))
    encoded = np.frombuffer(base64.b64decode(strip.data), np.uint8)
    row = np.asarray(cv2.imdecode(encoded, cv2.IMREAD_COLOR))[:, :, ::-1]
    seen = row.reshape(strip.height, 6, 96, 3)[10:-10, :, 20:-20].mean(axis=(0, 2))
    assert np.abs(seen - colours).max() < 4
