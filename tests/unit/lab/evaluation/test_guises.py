"""Guises change what they say and nothing else."""

from pathlib import Path

import av
import numpy as np
import pytest
from numpy.typing import NDArray

from divescore.lab.evaluation.guise_measurements import GuiseFigures, guise_table
from divescore.lab.evaluation.guises import GUISES, PLAIN, Guise, available, write_guise


class Counting:
    """A picture whose brightness tells the time."""

    seconds, width, height = 0.5, 64, 48

    def frame(self, seconds: float, width: int, height: int) -> NDArray[np.uint8]:
        return np.full((height, width, 3), 40 + round(300 * seconds), dtype=np.uint8)


def frames_of(path: Path) -> list[NDArray[np.uint8]]:
    with av.open(path) as film:
        return [np.asarray(frame.to_ndarray(format="rgb24"), dtype=np.uint8) for frame in film.decode(video=0)]


@pytest.mark.parametrize("guise", [guise for guise in GUISES if guise.enlarged is None and "AV1" not in guise.name])
def test_every_guise_shows_the_dive_as_long_as_it_says(tmp_path: Path, guise: Guise) -> None:
    assert available(guise)
    frames = frames_of(write_guise(Counting(), guise, tmp_path))

    lasts = Counting.seconds / guise.pace + guise.before + guise.after
    assert len(frames) == pytest.approx(lasts * guise.rate, abs=1)
    middle = frames[round((guise.before + 0.25 / guise.pace) * guise.rate)]
    row, column = middle.shape[0] // 2, middle.shape[1] // 2
    level = float(np.median(middle[row - 4 : row + 4, column - 4 : column + 4]))
    assert level == pytest.approx(115 * 1.25 + 8 if "brighter" in guise.name else 115, abs=12)


def test_the_plain_twin_shows_each_frame(tmp_path: Path) -> None:
    levels = [float(np.median(frame)) for frame in frames_of(write_guise(Counting(), PLAIN, tmp_path))]

    assert levels == pytest.approx([40 + round(10 * number) for number in range(15)], abs=3)


def test_the_table_has_a_line_a_guise() -> None:
    table = guise_table([GuiseFigures("grey", 1.5, 0.4, 1.1, 1.0, 1.0, 1.02)])

    assert table.splitlines()[1].split() == ["grey", "1.5", "0.40", "1.10", "100%", "100%", "1.02"]
