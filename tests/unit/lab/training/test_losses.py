"""What training minimises."""

import math

import pytest
import torch

from divescore.lab.datasets.frame_labels import FRAME_LABEL, FRAME_LABELS, UNKNOWN
from divescore.lab.datasets.labels import LABELS
from divescore.lab.training.losses import clip_loss, frame_loss, into_squares
from divescore.scoring.mini.localisation import Localisation
from divescore.scoring.mini.pose import JOINTS, FramePose
from divescore.scoring.mini.temporal import CLASS_HEADS, FLAWS, Outputs


def outputs(execution: float, gate: float) -> Outputs:
    return Outputs(
        gate=torch.full((2,), gate),
        shares=torch.full((2, 8), execution / 30 / 8),
        log_spread=torch.full((2,), -3.0),
        difficulty=torch.full((2,), 3.0),
        flaws=torch.zeros(2, len(FLAWS)),
        classes={name: torch.zeros(2, size) for name, size in CLASS_HEADS.items()},
    )


def labels(is_dive: float) -> torch.Tensor:
    row = torch.zeros(2, len(LABELS))
    row[:, 0], row[:, 1], row[:, 2] = is_dive, 24.0 * is_dive, 3.0 * is_dive
    return row


def frame_labels(present: float = 1.0) -> torch.Tensor:
    row = torch.zeros(1, len(FRAME_LABELS))
    row[0, FRAME_LABEL["present"]] = present
    row[0, [FRAME_LABEL["x"], FRAME_LABEL["y"]]], row[0, FRAME_LABEL["reach"]] = 0.5, 0.25
    row[0, [FRAME_LABEL["head_x"], FRAME_LABEL["head_y"], FRAME_LABEL["head_seen"]]] = torch.tensor([0.2, -0.8, 1.0])
    row[0, [FRAME_LABEL["body_seen"], FRAME_LABEL["knee_gap"]]] = torch.tensor([1.0, 0.4])
    return row


def seen(x: float, head: float = 0.2) -> FramePose:
    located = Localisation(
        present=torch.tensor([3.0]),
        position=torch.tensor([[x, 0.5]]),
        reach=torch.tensor([0.25]).log(),
        water=torch.zeros(1),
        water_seen=torch.tensor([-3.0]),
        edge=torch.zeros(1, 2),
        edge_spread=torch.zeros(1),
        edge_seen=torch.tensor([-3.0]),
        phase=torch.zeros(1, 4),
        features=torch.zeros(1, 1),
    )
    joints = torch.zeros(1, JOINTS, 2)
    joints[0, 0] = torch.tensor([head, -0.8])
    zeros = torch.zeros(1)
    pair = zeros.expand(1, 2)
    return FramePose(
        localisation=located,
        estimated=torch.ones(1),
        centre=pair,
        grown=zeros,
        lean=pair,
        line=pair,
        joints=joints,
        gaps=zeros.expand(1, 3),
        angles=pair,
        splash=zeros,
        features=zeros.view(1, 1),
    )


def test_a_better_execution_costs_less() -> None:
    dive = labels(1.0)

    assert clip_loss(outputs(24.0, 3.0), dive, 30.0) < clip_loss(outputs(20.0, 3.0), dive, 30.0)


def test_of_what_is_no_dive_only_the_gate_counts() -> None:
    none = labels(0.0)

    assert clip_loss(outputs(24.0, -3.0), none, 30.0) == clip_loss(outputs(2.0, -3.0), none, 30.0)
    assert clip_loss(outputs(24.0, -3.0), none, 30.0) < clip_loss(outputs(24.0, 3.0), none, 30.0)


def test_a_better_place_and_a_better_head_cost_less() -> None:
    assert frame_loss(seen(0.5), frame_labels()) < frame_loss(seen(0.6), frame_labels())
    assert frame_loss(seen(0.5), frame_labels()) < frame_loss(seen(0.5, head=0.5), frame_labels())


def test_what_was_not_marked_costs_nothing() -> None:
    assert frame_loss(seen(0.5), frame_labels(UNKNOWN)) == frame_loss(seen(0.9, head=0.7), frame_labels(UNKNOWN)) == 0.0


def test_joints_move_with_the_square_that_they_are_seen_in() -> None:
    # A square twice as large whose middle lies right of the diver, in a film twice as wide as high.
    place, reach, aspect = torch.tensor([[0.6, 0.5]]), torch.tensor([0.5]), torch.tensor([2.0])

    moved = into_squares(frame_labels(), place, reach, aspect)

    assert torch.allclose(moved[0, [FRAME_LABEL["head_x"], FRAME_LABEL["head_y"]]], torch.tensor([0.1 - 0.4, -0.4]))
    assert moved[0, FRAME_LABEL["knee_gap"]] == 0.2
    assert moved[0, FRAME_LABEL["head_seen"]] == 1.0
    assert torch.allclose(
        moved[0, [FRAME_LABEL["centre_x"], FRAME_LABEL["centre_y"]]], torch.tensor([-0.4, 0.0]), atol=1e-6
    )
    assert float(moved[0, FRAME_LABEL["grown"]]) == pytest.approx(math.log(0.5))
    far = into_squares(frame_labels(), torch.tensor([[0.5, 1.4]]), reach, aspect)
    assert far[0, FRAME_LABEL["head_seen"]] == 0.0
