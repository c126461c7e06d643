"""Bodies of skin: poses by angles, drawn from where the camera is."""

from pathlib import Path
from types import SimpleNamespace
from typing import cast

import numpy as np
import pytest

from divescore.lab.training import body_library as module
from divescore.lab.training.body_library import body_library
from divescore.lab.training.body_meshes import ARMS, SKIN, BodyMeshes, PosedBody, aligned, reached
from divescore.lab.training.body_pictures import PER_METRE, SIDE, diver_pose, draw_body
from tests.unit.lab.progress import silent


def test_a_direction_is_brought_to_any_other() -> None:
    rng = np.random.default_rng(0)
    for _ in range(20):
        a, b = rng.normal(size=3), rng.normal(size=3)
        turn = aligned(a, b)
        assert turn @ a / np.linalg.norm(a) == pytest.approx(b / np.linalg.norm(b))
        assert turn @ turn.T == pytest.approx(np.eye(3), abs=1e-9)
        assert np.linalg.det(turn) == pytest.approx(1.0)
    assert aligned(np.array([0.0, 0.0, 1.0]), np.array([0.0, 0.0, -1.0])) @ [0, 0, 1] == pytest.approx([0, 0, -1])


def test_an_arm_reaches_a_place_and_no_farther_than_it_is_long() -> None:
    shoulder, pole = np.zeros(3), np.array([1.0, 0.0, 0.0])

    elbow, hand = reached(shoulder, np.array([0.0, 0.0, -0.4]), 0.3, 0.25, pole)
    _, stretched = reached(shoulder, np.array([0.0, 0.0, -2.0]), 0.3, 0.25, pole)

    assert hand == pytest.approx([0.0, 0.0, -0.4])
    assert (np.linalg.norm(elbow), np.linalg.norm(hand - elbow)) == pytest.approx((0.3, 0.25))
    assert elbow[0] > 0
    assert -0.55 < stretched[2] < -0.5


def test_divers_fold_deeper_than_a_right_angle_with_straight_knees() -> None:
    poses = [diver_pose(np.random.default_rng(seed)) for seed in range(400)]

    deep = [pose for pose in poses if pose.hip > np.radians(120) and pose.knee < 0.3]
    assert len(deep) > 40
    assert {pose.arms for pose in poses} == set(ARMS)
    assert all(0.0 <= pose.knee < np.radians(150) for pose in poses)


def test_the_nearest_face_is_seen_lit_and_where_it_is() -> None:
    # Two squares of half a metre that face the camera, one behind the other; the hand lies to the right of the hip.
    # Finer than the pixels, as the faces of a body are.
    grid = np.linspace(-0.25, 0.25, 60)
    xs, ys = np.meshgrid(grid, grid)
    near = np.stack((xs.ravel(), ys.ravel(), np.full(xs.size, 0.2)), axis=1)
    far = near + np.array([0.5, 0.0, -0.4])
    index = np.arange(59 * 60).reshape(59, 60)[:, :-1].ravel()
    one = np.stack((index, index + 1, index + 61), axis=1)
    two = np.stack((index, index + 61, index + 60), axis=1)
    single = np.concatenate((one, two))
    faces = np.concatenate((single, single + len(near)))
    meshes = cast(BodyMeshes, SimpleNamespace(faces=faces, parts=np.full(len(faces), SKIN)))
    joints = {name: np.zeros((1, 3)) for name in ("head", "chest", "hip")}
    joints |= {name: np.zeros((2, 3)) for name in ("knee", "ankle")} | {"hand": np.array([[0.5, 0.0, 0.0]] * 2)}

    drawn = draw_body(
        meshes, PosedBody(np.concatenate((near, far)), joints, 1.0, 0.5), np.eye(3), np.random.default_rng(0)
    )

    cover = drawn.picture[:, :, 3]
    assert drawn.picture.shape == (SIDE, SIDE, 4)
    # One metre wide, half a metre high.
    assert (cover > 127).sum() == pytest.approx(1.0 * 0.5 * PER_METRE**2, rel=0.08)
    assert drawn.joints["hand"][0] - drawn.joints["hip"][0] == pytest.approx([0.5 * PER_METRE, 0.0], abs=1e-4)
    assert drawn.joints["hip"][0, 0] + drawn.joints["hand"][0, 0] == pytest.approx(SIDE)


def test_a_library_is_drawn_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[range] = []

    def draw(_seed: int, numbers: range) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        calls.append(numbers)
        count = len(numbers)
        numbered = np.broadcast_to(np.arange(numbers.start, numbers.stop)[:, None], (count, 2)).astype(np.float32)
        return np.zeros((count, SIDE, SIDE, 4), np.uint8), np.zeros((count, 6, 2, 2), np.float32), numbered

    monkeypatch.setattr(module, "_draw", draw)

    first = body_library(120, 3, tmp_path, 0, silent)
    again = body_library(120, 3, tmp_path, 0, silent)

    assert [len(numbers) for numbers in calls] == [50, 50, 20]
    assert len(first) == len(again) == 120
    assert np.array_equal(again.hips, np.arange(120))
    assert first.identity == again.identity
