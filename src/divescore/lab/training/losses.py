"""What training minimises: a loss of what is seen in each frame, and one per head of the temporal model, over dives."""

import torch
from torch import Tensor
from torch.nn import functional

from divescore.lab.datasets.frame_labels import FRAME_LABEL, GAPS, JOINTS, PHASES
from divescore.lab.datasets.labels import FLAW_LABELS, LABEL
from divescore.scoring.mini.localisation import Localisation
from divescore.scoring.mini.pose import FramePose, PoseValues
from divescore.scoring.mini.temporal import CLASS_HEADS, Outputs

_UNSURE = 0.3
"""Amount of a flaw below which an error counts as its square."""
_PLACE = [FRAME_LABEL["x"], FRAME_LABEL["y"]]
_EDGE = [FRAME_LABEL["edge_x"], FRAME_LABEL["edge_y"]]
_ANGLES = [FRAME_LABEL["hip_angle"], FRAME_LABEL["knee_angle"]]
_AXES = [[FRAME_LABEL[f"{joint}_{axis}"] for axis in ("x", "y")] for joint in JOINTS]
_JOINTS_SEEN = [FRAME_LABEL[f"{joint}_seen"] for joint in JOINTS]
_INSIDE = 1.1
"""Joints a little outside the square are still to be guessed."""
_ENTRY_WEIGHT = 4.0
_GAPS = [FRAME_LABEL[f"{joint}_gap"] for joint in GAPS]
_CENTRE = [FRAME_LABEL["centre_x"], FRAME_LABEL["centre_y"]]


def _mean(values: Tensor, weights: Tensor) -> Tensor:
    """Mean of `values` where `weights` are not zero; the weights lack the values' trailing dimensions."""
    while values.dim() > weights.dim():
        values = values.mean(dim=-1)
    return (values * weights).sum() / weights.sum().clamp(min=1.0)


def into_squares(labels: Tensor, place: Tensor, reach: Tensor, aspects: Tensor) -> Tensor:
    """Labels [N, len(FRAME_LABELS)] with joints and gaps as they lie in other squares than those about the divers.

    Where the diver is in them, and how large, is filled in. The squares are about `place` [N, 2] and reach `reach` [N],
    shares of the picture and of its height.
    """
    moved = labels.clone()
    ratio = (labels[:, FRAME_LABEL["reach"]] / reach).unsqueeze(1)
    away = labels[:, _PLACE] - place
    away = torch.stack((away[:, 0] * aspects, away[:, 1]), dim=1) / reach.unsqueeze(1)
    for axes, seen in zip(_AXES, _JOINTS_SEEN, strict=True):
        moved[:, axes] = labels[:, axes] * ratio + away
        moved[:, seen] *= (moved[:, axes].abs() < _INSIDE).all(dim=1)
    moved[:, _GAPS] = labels[:, _GAPS] * ratio
    moved[:, _CENTRE] = away
    moved[:, FRAME_LABEL["grown"]] = ratio.clamp(min=1e-3).squeeze(1).log()
    return moved


def frame_loss(seen: FramePose, labels: Tensor) -> Tensor:
    """Weighted sum of the losses of what is seen in N frames; `labels` [N, len(FRAME_LABELS)] in the squares."""
    return localisation_loss(seen.localisation, labels) + pose_loss(seen, labels)


def localisation_loss(seen: Localisation, labels: Tensor) -> Tensor:
    """That of what is found in N whole frames."""

    def label(name: str) -> Tensor:
        return labels[:, FRAME_LABEL[name]]

    known = (label("present") >= 0.0).float()
    subject = (label("present") > 0.5).float()

    def is_seen(logits: Tensor, name: str) -> Tensor:
        truth = label(name).clamp(min=0.0)
        return _mean(functional.binary_cross_entropy_with_logits(logits, truth, reduction="none"), known)

    size = label("reach").clamp(min=0.05)
    place = (seen.position - labels[:, _PLACE]).abs() / size.unsqueeze(1)
    edge = (seen.edge - labels[:, _EDGE]).abs() / size.unsqueeze(1)
    water = ((seen.water - label("water")).abs() / size).clamp(max=3.0)
    terms = (
        0.5 * is_seen(seen.present, "present"),
        0.2 * is_seen(seen.water_seen, "water_seen"),
        0.2 * is_seen(seen.edge_seen, "edge_seen"),
        0.5 * _mean(functional.cross_entropy(seen.phase, label("phase").long(), reduction="none"), known),
        2.0 * _mean(place.clamp(max=3.0), subject),
        1.0 * _mean((seen.reach - size.log()).abs(), subject),
        1.0 * _mean(water, label("water_seen") * subject),
        1.0 * _mean(edge.clamp(max=3.0), label("edge_seen") * subject),
    )
    return torch.stack(terms).sum()


