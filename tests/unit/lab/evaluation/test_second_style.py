"""The second style: it draws, it differs, and no training learns from it."""

import ast
from pathlib import Path

import numpy as np

import divescore.lab
from divescore.lab.datasets.dataset import ClipShape
from divescore.lab.datasets.labels import LABEL
from divescore.lab.evaluation.calibration_clips import (
    PICTURE_GUISES,
    ShownClip,
    foreign_clip,
    guised_clip,
    recoded,
    second_style_clip,
)
from divescore.lab.evaluation.second_style import SECOND_STYLE_NEGATIVES, SecondStyleDive

LAB = Path(divescore.lab.__file__).parent
CALIBRATES = "training/calibrate.py"
SHAPE = ClipShape(frames=8, width=64, height=48)


def test_a_seed_draws_the_same_again_and_another_another() -> None:
    one, again, other = (SecondStyleDive(seed).frame(1.2, 96, 72) for seed in (1, 1, 2))

    assert one.shape == (72, 96, 3)
    assert (one == again).all()
    assert (one != other).any()


def test_its_dives_say_what_they_are_and_move() -> None:
    dive = SecondStyleDive(3)

    assert 0.0 <= dive.truth.execution <= 30.0
    assert np.abs(dive.frame(0.2, 96, 72).astype(int) - dive.frame(dive.motion.timing.entry, 96, 72)).mean() > 5.0
    for build in SECOND_STYLE_NEGATIVES:
        assert build(1).frame(0.5, 96, 72).shape == (72, 96, 3)


def test_nothing_that_trains_imports_it() -> None:
    """`calibrate` alone does, which fits nothing of the network."""
    styled = {"second_style", "calibration_clips"}
    wrong = []
    for path in sorted(LAB.rglob("*.py")):
        place = path.relative_to(LAB).as_posix()
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            named = node.module or "" if isinstance(node, ast.ImportFrom) else ""
            if named.rsplit(".", 1)[-1] in styled and not place.startswith("evaluation/") and place != CALIBRATES:
                wrong.append((place, named))
    assert wrong == []


def test_clips_to_calibrate_on_repeat() -> None:
    for draw in (second_style_clip, guised_clip, foreign_clip):
        one, again = draw(5, SHAPE), draw(5, SHAPE)
        assert [frame.tolist() for frame in one.frames] == [frame.tolist() for frame in again.frames]
        assert len(one.frames) == SHAPE.frames
    assert not foreign_clip(5, SHAPE).labels[LABEL["is_dive"]]
    assert guised_clip(5, SHAPE).labels[LABEL["is_dive"]]


def test_a_guise_changes_the_film_and_keeps_its_shape() -> None:
    rng = np.random.default_rng(0)
    pictures = np.stack([SecondStyleDive(4).frame(0.2 * index, 96, 72) for index in range(8)])
    shown = ShownClip(pictures, 0.4)

    for name, change in PICTURE_GUISES.items():
        guised = change(shown, rng)
        assert guised.pictures.shape == pictures.shape, name
        assert guised.seconds != shown.seconds or (guised.pictures != pictures).any(), name
    assert (
        np.abs(recoded(pictures, 18).astype(int) - pictures).mean()
        < np.abs(recoded(pictures, 40).astype(int) - pictures).mean()
    )
