"""The shipped network: find the diver in each frame, look closely, then judge the sequence.

A locator sees the whole frame at low resolution: where the diver or the splash is, how large, where water and platform
are. A looker sees the square about the diver in full detail: joints, line, splash. A temporal part of dilated
convolutions reads what both say, frame by frame. Execution is pooled from segments by attention, so that the segments'
parts add up to it exactly.
"""

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

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
MAX_DIFFICULTY = 5.0
PHASES = 4
JOINTS, GAPS, ANGLES = 6, 3, 2
SQUARE = 48
"""Side of what the looker sees, pixels."""
_REACHES = (0.06, 1.2)
"""Bounds of half the square's side, shares of the picture's height."""
_NOMINAL_SECONDS = 4.0


@dataclass(frozen=True)
class Located:
    """What the locator finds in each of N frames; places are shares of the picture, 0..1."""

    present: Tensor
    """[N] logit: a diver or a splash is there."""
    place: Tensor
    """[N, 2] its centre, x and y."""
    reach: Tensor
    """[N] logarithm of half the side of the square about it, a share of the picture's height."""
    water: Tensor
    """[N] height of the surface on the picture."""
    water_seen: Tensor
    """[N] logit."""
    edge: Tensor
    """[N, 2] the platform's edge."""
    edge_seen: Tensor
    """[N] logit."""
    phase: Tensor
    """[N, 4] logits: something else, approach, flight, in the water."""
    features: Tensor
    """[N, F]."""


@dataclass(frozen=True)
class Seen:
    """What is seen in each of N frames; joints and gaps in half sides of the square about the diver."""

    located: Located
    lean: Tensor
    """[N, 2] sine and cosine of the trunk's angle from upright."""
    joints: Tensor
    """[N, 6, 2] head, chest, hip, knees, ankles, hands, -1..1 from the square's middle."""
    gaps: Tensor
    """[N, 3] distances between knees, ankles, hands."""
    angles: Tensor
    """[N, 2] hip and knee, turns of pi."""
    splash: Tensor
    """[N] size of the splash, 0..1."""
    features: Tensor
    """[N, F]."""


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


