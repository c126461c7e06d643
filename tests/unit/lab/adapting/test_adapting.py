"""Adaptation learns what is there to learn, and refuses what is not."""

import json
from pathlib import Path

import numpy as np
import pytest

from divescore.lab.adapting.adapting import Judged, adapt, write_adapted
from divescore.lab.adapting.ridge import folds_of
from divescore.lab.datasets.films import LabelledFilm
from divescore.lab.errors import DataInvalid
from divescore.scoring.manifest import parse_manifest
from divescore.scoring.mini.adaptation import Adaptation

WEIGHTS = Path(__file__).parents[4] / "model_weights"
SHUFFLES = 99
LESS_THAN_CHANCE = 1
"""Of 20 runs on shuffled marks."""


def club(seed: int, films: int = 30, shuffled: bool = False, off: float = 0.15, noise: float = 0.035) -> Judged:
    """A club whose dives the model sees, but on another scale: it is off by several points."""
    rng = np.random.default_rng(seed)
    marks = np.clip(rng.normal(18.0, 4.5, films), 2, 30)
    outputs = rng.normal(0.0, 1.0, (films, 10))
    outputs[:, 0] = 0.02 * marks + off + rng.normal(0.0, noise, films)
    unadapted = 30.0 * outputs[:, 0]
    if shuffled:
        marks = marks[rng.permutation(films)]
    listed = [LabelledFilm(Path(f"{i}.mp4"), f"diver {i % 8}", float(mark)) for i, mark in enumerate(marks)]
    return Judged(listed, outputs, unadapted)


def test_a_model_on_another_scale_is_adapted_by_more_than_a_third() -> None:
    report = adapt(club(1), SHUFFLES).report
    unadapted = next(other for other in report.baselines if "unadapted" in other.name)

    assert report.better
    assert report.mean_error < unadapted.mean_error * 2 / 3
    assert 0.8 <= report.coverage <= 1.0


def test_a_gain_of_a_quarter_is_mostly_found() -> None:
    reports = [adapt(club(seed, off=0.18, noise=0.045), SHUFFLES).report for seed in range(20)]
    unadapted = [other.mean_error for report in reports for other in report.baselines if "unadapted" in other.name]
    gain = 1.0 - np.mean([report.mean_error for report in reports]) / np.mean(unadapted)

    assert 0.2 <= gain <= 0.3
    assert sum(report.better for report in reports) >= 11


def test_shuffled_marks_are_refused() -> None:
    accepted = sum(adapt(club(seed, shuffled=True), SHUFFLES).report.better for seed in range(20))

    assert accepted <= LESS_THAN_CHANCE


def test_a_group_is_never_on_both_sides() -> None:
    groups = [f"diver {number % 7}" for number in range(40)]
    folds = folds_of(groups, most=4)

    assert all(
        len({fold for fold, other in zip(folds, groups, strict=True) if other == group}) == 1 for group in groups
    )
    assert set(folds.tolist()) == {0, 1, 2, 3}


def test_too_few_films_are_refused() -> None:
    with pytest.raises(DataInvalid, match="the fewest"):
        adapt(club(1, films=8), SHUFFLES)


def test_adapted_weights_are_an_ordinary_folder(tmp_path: Path) -> None:
    judged = club(1)
    adapted = adapt(judged, SHUFFLES)
    write_adapted(WEIGHTS, tmp_path / "out", adapted, "our club", judged.films)
    manifest = parse_manifest(tmp_path / "out")
    adaptation = manifest.adaptation_as(Adaptation)

    assert manifest.trained_on == "synthetic, then our club"
    assert manifest.id == "divescore-mini-adapted"
    assert adaptation == adapted.adaptation
    assert json.loads((tmp_path / "out" / "manifest.json").read_text())["figures"]["films"] == 30
    assert (tmp_path / "out" / "model.safetensors").exists()
