"""The jointed body."""

import numpy as np
import pytest

from divescore.lab.rendering.body import Pose, capsules

ORIGIN = np.zeros(2)


def extent(pose: Pose, lean: float = 0.0, twist: float = 0.0) -> tuple[float, float]:
    points = np.array([point for limb in capsules(pose, ORIGIN, lean, 1.0, twist) for point in (limb.a, limb.b)])
    wide, tall = np.ptp(points, axis=0)
    return float(wide), float(tall)


def test_a_standing_body_is_tall_and_lying_one_wide() -> None:
    wide, tall = extent(Pose())
    assert 1.5 < tall < 2.0
    assert wide < 0.4
    assert extent(Pose(), lean=np.pi / 2)[0] == pytest.approx(tall, abs=0.01)


def test_a_tuck_is_small_and_turns_fast() -> None:
    tuck, pike = Pose(hip=2.25, knee=2.35, shoulder=1.15), Pose(hip=2.45, shoulder=1.75)

    assert max(extent(tuck) + extent(pike)) < 0.7 * max(extent(Pose()))
    assert tuck.inertia < pike.inertia < Pose().inertia == 1.0


def test_a_twist_foreshortens_what_points_at_the_camera() -> None:
    reaching = Pose(shoulder=np.pi / 2)

    assert extent(reaching, twist=np.pi / 2)[0] < 0.75 * extent(reaching)[0]


def test_the_centre_of_mass_is_where_it_was_put() -> None:
    limbs = capsules(Pose(), np.array([3.0, 4.0]), 0.0, 1.0, 0.0)
    trunk = next(limb for limb in limbs if limb.part == "trunk")

    assert np.hypot(*(0.5 * (trunk.a + trunk.b) - [3.0, 4.0])) < 0.4


def test_blending_ends_at_either_pose() -> None:
    a, b = Pose(hip=1.0, shoulder=0.2), Pose(knee=2.0, shoulder=3.0, shoulder_right=1.0)

    assert a.blend(b, 0.0).hip == a.hip
    assert a.blend(b, 1.0).shoulder_right == b.shoulder_right
    assert a.blend(b, 0.5).knee == 1.0