def pose_loss(seen: FramePose | PoseValues, labels: Tensor) -> Tensor:
    """That of what is seen in N crops; `labels` [N, len(FRAME_LABELS)] in these."""

    def label(name: str) -> Tensor:
        return labels[:, FRAME_LABEL[name]]

    subject = (label("present") > 0.5).float()
    # Few frames show the body half under water, and no others show the line of the entry, which costs most.
    body = label("body_seen") * subject * torch.where(label("phase") == PHASES.index("water"), _ENTRY_WEIGHT, 1.0)
    sine, cosine = label("lean_sin"), label("lean_cos")
    lean = (seen.lean - torch.stack((sine, cosine), dim=1)).abs()
    line = (seen.line - torch.stack((2.0 * sine * cosine, cosine.square() - sine.square()), dim=1)).abs()
    joints = (seen.joints - labels[:, _AXES]).abs().mean(dim=2)
    joints_seen = labels[:, _JOINTS_SEEN] * body.unsqueeze(1)
    angles = (seen.angles - labels[:, _ANGLES]).abs()
    terms = (
        3.0 * _mean((seen.centre - labels[:, _CENTRE]).abs().clamp(max=1.0), subject),
        3.0 * _mean((seen.grown - label("grown")).abs().clamp(max=1.0), subject),
        3.0 * _mean(lean, body),
        3.0 * _mean(line, body),
        6.0 * _mean(joints, joints_seen),
        3.0 * _mean((seen.gaps - labels[:, _GAPS]).abs(), body),
        3.0 * _mean(angles, body),
        6.0 * _mean((seen.splash - label("splash")).abs(), label("splash_seen") * subject),
    )
    return torch.stack(terms).sum()


def clip_loss(outputs: Outputs, labels: Tensor, scale: float) -> Tensor:
    """Weighted sum of the heads' losses for a batch of labels [B, len(LABELS)]."""

    def label(name: str) -> Tensor:
        return labels[:, LABEL[name]]

    is_dive = label("is_dive")
    gate = functional.binary_cross_entropy_with_logits(outputs.gate, 0.01 + 0.98 * is_dive)
    dives = is_dive > 0.5
    if not bool(dives.any()):
        return 2.0 * gate
    target = label("execution")[dives] / scale
    error = (outputs.execution[dives] - target).abs()
    log_spread = outputs.log_spread[dives].clamp(-6.0, 1.0)
    # Laplace's likelihood teaches the spread; it sees the error as given, lest it trade accuracy for modesty.
    spread = (error.detach() * torch.exp(-log_spread) + log_spread).mean()
    difficulty = functional.smooth_l1_loss(outputs.difficulty[dives], label("difficulty")[dives], beta=0.2)
    classes = torch.stack(
        [functional.cross_entropy(outputs.classes[name][dives], label(name)[dives].long()) for name in CLASS_HEADS]
    ).sum()
    # Naming the flaws leads to what costs points sooner than the points alone. Squares where it is unsure, since the
    # median of a flaw that may be small is none at all, and cheap flaws as much as dear ones, since all are to count.
    flaws = functional.smooth_l1_loss(outputs.flaws[dives], labels[dives][:, FLAW_LABELS], beta=_UNSURE)
    return 2.0 * gate + 10.0 * flaws + 12.0 * error.mean() + 0.3 * spread + difficulty + 0.35 * classes
