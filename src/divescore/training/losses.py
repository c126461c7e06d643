"""What training minimises: one loss per head, those of the dive itself over dives only."""

import torch
from torch import Tensor
from torch.nn import functional

from divescore.scoring.networks import CLASS_HEADS, FLAWS, Outputs
from divescore.training.dataset import LABELS

_COLUMN = {name: index for index, name in enumerate(LABELS)}
_FLAWS = slice(_COLUMN[FLAWS[0]], _COLUMN[FLAWS[-1]] + 1)


def column(labels: Tensor, name: str) -> Tensor:
    """One label of a batch [B, len(LABELS)]."""
    return labels[:, _COLUMN[name]]


def loss_of(outputs: Outputs, labels: Tensor, scale: float) -> Tensor:
    """Weighted sum of the heads' losses for a batch of labels [B, len(LABELS)]."""
    is_dive = column(labels, "is_dive")
    gate = functional.binary_cross_entropy_with_logits(outputs.gate, 0.02 + 0.96 * is_dive)
    dives = is_dive > 0.5
    if not bool(dives.any()):
        return 2.0 * gate
    target = column(labels, "execution")[dives] / scale
    error = (outputs.execution[dives] - target).abs()
    log_spread = outputs.log_spread[dives].clamp(-6.0, 1.0)
    # Laplace's likelihood teaches the spread; it sees the error as given, lest it trade accuracy for modesty.
    spread = (error.detach() * torch.exp(-log_spread) + log_spread).mean()
    difficulty = functional.smooth_l1_loss(outputs.difficulty[dives], column(labels, "difficulty")[dives], beta=0.2)
    classes = torch.stack(
        [
            functional.cross_entropy(outputs.classes[name][dives], column(labels, name)[dives].long())
            for name in CLASS_HEADS
        ]
    ).sum()
    # Naming the flaws leads to what costs points sooner than the points alone.
    flaws = (outputs.flaws[dives] - labels[dives][:, _FLAWS]).abs().mean()
    return 2.0 * gate + 3.0 * flaws + 8.0 * error.mean() + 0.3 * spread + difficulty + 0.35 * classes
