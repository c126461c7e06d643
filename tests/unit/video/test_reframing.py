"""Films with borders and dead ends, through the sandbox: sampled as the film within, at the film's own times."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from divescore.lab.evaluation.guises import GUISES, PLAIN, Guise, write_guise
from divescore.video.sampling import Framing, SampledVideo, sample_frames

NAMED = {guise.name: guise for guise in GUISES}
WIDTH, HEIGHT = 192, 144


class Pan:
    """A camera that moves over a textured world."""

    seconds, width, height = 2.0, WIDTH, HEIGHT

    def __init__(self) -> None:
        rng = np.random.default_rng(5)
        world = np.kron(rng.integers(30, 220, (45, 50, 3)), np.ones((6, 6, 1)))
        self._world = np.clip(world + rng.normal(0, 8, world.shape), 0, 255).astype(np.uint8)

    def frame(self, seconds: float, width: int, height: int) -> NDArray[np.uint8]:
        along = round(100 * seconds / self.seconds)
        return np.ascontiguousarray(self._world[along : along + height, along : along + width])


def sampled(folder: Path, guise: Guise, framed: bool = True) -> SampledVideo:
    return sample_frames(write_guise(Pan(), guise, folder), 20, (96, 72), framed=framed)


Write = Callable[[Guise], SampledVideo]


def test_a_film_without_borders_or_stills_is_left_alone_to_the_bit(tmp_path: Path) -> None:
    plain, framed = sampled(tmp_path, PLAIN, framed=False), sampled(tmp_path, PLAIN)

    assert np.array_equal(framed.frames, plain.frames)
    assert np.array_equal(framed.times, plain.times)
    assert framed.framing == plain.framing == Framing(0.0, 2.0, WIDTH / HEIGHT)


@pytest.mark.parametrize(
    ("name", "before"),
    [("2 s still before", 2.0), ("2 s black before", 2.0), ("3 s still after", 0.0), ("3 s black after", 0.0)],
)
def test_dead_ends_are_left_out_and_times_stay_the_films(tmp_path: Path, name: str, before: float) -> None:
    plain, found = sampled(tmp_path, PLAIN), sampled(tmp_path, NAMED[name])

    assert found.framing == Framing(before, before + 2.0, WIDTH / HEIGHT)
    assert found.times == pytest.approx(plain.times + before, abs=1e-3)
    assert np.abs(found.frames.astype(int) - plain.frames).mean() < 4
    assert found.source.seconds == pytest.approx(4.0 if before else 5.0)


@pytest.mark.parametrize("name", ["pillarbox", "letterbox to 9:16", "blurred sides", "blurred to 9:16"])
def test_borders_are_cropped(tmp_path: Path, name: str) -> None:
    plain, found = sampled(tmp_path, PLAIN), sampled(tmp_path, NAMED[name])

    assert found.framing.aspect == pytest.approx(WIDTH / HEIGHT, rel=0.04)
    assert found.source.width / found.source.height != pytest.approx(WIDTH / HEIGHT, rel=0.1)
    assert np.array_equal(found.times, plain.times)
    assert np.abs(found.frames.astype(int) - plain.frames).mean() < 12
