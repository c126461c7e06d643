"""The shipped network: two-dimensional convolutions that exchange channels in time, then a small temporal part.

The exchange is the temporal shift module (Lin, Gan, Han, ICCV 2019): part of the channels of each frame come from the
frame before, part from the one after, at no cost. Execution is pooled from segments by attention, so that the
segments' parts add up to it exactly.
"""

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

POSITIONS = 4
ARMSTANDS = 2
ROTATIONS = 4
HALF_SOMERSAULTS = 10
HALF_TWISTS = 10
CLASS_HEADS = {
    "position": POSITIONS,
    "armstand": ARMSTANDS,
    "rotation": ROTATIONS,
    "half_somersaults": HALF_SOMERSAULTS,
    "half_twists": HALF_TWISTS,
}
FLAWS = ("angle", "splash", "legs", "shape", "height", "distance", "axis")
"""What the network is taught to see beside the execution; training's `Flaws` in the same order."""
EVEN_ATTENTION = 0.25
"""Share of the attention that goes to all segments alike, so that none drops out of the account."""
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


def temporal_shift(features: Tensor, frames: int, fold: int) -> Tensor:
    """Shift the first `fold` channels of [B*T, C, H, W] one frame forward in time and the next `fold` one back."""
    batch, channels, height, width = features.shape
    # Channels-last throughout: the convolutions want it, and a copy between layouts costs more than the shift.
    clips = features.permute(0, 2, 3, 1).reshape(batch // frames, frames, height * width, channels)
    past = functional.pad(clips[:, :-1, :, :fold], (0, 0, 0, 0, 1, 0))
    future = functional.pad(clips[:, 1:, :, fold : 2 * fold], (0, 0, 0, 0, 0, 1))
    shifted = torch.cat((past, future, clips[:, :, :, 2 * fold :]), dim=3)
    return shifted.view(batch, height, width, channels).permute(0, 3, 1, 2)


class _Stage(nn.Module):
    def __init__(self, inputs: int, outputs: int, stride: int) -> None:
        super().__init__()
        self.fold = inputs // 8
        self.convolution = nn.Conv2d(inputs, outputs, 3, stride=stride, padding=1, bias=False)
        self.norm = nn.BatchNorm2d(outputs)
        self.residual = stride == 1 and inputs == outputs

    def forward(self, features: Tensor, frames: int) -> Tensor:
        shifted = temporal_shift(features, frames, self.fold)
        result = self.norm(self.convolution(shifted))
        return torch.relu(features + result if self.residual else result)


class _TemporalBlock(nn.Module):
    def __init__(self, channels: int, dilation: int, dropout: float) -> None:
        super().__init__()
        self.convolution = nn.Conv1d(channels, channels, 5, padding=2 * dilation, dilation=dilation, bias=False)
        self.norm = nn.BatchNorm1d(channels)
        self.dropout = nn.Dropout(dropout)

    def forward(self, features: Tensor) -> Tensor:
        update: Tensor = self.dropout(torch.relu(self.norm(self.convolution(features))))
        return features + update


class MiniNetwork(nn.Module):
    """Frames [B, T, 3, H, W], normalised, to `Outputs`; T a multiple of `segments`, H and W multiples of 16."""

    def __init__(self, segments: int = 8, width: int = 192, dropout: float = 0.1) -> None:
        super().__init__()
        self.segments = segments
        # The fourth channel is the change of brightness since the frame before: motion, whatever the colours.
        self.stem = nn.Sequential(nn.Conv2d(4, 16, 5, stride=2, padding=2, bias=False), nn.BatchNorm2d(16), nn.ReLU())
        plan = [(16, 32, 2), (32, 64, 2), (64, 64, 1), (64, 128, 2), (128, 128, 1)]
        self.stages = nn.ModuleList(_Stage(*stage) for stage in plan)
        self.project = nn.Sequential(nn.Linear(3 * 128, width), nn.ReLU(), nn.Dropout(dropout))
        self.temporal = nn.Sequential(*(_TemporalBlock(width, dilation, dropout) for dilation in (1, 2, 4)))
        self.norm = nn.LayerNorm(2 * width)
        self.quality = nn.Linear(2 * width, 1)
        self.attention = nn.Linear(2 * width, 1)
        self.summary = nn.Sequential(nn.Linear(4 * width, width), nn.ReLU(), nn.Dropout(dropout))
        self.gate = nn.Linear(width, 1)
        self.log_spread = nn.Linear(width, 1)
        self.difficulty = nn.Linear(width, 1)
        self.flaws = nn.Linear(width, len(FLAWS))
        self.classes = nn.ModuleDict({name: nn.Linear(width, size) for name, size in CLASS_HEADS.items()})

    def forward(self, frames: Tensor) -> Outputs:
        """Run the network."""
        batch, length = frames.shape[:2]
        luma = frames.mean(dim=2, keepdim=True)
        change = functional.pad(luma[:, 1:] - luma[:, :-1], (0, 0, 0, 0, 0, 0, 1, 0))
        pictures = torch.cat((frames, change), dim=2).flatten(0, 1).contiguous(memory_format=torch.channels_last)
        features = self.stem(pictures)
        for stage in self.stages:
            features = stage(features, length)
        # Where the strongest response lies tells height in the picture, which plain pooling would lose.
        rows = torch.linspace(-1, 1, features.shape[2], device=features.device).view(1, 1, -1, 1)
        weights = torch.softmax(features.flatten(2), dim=2).view_as(features)
        place = (weights * rows).sum(dim=(2, 3))
        pooled = torch.cat((features.mean(dim=(2, 3)), features.amax(dim=(2, 3)), place), dim=1)
        sequence = self.temporal(self.project(pooled).view(batch, length, -1).transpose(1, 2))
        parts = sequence.view(batch, sequence.shape[1], self.segments, -1)
        segments = self.norm(torch.cat((parts.mean(dim=3), parts.amax(dim=3)), dim=1).transpose(1, 2))
        chosen = torch.softmax(self.attention(segments).squeeze(2), dim=1)
        attention = EVEN_ATTENTION / self.segments + (1.0 - EVEN_ATTENTION) * chosen
        shares = attention * torch.sigmoid(self.quality(segments).squeeze(2))
        attended = (attention.unsqueeze(2) * segments).sum(dim=1)
        summary = self.summary(torch.cat((attended, segments.mean(dim=1)), dim=1))
        return Outputs(
            gate=self.gate(summary).squeeze(1),
            shares=shares,
            log_spread=self.log_spread(summary).squeeze(1),
            difficulty=MAX_DIFFICULTY * torch.sigmoid(self.difficulty(summary).squeeze(1)),
            flaws=torch.sigmoid(self.flaws(summary)),
            classes={name: head(summary) for name, head in self.classes.items()},
        )
