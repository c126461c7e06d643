"""Joints marked by hand, and what is measured on them."""

import numpy as np
import pytest
import torch

from divescore.lab.datasets.frame_labels import JOINTS
from divescore.lab.evaluation.pose_labels import MarkedClip, MarkedFrame, read_marked_clip, skeleton_figures
from divescore.scoring.mini.localisation import Localisation, Localiser
from divescore.scoring.mini.pose import PoseValues
from divescore.scoring.mini.skeleton import SkeletonEstimator


def test_the_marked_clip_has_the_flight() -> None:
    clip = read_marked_clip()

    numbers = [frame.number for frame in clip.frames]
    assert numbers == sorted(numbers)
    assert (min(numbers), max(numbers)) == (18, 64)
    assert clip.aspect == pytest.approx(4 / 3)
    for frame in clip.frames:
        assert set(frame.joints) <= set(JOINTS)
        assert all(place.min() >= 0.0 and place.max() <= 1.0 for place in frame.joints.values())


PLACES = {
    "head": (0.55, 0.30),
    "chest": (0.50, 0.40),
    "hip": (0.50, 0.60),
    "knee": (0.50, 0.70),
}


def figures(joints: dict[str, tuple[float, float]], lean: float) -> dict[str, float]:
    """Of a frame seen in a crop of half sides 0.25 about the middle of a film as wide as high; `lean` in degrees."""
    values = torch.zeros(1, SkeletonEstimator.VALUES)
    seen = PoseValues.of(values)
    for name, (x, y) in joints.items():
        seen.joints[0, JOINTS.index(name)] = torch.tensor([(x - 0.5) / 0.25, (y - 0.5) / 0.25])
    angle = np.radians(lean)
    seen.lean[0] = torch.tensor([np.sin(angle), np.cos(angle)])
    located = Localisation(
        present=torch.ones(1),
        position=torch.full((1, 2), 0.5),
        reach=torch.tensor([0.25]).log(),
        water=torch.zeros(1),
        water_seen=torch.zeros(1),
        edge=torch.zeros(1, 2),
        edge_spread=torch.zeros(1),
        edge_seen=torch.zeros(1),
        phase=torch.zeros(1, 4),
        features=torch.zeros(1, Localiser.FEATURES),
    )
    return skeleton_figures(clip(), located, torch.tensor([[0.5, 0.5, 0.25, 1.0]]), seen)


def clip() -> MarkedClip:
    frame = MarkedFrame(7, {name: np.array(place) for name, place in PLACES.items()})
    return MarkedClip("clip.avi", 100, 100, (frame,))


def test_joints_count_as_found_within_a_fifth_of_the_square() -> None:
    # 0.04 of the picture is 0.16 half sides, 0.06 is 0.24.
    near = PLACES | {"head": (0.59, 0.30), "knee": (0.50, 0.76)}

    found = figures(near, lean=0.0)

    assert found["joints"] == pytest.approx(0.75)
    assert found["joint_error"] == pytest.approx(0.08)
    assert found["localised"] == 1.0


@pytest.mark.parametrize(("lean", "error"), [(0.0, 0.0), (12.0, 12.0), (-170.0, 170.0), (350.0, 10.0)])
def test_the_error_of_the_lean_is_the_smaller_turn(lean: float, error: float) -> None:
    # The marked trunk stands upright.
    assert figures(PLACES, lean)["lean_error"] == pytest.approx(error, abs=0.01)
