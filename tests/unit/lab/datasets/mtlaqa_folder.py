"""A data folder in MTL-AQA's layout with rendered dives: what the tests of training on real frames train on."""

import pickle
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from divescore.lab.rendering.random_dives import random_rendered_dive

FRAMES = 112
SIZE = (64, 48)


def annotation(end_frame: int, score: float, **classes: int) -> dict[str, Any]:
    """What the published dictionary holds of a dive."""
    return {
        "primary_view": 1,
        "start_frame": 0,
        "end_frame": end_frame,
        "difficulty": np.float64(3.2),
        "final_score": np.float64(score),
        "position": 1,
        "armstand": 0,
        "rotation_type": 2,
        "ss_no": 7,
        "tw_no": 0,
        **classes,
    }


def write_event(folder: Path, event: int, seed: int, frames: int = FRAMES) -> None:
    """Frames of one event, counted from 1."""
    film = random_rendered_dive(seed)
    target = folder / f"{event:02d}"
    target.mkdir(parents=True)
    for number, moment in enumerate(np.linspace(0.0, film.seconds, frames), start=1):
        picture = film.frame(float(moment), *SIZE)
        assert cv2.imwrite(str(target / f"{number:06d}.jpg"), np.ascontiguousarray(picture[:, :, ::-1]))


def write_data(folder: Path, events: int = 2) -> Path:
    """Two dives an event to train on, the third to test on; only a few frames apart, for drawing takes long."""
    annotations, train, test = {}, [], []
    for event in range(1, events + 1):
        write_event(folder / "whole_videos_frames", event, seed=event)
        for dive in (1, 2, 3):
            score = 30.0 * event + dive
            annotations[event, dive] = annotation(FRAMES - 2 * dive, score, ss_no=4 + event, armstand=event % 2)
        train += [(event, 1), (event, 2)]
        test.append((event, 3))
    info = folder / "MTL-AQA_split_0_data"
    info.mkdir()
    for name, content in (
        ("final_annotations_dict", annotations),
        ("train_split_0", train),
        ("test_split_0", test),
    ):
        (info / f"{name}.pkl").write_bytes(pickle.dumps(content, protocol=2))
    return folder
