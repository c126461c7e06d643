"""Measuring on labelled films: a rendered dive, whose joints are known, stands for a real one."""

import json
from pathlib import Path

import pytest

from divescore.lab.datasets.films import LabelledFilm
from divescore.lab.datasets.frame_labels import FRAME_LABEL, JOINTS, PHASES, frame_labels_of
from divescore.lab.evaluation.real_films import measure_real, real_table
from divescore.lab.rendering.films import HEIGHT, RATE, WIDTH, write_film
from divescore.lab.rendering.random_dives import random_rendered_dive
from divescore.scoring.manifest import read_manifest
from tests.unit.lab.progress import silent

WEIGHTS = Path(__file__).parents[4] / "model_weights"


def marked(folder: Path, seed: int) -> LabelledFilm:
    """A rendered dive as a film in `folder`, with what the renderer knows of execution, number and joints in flight."""
    film = random_rendered_dive(seed)
    frames = write_film(film, folder / "dive.webm")
    entries = []
    for number in range(0, frames, 3):
        labels = dict(zip(FRAME_LABEL, frame_labels_of(film, number / RATE, WIDTH / HEIGHT).tolist(), strict=True))
        if labels["phase"] != PHASES.index("flight") or labels["present"] < 0.5:
            continue
        across, down = labels["reach"] * HEIGHT / WIDTH, labels["reach"]
        joints = {
            name: (
                WIDTH * (labels["x"] + labels[f"{name}_x"] * across),
                HEIGHT * (labels["y"] + labels[f"{name}_y"] * down),
            )
            for name in JOINTS
            if labels[f"{name}_seen"]
        }
        entries.append({"frame": number, "joints": joints})
    document = {"clip": "dive.webm", "width": WIDTH, "height": HEIGHT, "frames": entries}
    (folder / "joints.json").write_text(json.dumps(document))
    truth = film.truth
    return LabelledFilm(folder / "dive.webm", "cup", truth.execution, truth.dive.number, None, folder / "joints.json")


def test_a_film_is_measured_with_its_name_and_its_joints(tmp_path: Path) -> None:
    figures = measure_real([marked(tmp_path, 7)], WEIGHTS, read_manifest(WEIGHTS).gate.threshold, silent)

    assert (figures.films, figures.passed) == (1, 1.0)
    assert figures.mean_error == pytest.approx(abs(figures.each[0].model - figures.each[0].judges), abs=1e-3)
    assert figures.joints is not None
    assert figures.lean_error is not None
    assert figures.joints > 0.6
    assert figures.lean_error < 15.0
    assert f"  joints: {figures.joints}" in real_table(figures)
