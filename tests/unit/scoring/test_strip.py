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
