"""What training minimises: a loss for what is seen in each frame, and one per head of the judge, over dives only."""

import torch
from torch import Tensor
from torch.nn import functional

from divescore.lab.datasets.frame_labels import GAPS, JOINTS, MARK, PHASES
from divescore.lab.datasets.rendered import LABELS
from divescore.scoring.mini.pose import FramePose
from divescore.scoring.mini.temporal import CLASS_HEADS, FLAWS, Outputs

_COLUMN = {name: index for index, name in enumerate(LABELS)}
_FLAWS = slice(_COLUMN[FLAWS[0]], _COLUMN[FLAWS[-1]] + 1)
_UNSURE = 0.3
"""Amount of a flaw below which an error counts as its square."""
_AXES = [[MARK[f"{joint}_{axis}"] for axis in ("x", "y")] for joint in JOINTS]
_JOINTS_SEEN = [MARK[f"{joint}_seen"] for joint in JOINTS]
_INSIDE = 1.1
"""Joints a little outside the square are still to be guessed."""
_ENTRY_WEIGHT = 4.0
_GAPS = [MARK[f"{joint}_gap"] for joint in GAPS]
_CENTRE = [MARK["centre_x"], MARK["centre_y"]]


def column(labels: Tensor, name: str) -> Tensor:
    """One label of a batch [B, len(LABELS)]."""
    return labels[:, _COLUMN[name]]


def _mean(values: Tensor, weights: Tensor) -> Tensor:
    """Mean of `values` where `weights` are not zero; the weights lack the values' trailing dimensions."""
    while values.dim() > weights.dim():
        values = values.mean(dim=-1)
    return (values * weights).sum() / weights.sum().clamp(min=1.0)


def into_squares(marks: Tensor, place: Tensor, reach: Tensor, aspects: Tensor) -> Tensor:
    """Marks [N, len(MARKS)] with joints and gaps as they lie in other squares than those about the divers.

    Where the diver is in them, and how large, is filled in. The squares are about `place` [N, 2] and reach `reach` [N],
    shares of the picture and of its height.
    """
    moved = marks.clone()
    ratio = (marks[:, MARK["reach"]] / reach).unsqueeze(1)
    away = marks[:, [MARK["x"], MARK["y"]]] - place
    away = torch.stack((away[:, 0] * aspects, away[:, 1]), dim=1) / reach.unsqueeze(1)
    for axes, seen in zip(_AXES, _JOINTS_SEEN, strict=True):
        moved[:, axes] = marks[:, axes] * ratio + away
        moved[:, seen] *= (moved[:, axes].abs() < _INSIDE).all(dim=1)
    moved[:, _GAPS] = marks[:, _GAPS] * ratio
    moved[:, _CENTRE] = away
    moved[:, MARK["grown"]] = ratio.clamp(min=1e-3).squeeze(1).log()
    return moved


def loss_of_seen(seen: FramePose, marks: Tensor) -> Tensor:
    """Weighted sum of the losses of what is seen in N frames; `marks` [N, len(MARKS)] in the looker's squares."""

    def mark(name: str) -> Tensor:
        return marks[:, MARK[name]]

    known = (mark("present") >= 0.0).float()
    subject = (mark("present") > 0.5).float()

    def is_seen(logits: Tensor, name: str) -> Tensor:
        truth = mark(name).clamp(min=0.0)
        return _mean(functional.binary_cross_entropy_with_logits(logits, truth, reduction="none"), known)

    size = mark("reach").clamp(min=0.05)
    place = (seen.localisation.position - marks[:, [MARK["x"], MARK["y"]]]).abs() / size.unsqueeze(1)
    edge = (seen.localisation.edge - marks[:, [MARK["edge_x"], MARK["edge_y"]]]).abs() / size.unsqueeze(1)
    # Few frames show the body half under water, and no others show the line of the entry, which costs most.
    looked = subject * seen.estimated
    body = mark("body_seen") * looked * torch.where(mark("phase") == PHASES.index("water"), _ENTRY_WEIGHT, 1.0)
    sine, cosine = mark("lean_sin"), mark("lean_cos")
    lean = (seen.lean - torch.stack((sine, cosine), dim=1)).abs()
    line = (seen.line - torch.stack((2.0 * sine * cosine, cosine.square() - sine.square()), dim=1)).abs()
    joints = (seen.joints - marks[:, _AXES]).abs().mean(dim=2)
    joints_seen = marks[:, _JOINTS_SEEN] * body.unsqueeze(1)
    angles = (seen.angles - marks[:, [MARK["hip_angle"], MARK["knee_angle"]]]).abs()
    terms = (
        0.5 * is_seen(seen.localisation.present, "present"),
        0.2 * is_seen(seen.localisation.water_seen, "water_seen"),
        0.2 * is_seen(seen.localisation.edge_seen, "edge_seen"),
        0.5 * _mean(functional.cross_entropy(seen.localisation.phase, mark("phase").long(), reduction="none"), known),
        2.0 * _mean(place.clamp(max=3.0), subject),
        1.0 * _mean((seen.localisation.reach - size.log()).abs(), subject),
        1.0
        * _mean(((seen.localisation.water - mark("water")).abs() / size).clamp(max=3.0), mark("water_seen") * subject),
        1.0 * _mean(edge.clamp(max=3.0), mark("edge_seen") * subject),
        3.0 * _mean((seen.centre - marks[:, _CENTRE]).abs().clamp(max=1.0), looked),
        3.0 * _mean((seen.grown - mark("grown")).abs().clamp(max=1.0), looked),
        3.0 * _mean(lean, body),
        3.0 * _mean(line, body),
        6.0 * _mean(joints, joints_seen),
        3.0 * _mean((seen.gaps - marks[:, _GAPS]).abs(), body),
        3.0 * _mean(angles, body),
        6.0 * _mean((seen.splash - mark("splash")).abs(), mark("splash_seen") * looked),
    )
    return torch.stack(terms).sum()


def loss_of(outputs: Outputs, labels: Tensor, scale: float) -> Tensor:
    """Weighted sum of the heads' losses for a batch of labels [B, len(LABELS)]."""
    is_dive = column(labels, "is_dive")
    gate = functional.binary_cross_entropy_with_logits(outputs.gate, 0.01 + 0.98 * is_dive)
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
    # Naming the flaws leads to what costs points sooner than the points alone. Squares where it is unsure, since the
    # median of a flaw that may be small is none at all, and cheap flaws as much as dear ones, since all are to count.
    flaws = functional.smooth_l1_loss(outputs.flaws[dives], labels[dives][:, _FLAWS], beta=_UNSURE)
    return 2.0 * gate + 10.0 * flaws + 12.0 * error.mean() + 0.3 * spread + difficulty + 0.35 * classes