def _convolution(inputs: int, outputs: int, size: int = 3, stride: int = 1, dilation: int = 1) -> nn.Sequential:
    padding = dilation * (size // 2)
    return nn.Sequential(
        nn.Conv2d(inputs, outputs, size, stride=stride, padding=padding, dilation=dilation, bias=False),
        nn.BatchNorm2d(outputs),
        nn.ReLU(inplace=True),
    )


def _expected(heat: Tensor) -> Tensor:
    """Mean place [N, 2], 0..1, under the softmax of heat [N, H, W]."""
    _, rows, columns = heat.shape
    weights = torch.softmax(heat.float().flatten(1), dim=1).view_as(heat)
    xs = (torch.arange(columns, device=heat.device) + 0.5) / columns
    ys = (torch.arange(rows, device=heat.device) + 0.5) / rows
    return torch.stack(((weights.sum(dim=1) * xs).sum(dim=1), (weights.sum(dim=2) * ys).sum(dim=1)), dim=1)


class Locator(nn.Module):
    """Whole frames [N, 3, 48, 64] to `Located`, with features [N, 48]."""

    FEATURES = 48

    def __init__(self) -> None:
        super().__init__()
        self.body = nn.Sequential(
            _convolution(3, 16, 5, stride=2),
            _convolution(16, 32, stride=2),
            _convolution(32, 32),
            _convolution(32, 32, dilation=2),
        )
        self.heat = nn.Conv2d(32, 2, 1)
        self.rows = nn.Conv1d(32, 1, 3, padding=1)
        self.far = nn.Sequential(_convolution(32, 48, stride=2), _convolution(48, 48))
        self.summary = nn.Sequential(nn.Linear(128, self.FEATURES), nn.ReLU(inplace=True))
        # Presence, reach, water seen, edge seen, phases.
        self.attributes = nn.Linear(self.FEATURES, 4 + PHASES)

    def forward(self, pictures: Tensor) -> Located:
        """Find what is where."""
        features = self.body(pictures)
        heat = self.heat(features)
        along = torch.softmax(self.rows(features.mean(dim=3)).squeeze(1).float(), dim=1)
        rows = along.shape[1]
        water = (along * ((torch.arange(rows, device=along.device) + 0.5) / rows)).sum(dim=1)
        # What is where the diver is thought to be tells its size.
        at = torch.softmax(heat[:, 0].flatten(1), dim=1).unsqueeze(1)
        there = (features.flatten(2) * at).sum(dim=2)
        far = self.far(features)
        summary = self.summary(torch.cat((there, far.mean(dim=(2, 3)), far.amax(dim=(2, 3))), dim=1))
        attributes = self.attributes(summary).float()
        return Located(
            present=attributes[:, 0],
            place=_expected(heat[:, 0]),
            reach=attributes[:, 1],
            water=water,
            water_seen=attributes[:, 2],
            edge=_expected(heat[:, 1]),
            edge_seen=attributes[:, 3],
            phase=attributes[:, 4:],
            features=summary,
        )


class Looker(nn.Module):
    """Squares about the diver [N, 3, 48, 48] to joints and the like, and features [N, 160]."""

    FEATURES = 160
    VALUES = 2 + 2 * JOINTS + GAPS + ANGLES + 1

    def __init__(self) -> None:
        super().__init__()
        self.body = nn.Sequential(
            _convolution(3, 24, 5, stride=2),
            _convolution(24, 48, stride=2),
            _convolution(48, 48),
            _convolution(48, 96, stride=2),
            _convolution(96, 96),
            _convolution(96, 40, 1),
            nn.Flatten(),
            nn.Linear(40 * (SQUARE // 8) ** 2, self.FEATURES),
            nn.ReLU(inplace=True),
        )
        self.values = nn.Linear(self.FEATURES, self.VALUES)

    def forward(self, squares: Tensor) -> tuple[Tensor, Tensor]:
        """Values [N, VALUES] and features."""
        features = self.body(squares)
        return self.values(features).float(), features


def cut_out(pictures: Tensor, place: Tensor, reach: Tensor, aspects: Tensor) -> Tensor:
    """Squares [N, 3, SQUARE, SQUARE] of pictures [N, 3, H, W] about `place` [N, 2].

    `reach` [N] is the logarithm of half a side, a share of the height; `aspects` [N] the width by height of the film's
    picture, which was squeezed. What lies outside is grey.
    """
    half = reach.exp().clamp(*_REACHES)
    steps = (torch.arange(SQUARE, device=pictures.device) + 0.5) / SQUARE * 2.0 - 1.0
    x = 2.0 * (place[:, :1] + steps * (half / aspects).unsqueeze(1)) - 1.0
    y = 2.0 * (place[:, 1:] + steps * half.unsqueeze(1)) - 1.0
    grid = torch.stack((x[:, None, :].expand(-1, SQUARE, -1), y[:, :, None].expand(-1, -1, SQUARE)), dim=3)
    return functional.grid_sample(pictures, grid.to(pictures.dtype), align_corners=False)


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

    INPUTS = 37 + Locator.FEATURES + Looker.FEATURES

    def __init__(self, segments: int = 8, width: int = 160, dropout: float = 0.1) -> None:
        super().__init__()
        self.segments = segments
        self.project = nn.Sequential(
            nn.LayerNorm(self.INPUTS), nn.Linear(self.INPUTS, width), nn.ReLU(), nn.Dropout(dropout)
        )
        self.temporal = nn.Sequential(*(_TemporalBlock(width, dilation, dropout) for dilation in (1, 2, 4, 8, 1)))
        self.norm = nn.LayerNorm(2 * width)
        self.quality = nn.Linear(2 * width, 1)
        self.attention = nn.Linear(2 * width, 1)
        self.summary = nn.Sequential(nn.Linear(4 * width, 2 * width), nn.ReLU(), nn.Dropout(dropout))
        self.overall = nn.Linear(2 * width, 1)
        self.gate = nn.Linear(2 * width, 1)
        self.log_spread = nn.Linear(2 * width, 1)
        self.difficulty = nn.Linear(2 * width, 1)
        self.flaws = nn.Linear(2 * width, len(FLAWS))
        self.classes = nn.ModuleDict({name: nn.Linear(2 * width, size) for name, size in CLASS_HEADS.items()})

    def forward(self, seen: Tensor) -> Outputs:
        """Judge the sequence."""
        batch = seen.shape[0]
        sequence = self.temporal(self.project(seen).transpose(1, 2))
        parts = sequence.view(batch, sequence.shape[1], self.segments, -1)
        segments = self.norm(torch.cat((parts.mean(dim=3), parts.amax(dim=3)), dim=1).transpose(1, 2))
        chosen = torch.softmax(self.attention(segments).squeeze(2), dim=1)
        attention = EVEN_ATTENTION / self.segments + (1.0 - EVEN_ATTENTION) * chosen
        attended = (attention.unsqueeze(2) * segments).sum(dim=1)
        summary = self.summary(torch.cat((attended, segments.mean(dim=1)), dim=1))
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
        located = self.locator(functional.avg_pool2d(pictures, 2))
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
    away = torch.stack(
        (
            (located.water - located.place[:, 1]) / size,
            (located.edge[:, 0] - located.place[:, 0]) / size * aspects.repeat_interleave(length),
            (located.edge[:, 1] - located.place[:, 1]) / size,
        ),
        dim=1,
    )
    pace = (seconds / _NOMINAL_SECONDS).clamp(0.1, 10.0).log().repeat_interleave(length)
    columns = (
        torch.sigmoid(torch.stack((located.present, located.water_seen, located.edge_seen), dim=1)),
        torch.softmax(located.phase, dim=1),
        located.place,
        reach.unsqueeze(1),
        located.water.unsqueeze(1),
        located.edge,
        away.clamp(-8.0, 8.0),
        seen.lean,
        seen.joints.flatten(1),
        seen.gaps,
        seen.angles,
        seen.splash.unsqueeze(1),
        pace.unsqueeze(1),
        located.features.float(),
        seen.features.float(),
    )
    return torch.cat(columns, dim=1).view(batch, length, -1)
