"""The shipped network: what is seen in each frame, judged as a sequence.

A temporal part of dilated convolutions reads what locator and looker say, frame by frame. Execution is pooled from
segments by attention, so that the segments' parts add up to it exactly.
"""

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

from divescore.scoring.sight import ANGLES, FLIGHT, GAPS, JOINTS, Located, Locator, Looker, Seen, cut_out, halve

HALF_SOMERSAULTS = 10
HALF_TWISTS = 10
CLASS_HEADS = {
    "position": 4,
    "armstand": 2,
    "rotation": 4,
    "half_somersaults": HALF_SOMERSAULTS,
    "half_twists": HALF_TWISTS,
}
FLAWS = ("angle", "splash", "legs", "shape", "height", "distance", "axis")
"""What the network is taught to see beside the execution; training's `Flaws` in the same order."""
EVEN_ATTENTION = 0.25
"""Share of the attention that goes to all segments alike, so that none drops out of the account."""
GLANCES = 6
"""Kinds of moments that the judge picks out of the sequence by itself."""
MAX_DIFFICULTY = 5.0
_NOMINAL_SECONDS = 4.0
_FITS, _OFF = 6, 0.25
"""Rounds of fitting a line, and how many sizes of the diver off it are far."""
_FASTEST = 16.0
"""Sizes of the diver, or sines of turns, in a second; what seems faster was seen wrongly."""


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


class Judge(nn.Module):
    """What was seen in frames [B, T, INPUTS] to `Outputs`; T a multiple of `segments`."""

    INPUTS = 42 + Locator.FEATURES + Looker.FEATURES

    def __init__(self, segments: int = 8, width: int = 160, dropout: float = 0.1) -> None:
        super().__init__()
        self.segments = segments
        self.project = nn.Sequential(
            # Angles, places and speeds each have a scale of their own.
            nn.BatchNorm1d(self.INPUTS),
            nn.Linear(self.INPUTS, width),
            nn.ReLU(),
            nn.Dropout(dropout),
        )
        self.temporal = nn.Sequential(*(_TemporalBlock(width, dilation, dropout) for dilation in (1, 2, 4, 8, 1)))
        self.norm = nn.LayerNorm(2 * width)
        self.quality = nn.Linear(2 * width, 1)
        self.attention = nn.Linear(2 * width, 1)
        self.glances = nn.Conv1d(width, GLANCES, 1)
        self.summary = nn.Sequential(nn.Linear((4 + GLANCES) * width, 2 * width), nn.ReLU(), nn.Dropout(dropout))
        self.overall = nn.Linear(2 * width, 1)
        self.gate = nn.Linear(2 * width, 1)
        self.log_spread = nn.Linear(2 * width, 1)
        self.difficulty = nn.Linear(2 * width, 1)
        self.flaws = nn.Linear(2 * width, len(FLAWS))
        self.classes = nn.ModuleDict({name: nn.Linear(2 * width, size) for name, size in CLASS_HEADS.items()})

    def forward(self, seen: Tensor) -> Outputs:
        """Judge the sequence."""
        batch = seen.shape[0]
        sequence = self.temporal(self.project(seen.flatten(0, 1)).view(batch, seen.shape[1], -1).transpose(1, 2))
        parts = sequence.view(batch, sequence.shape[1], self.segments, -1)
        segments = self.norm(torch.cat((parts.mean(dim=3), parts.amax(dim=3)), dim=1).transpose(1, 2))
        chosen = torch.softmax(self.attention(segments).squeeze(2), dim=1)
        attention = EVEN_ATTENTION / self.segments + (1.0 - EVEN_ATTENTION) * chosen
        attended = (attention.unsqueeze(2) * segments).sum(dim=1)
        # Some flaws show in a frame or two, such as the line of the entry; a segment's mean would blur them.
        moments = torch.softmax(self.glances(sequence), dim=2)
        glanced = torch.einsum("bgt,bct->bgc", moments, sequence).flatten(1)
        summary = self.summary(torch.cat((attended, segments.mean(dim=1), glanced), dim=1))
        shares = attention * torch.sigmoid(self.quality(segments).squeeze(2) + self.overall(summary))
        return Outputs(
            gate=self.gate(summary).squeeze(1),
            shares=shares,
            log_spread=self.log_spread(summary).squeeze(1),
            difficulty=MAX_DIFFICULTY * torch.sigmoid(self.difficulty(summary).squeeze(1)),
            flaws=torch.sigmoid(self.flaws(summary)),
            classes={name: head(summary) for name, head in self.classes.items()},
        )


