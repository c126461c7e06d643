"""What training minimises."""

import torch

from divescore.scoring.networks import CLASS_HEADS, FLAWS, Outputs
from divescore.training.dataset import LABELS
from divescore.training.losses import loss_of


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


def test_a_better_execution_costs_less() -> None:
    dive = labels(1.0)

    assert loss_of(outputs(24.0, 3.0), dive, 30.0) < loss_of(outputs(20.0, 3.0), dive, 30.0)


def test_of_what_is_no_dive_only_the_gate_counts() -> None:
    none = labels(0.0)

    assert loss_of(outputs(24.0, -3.0), none, 30.0) == loss_of(outputs(2.0, -3.0), none, 30.0)
    assert loss_of(outputs(24.0, -3.0), none, 30.0) < loss_of(outputs(24.0, 3.0), none, 30.0)
