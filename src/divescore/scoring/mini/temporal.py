"""The temporal model: reads what was seen in the frames of a clip as a sequence, and scores the dive.

Dilated convolutions read the sequence. Most of the execution is what the flaws that it names leave, the rest is pooled
from segments by attention; the segments' parts are scaled so that they add up to the execution exactly.
"""

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from divescore.dives import Position, Rotation
from divescore.scoring.mini.features import OVERALL
from divescore.scoring.mini.localisation import Localiser
from divescore.scoring.mini.pose import PoseEstimator

HALF_SOMERSAULTS = 10
HALF_TWISTS = 10
CLASS_HEADS = {
    "position": 4,
    "armstand": 2,
    "rotation": 4,
    "half_somersaults": HALF_SOMERSAULTS,
    "half_twists": HALF_TWISTS,
}
"""Classes by head."""
POSITIONS = (Position.TUCK, Position.PIKE, Position.STRAIGHT, Position.FREE)
ROTATIONS = (Rotation.FORWARD, Rotation.BACK, Rotation.REVERSE, Rotation.INWARD)
"""Order of the classes in the heads."""
FLAWS = ("angle", "splash", "legs", "shape", "height", "distance", "axis")
"""What the network is taught to see beside the execution; training's `Flaws` in the same order."""
EVEN_ATTENTION = 0.25
"""Share of the attention that goes to all segments alike, so that none drops out of the account."""
FROM_FLAWS = 0.8
"""Share of the execution that what the flaws leave decides; the segments decide the rest."""
MOMENTS = 6
"""Attention maps over the sequence, each of which learns a kind of moment to pick out."""
MAX_DIFFICULTY = 5.0


@dataclass(frozen=True)
class Outputs:
    """What the network says of a batch: unscaled except where a unit is named."""

    gate: Tensor
    """[B] logit of being a dive."""
    shares: Tensor
    """[B, S] parts of the execution by segment, 0..1; their sum is the execution."""
    log_spread: Tensor
    """[B] logarithm of the execution's expected error, in units of the whole scale."""
    difficulty: Tensor
    """[B] difficulty in points."""
    flaws: Tensor
    """[B, len(FLAWS)] amount of each flaw, 0..1."""
    classes: dict[str, Tensor]
    """Logits [B, classes] by head."""

    @property
    def execution(self) -> Tensor:
        """[B] execution, 0..1."""
        return self.shares.sum(dim=1)

    def float(self) -> "Outputs":
        """The same in single precision."""
        classes = {name: logits.float() for name, logits in self.classes.items()}
        return Outputs(
            self.gate.float(),
            self.shares.float(),
            self.log_spread.float(),
            self.difficulty.float(),
            self.flaws.float(),
            classes,
        )


class _TemporalBlock(nn.Module):
    def __init__(self, channels: int, dilation: int, dropout: float) -> None:
        super().__init__()
        self.convolution = nn.Conv1d(channels, channels, 5, padding=2 * dilation, dilation=dilation, bias=False)
        self.norm = nn.BatchNorm1d(channels)
        self.dropout = nn.Dropout(dropout)

    def forward(self, features: Tensor) -> Tensor:
        update: Tensor = self.dropout(torch.relu(self.norm(self.convolution(features))))
        return features + update


class TemporalModel(nn.Module):
    """Features of frames [B, T, INPUTS] to `Outputs`; T a multiple of `segments`."""

    INPUTS = 55 + Localiser.FEATURES + PoseEstimator.FEATURES

    def __init__(self, segments: int = 8, width: int = 160, dropout: float = 0.2) -> None:
        super().__init__()
        self.segments = segments
        # Angles, places and speeds each have a scale of their own.
        self.scale = nn.BatchNorm1d(self.INPUTS)
        self.project = nn.Sequential(
            nn.Linear(self.INPUTS, width),
            nn.ReLU(),
            nn.Dropout(dropout),
        )
        self.temporal = nn.Sequential(*(_TemporalBlock(width, dilation, dropout) for dilation in (1, 2, 4, 8, 1)))
        self.norm = nn.LayerNorm(2 * width)
        self.quality = nn.Linear(2 * width, 1)
        self.attention = nn.Linear(2 * width, 1)
        self.moments = nn.Conv1d(width, MOMENTS, 1)
        summarised = (4 + MOMENTS) * width + len(OVERALL)
        self.summary = nn.Sequential(nn.Linear(summarised, 2 * width), nn.ReLU(), nn.Dropout(dropout))
        self.overall = nn.Linear(2 * width, 1)
        self.gate = nn.Linear(2 * width, 1)
        self.log_spread = nn.Linear(2 * width, 1)
        self.difficulty = nn.Linear(2 * width, 1)
        self.flaws = nn.Linear(2 * width, len(FLAWS))
        self.deductions = nn.Parameter(torch.full((len(FLAWS),), 0.15))
        """What each flaw takes at its worst, a share of the execution."""
        self.classes = nn.ModuleDict({name: nn.Linear(2 * width, size) for name, size in CLASS_HEADS.items()})

    def forward(self, features: Tensor) -> Outputs:
        """Read the sequence."""
        batch, length = features.shape[:2]
        scaled = self.scale(features.flatten(0, 1))
        sequence = self.temporal(self.project(scaled).view(batch, length, -1).transpose(1, 2))
        parts = sequence.view(batch, sequence.shape[1], self.segments, -1)
        segments = self.norm(torch.cat((parts.mean(dim=3), parts.amax(dim=3)), dim=1).transpose(1, 2))
        chosen = torch.softmax(self.attention(segments).squeeze(2), dim=1)
        attention = EVEN_ATTENTION / self.segments + (1.0 - EVEN_ATTENTION) * chosen
        attended = (attention.unsqueeze(2) * segments).sum(dim=1)
        # Some flaws show in a frame or two, such as the line of the entry; a segment's mean would blur them.
        maps = torch.softmax(self.moments(sequence), dim=2)
        moments = torch.einsum("bmt,bct->bmc", maps, sequence).flatten(1)
        overall = scaled.view(batch, length, -1)[:, 0, OVERALL.start : OVERALL.stop]
        summary = self.summary(torch.cat((attended, segments.mean(dim=1), moments, overall), dim=1))
        flaws = torch.sigmoid(self.flaws(summary))
        shares = attention * torch.sigmoid(self.quality(segments).squeeze(2) + self.overall(summary))
        given = shares.sum(dim=1)
        # A flaw named moves what is left of the execution steadily; what the segments give knows all else.
        left = (1.0 - (flaws * self.deductions).sum(dim=1)).clamp(0.0, 1.0)
        settled = (1.0 - FROM_FLAWS) * given + FROM_FLAWS * left
        shares = shares * (settled / given.clamp(min=1e-4)).unsqueeze(1)
        return Outputs(
            gate=self.gate(summary).squeeze(1),
            shares=shares,
            log_spread=self.log_spread(summary).squeeze(1),
            difficulty=MAX_DIFFICULTY * torch.sigmoid(self.difficulty(summary).squeeze(1)),
            flaws=flaws,
            classes={name: head(summary) for name, head in self.classes.items()},
        )