class FocusNetwork(nn.Module):
    """Frames [B, T, 3, 96, 128], normalised, with the film's aspects [B] and seconds [B], to `Outputs`."""

    def __init__(self) -> None:
        super().__init__()
        self.locator = Locator()
        self.looker = Looker()
        self.judge = Judge()

    def see(self, pictures: Tensor, aspects: Tensor) -> Seen:
        """What is in pictures [N, 3, 96, 128]."""
        pictures = pictures.contiguous(memory_format=torch.channels_last)
        located = self.locator(halve(pictures))
        squares = cut_out(pictures, located.place.detach(), located.reach.detach().float(), aspects)
        return self.look(located, squares)

    def look(self, located: Located, squares: Tensor) -> Seen:
        """What the looker sees in squares [N, 3, SQUARE, SQUARE], beside what was located."""
        values, features = self.looker(squares.contiguous(memory_format=torch.channels_last))
        lean, joints, gaps, angles, splash = values.split((2, 2 * JOINTS, GAPS, ANGLES, 1), dim=1)
        return Seen(
            located=located,
            lean=lean,
            joints=joints.view(-1, JOINTS, 2),
            gaps=gaps,
            angles=angles,
            splash=splash.squeeze(1),
            features=features,
        )

    def forward(self, frames: Tensor, aspects: Tensor, seconds: Tensor) -> Outputs:
        """Run the network."""
        each = aspects.repeat_interleave(frames.shape[1])
        outputs: Outputs = self.judge(arrange(self.see(frames.flatten(0, 1), each), aspects, seconds))
        return outputs


def arrange(seen: Seen, aspects: Tensor, seconds: Tensor) -> Tensor:
    """The judge's input [B, T, INPUTS]: everything seen, and how far water and edge are in sizes of the diver.

    `seen` is of B clips one after the other; `aspects` and `seconds` are theirs.
    """
    located = seen.located
    reach = located.reach.clamp(-3.0, 0.5)
    size = reach.exp()
    batch = len(aspects)
    length = len(size) // batch
    visible = torch.sigmoid(torch.stack((located.present, located.water_seen, located.edge_seen), dim=1))
    away = torch.stack(
        (
            (located.water - located.place[:, 1]) / size,
            (located.edge[:, 0] - located.place[:, 0]) / size * aspects.repeat_interleave(length),
            (located.edge[:, 1] - located.place[:, 1]) / size,
        ),
        dim=1,
    ).clamp(-8.0, 8.0)
    phases = torch.softmax(located.phase, dim=1)
    # What is not in the picture is not known.
    known = visible[:, [1, 2, 2]] * visible[:, :1]
    away = away * known
    step = (seconds.clamp(min=0.1) / length).view(batch, 1, 1)
    turn = _turned(seen.lean.view(batch, length, 2)) / step
    flying = (known[:, 1] * phases[:, FLIGHT]).view(batch, length)
    drift = _slope(away[:, 1].view(batch, length), flying).abs().view(batch, 1, 1) / step
    pace = (seconds / _NOMINAL_SECONDS).clamp(0.1, 10.0).log().repeat_interleave(length)
    columns = (
        visible,
        phases,
        located.place,
        reach.unsqueeze(1),
        located.water.unsqueeze(1),
        located.edge,
        away,
        # Films are mirrored as often as not, and which way the dive goes costs nothing.
        away[:, 1:2].abs(),
        drift.expand(-1, length, -1).flatten(0, 1).clamp(max=_FASTEST),
        turn.flatten(0, 1).clamp(-_FASTEST, _FASTEST),
        seen.lean,
        seen.lean.abs(),
        seen.joints.flatten(1),
        seen.gaps,
        seen.angles,
        seen.splash.unsqueeze(1),
        pace.unsqueeze(1),
        located.features.float(),
        seen.features.float(),
    )
    return torch.cat(columns, dim=1).view(batch, length, -1)


def _slope(values: Tensor, weights: Tensor) -> Tensor:
    """Change a frame [B] of values [B, T], weighted; none where the weights leave nothing to fit.

    Least squares, repeated with less weight for what lies off the line (Cauchy's weights): now and then a platform is
    seen where there is none, once it has left the picture, and must not turn the line.
    """
    times = torch.arange(values.shape[1], device=values.device, dtype=values.dtype).expand_as(values)
    trusted, slope = weights, torch.zeros_like(values[:, 0])
    for _ in range(_FITS):
        total = trusted.sum(dim=1, keepdim=True) + 1e-3
        since = times - (trusted * times).sum(dim=1, keepdim=True) / total
        above = values - (trusted * values).sum(dim=1, keepdim=True) / total
        slope = (trusted * since * above).sum(dim=1) / ((trusted * since.square()).sum(dim=1) + 1.0)
        off = (above - slope.unsqueeze(1) * since).detach() / _OFF
        trusted = weights / (1.0 + off.square())
    return slope


def _turned(lean: Tensor) -> Tensor:
    """Sine of the turn since the frame before, of sines and cosines [B, T, 2]: [B, T, 1]."""
    sine, cosine = lean.unbind(dim=2)
    change = sine[:, 1:] * cosine[:, :-1] - cosine[:, 1:] * sine[:, :-1]
    return functional.pad(change.unsqueeze(2), (0, 0, 1, 0))
