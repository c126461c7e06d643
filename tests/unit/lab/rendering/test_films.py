"""Films as video files."""

from pathlib import Path

import pytest

from divescore.lab.rendering.films import write_film
from divescore.lab.rendering.random_dives import random_rendered_dive
from divescore.video.sampling import sample_frames


def test_writes_a_webm_that_reads_back(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    film = random_rendered_dive(3)
    frames = write_film(film, tmp_path / "dive.webm")
    video = sample_frames(tmp_path / "dive.webm", 8, (64, 48))

    assert video.source.frames == frames == int(film.seconds * 25)
    assert (video.source.width, video.source.height, video.source.format) == (320, 240, "webm")
    drawn = film.frame(0.0, 64, 48).astype(float)
    assert abs(drawn - video.frames[0]).mean() < 20
    assert capfd.readouterr().err == ""


def test_a_missing_folder_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="cannot be written"):
        write_film(random_rendered_dive(3), tmp_path / "nowhere" / "dive.webm")
