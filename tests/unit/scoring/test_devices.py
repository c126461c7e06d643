"""A dive scores the same whatever wrote its file, within two points; what is not read is told with its name."""

from pathlib import Path

import av
import numpy as np
import pytest

from divescore.dives import parse_dive
from divescore.lab.rendering.films import write_film
from divescore.lab.rendering.random_dives import random_rendered_dive
from divescore.scoring.scorer import Scorer
from divescore.video.errors import VideoRejected
from divescore.video.sampling import sample_frames
from tests.conftest import ROOT
from tests.corpus.devices import DEVICES, X264, Device, Dive, write

POINTS = 2.0
NUMBER = "107B"
"""Declared, so that films are compared by what was seen in them and not by what was guessed of their difficulty."""
REFUSED = {
    "old.wmv": ("wmv2", "asf", "Windows Media"),
    "old.flv": ("flv", "flv", "Flash"),
    "old.mpg": ("mpeg2video", "mpeg", "program stream"),
    "old.vob": ("mpeg2video", "vob", "program stream"),
    "moving.gif": ("gif", "gif", "GIF"),
    "bare.m2v": ("mpeg2video", "mpeg2video", "bare MPEG"),
}


@pytest.fixture(scope="module")
def scorer() -> Scorer:
    return Scorer.load(ROOT / "model_weights", threads=1)


@pytest.fixture(scope="module")
def dive(tmp_path_factory: pytest.TempPathFactory) -> Dive:
    path = tmp_path_factory.mktemp("dive") / "dive.webm"
    write_film(random_rendered_dive(7, parse_dive(NUMBER)), path)
    with av.open(str(path)) as opened:
        pictures = [np.asarray(frame.to_ndarray(format="rgb24"), dtype=np.uint8) for frame in opened.decode(video=0)]
    return Dive(pictures, 25)


@pytest.fixture(scope="module")
def plain(dive: Dive, scorer: Scorer, tmp_path_factory: pytest.TempPathFactory) -> float:
    path = tmp_path_factory.mktemp("plain") / "plain.mp4"
    write(dive, Device("plain.mp4", options=X264), path)
    return float(scorer.score(path, dive=NUMBER).result.score)


def test_the_devices_are_many() -> None:
    assert len({device.name for device in DEVICES}) == len(DEVICES)
    assert len(DEVICES) + len(REFUSED) >= 40


@pytest.mark.parametrize("device", DEVICES, ids=lambda device: str(device.name))
def test_it_scores_as_its_plain_twin(dive: Dive, scorer: Scorer, plain: float, device: Device, tmp_path: Path) -> None:
    path = tmp_path / device.name
    try:
        write(dive, device, path)
    except av.codec.codec.UnknownCodecError as error:
        pytest.skip(f"no encoder: {error}")

    result = scorer.score(path, dive=NUMBER).result

    assert result.score == pytest.approx(plain, abs=POINTS)
    assert not [warning for warning in result.warnings if "could not be decoded" in warning or "broken" in warning]


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_not_read_is_named(dive: Dive, name: str, tmp_path: Path) -> None:
    codec, container, words = REFUSED[name]
    path = tmp_path / name
    pix_fmt = "rgb8" if codec == "gif" else "yuv420p"
    write(dive, Device(name, codec, container, options={}, pix_fmt=pix_fmt), path)

    with pytest.raises(VideoRejected, match=words) as caught:
        sample_frames(path, 4, (32, 24))

    assert caught.value.code == "UNSUPPORTED"
    assert "choose" in caught.value.message
