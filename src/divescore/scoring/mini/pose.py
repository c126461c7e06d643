"""How the shipped network looks at one frame: where the diver is, then closely at the square about the diver.

The locator sees the whole frame at low resolution: where the diver or the splash is, how large, where water and
platform are. The looker sees the square about the diver in full detail: joints, line, splash.
"""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import TypeVar

import torch
from torch import Tensor, nn
from torch.nn import functional

PHASES = 4
FLIGHT, WATER = 2, 3
"""Which of the phases they are."""
JOINTS, GAPS, ANGLES = 6, 3, 2
SQUARE = 64
"""Side of what the looker sees, pixels."""
REACHES = (0.06, 1.2)
"""Bounds of half the square's side, shares of the picture's height."""


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
    edge_spread: Tensor
    """[N] how far from there it might as well be, a share of the picture."""
    edge_seen: Tensor
    """[N] logit."""
    phase: Tensor
    """[N, 4] logits: something else, approach, flight, in the water."""
    features: Tensor
    """[N, F]."""


@dataclass(frozen=True)
class Looked:
    """What the looker sees in each of N squares."""

    values: Tensor
    """[N, VALUES] joints, splash and the like."""
    features: Tensor
    """[N, F]."""


@dataclass(frozen=True)
class Seen:
    """What is seen in each of N frames; joints and gaps in half sides of the square about the diver.

    All but `located` is zero where the looker did not look.
    """

    located: Located
    looked: Tensor
    """[N] 1 where it did."""
    centre: Tensor
    """[N, 2] the body's centre of mass, -1..1 from the square's middle."""
    grown: Tensor
    """[N] logarithm of how much larger the square should have been."""
    lean: Tensor
    """[N, 2] sine and cosine of the trunk's angle from upright."""
    line: Tensor
    """[N, 2] the same of twice the angle: head and feet are easily confused, the line of a body is not."""
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


def _convolution(inputs: int, outputs: int, size: int = 3, stride: int = 1, dilation: int = 1) -> nn.Sequential:
    padding = dilation * (size // 2)
    return nn.Sequential(
        nn.Conv2d(inputs, outputs, size, stride=stride, padding=padding, dilation=dilation, bias=False),
        nn.BatchNorm2d(outputs),
        nn.ReLU(inplace=True),
    )


def _expected(heat: Tensor, offsets: Tensor) -> tuple[Tensor, Tensor]:
    """Mean places [N, K, 2], 0..1, and their deviations [N, K], under the softmax of heat [N, K, H, W].

    Each cell stands for a place of its own, `offsets` [N, 2 K, H, W] cells from its middle.
    """
    count, kinds, rows, columns = heat.shape
    xs = ((torch.arange(columns, device=heat.device) + 0.5) / columns).expand(rows, columns).flatten()
    ys = ((torch.arange(rows, device=heat.device) + 0.5) / rows).unsqueeze(1).expand(rows, columns).flatten()
    cell = torch.tensor([1.0 / columns, 1.0 / rows], device=heat.device)
    weights = torch.softmax(heat.flatten(2), dim=2).unsqueeze(2)
    middles = (weights * torch.stack((xs, ys))).sum(dim=3)
    squares = (weights.squeeze(2) * (xs.square() + ys.square())).sum(dim=2)
    moved = (weights * offsets.view(count, kinds, 2, -1)).sum(dim=3)
    return middles + moved * cell, (squares - middles.square().sum(dim=2)).clamp(min=1e-6).sqrt()


class Locator(nn.Module):
    """Whole frames [N, 3, 48, 64] to `Located`, with features [N, 48]."""

    FEATURES = 48

    def __init__(self) -> None:
        super().__init__()
        self.stem = _convolution(3, 16, 5, stride=2)
        self.body = nn.Sequential(
            _convolution(16, 32, stride=2),
            _convolution(32, 32),
            _convolution(32, 32, dilation=2),
        )
        # Where things are is read off finer than what they are.
        self.finer = nn.Conv2d(32, 16, 1)
        self.heat = nn.Sequential(_convolution(16, 16), nn.Conv2d(16, 6, 1))
        self.rows = nn.Conv1d(32, 1, 3, padding=1)
        self.far = nn.Sequential(_convolution(32, 48, stride=2), _convolution(48, 48))
        self.summary = nn.Sequential(nn.Linear(128, self.FEATURES), nn.ReLU(inplace=True))
        # Presence, reach, water seen, edge seen, phases.
        self.attributes = nn.Linear(self.FEATURES, 4 + PHASES)

    def forward(self, pictures: Tensor) -> Located:
        """Find what is where."""
        fine = self.stem(pictures)
        features = self.body(fine)
        finer = functional.interpolate(self.finer(features), scale_factor=2.0, mode="nearest")
        # Sums over a map are twenty times faster when it lies in one piece.
        maps = self.heat(finer + fine).float().contiguous()
        heat = maps[:, :2]
        places, spreads = _expected(heat, maps[:, 2:])
        along = torch.softmax(self.rows(features.mean(dim=3)).squeeze(1).float(), dim=1)
        rows = along.shape[1]
        water = (along * ((torch.arange(rows, device=along.device) + 0.5) / rows)).sum(dim=1)
        # What is where the diver is thought to be tells its size.
        at = torch.softmax(functional.avg_pool2d(heat[:, 0], 2).flatten(1), dim=1).unsqueeze(1)
        there = (features.flatten(2) * at).sum(dim=2)
        far = self.far(features)
        summary = self.summary(torch.cat((there, far.mean(dim=(2, 3)), far.amax(dim=(2, 3))), dim=1))
        attributes = self.attributes(summary).float()
        return Located(
            present=attributes[:, 0],
            place=places[:, 0],
            reach=attributes[:, 1],
            water=water,
            water_seen=attributes[:, 2],
            edge=places[:, 1],
            edge_spread=spreads[:, 1],
            edge_seen=attributes[:, 3],
            phase=attributes[:, 4:],
            features=summary,
        )


class Looker(nn.Module):
    """Squares about the diver [N, 3, 64, 64] to `Looked`, with features [N, 160]."""

    FEATURES = 160
    VALUES = 3 + 4 + 2 * JOINTS + GAPS + ANGLES + 1

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

    def forward(self, squares: Tensor) -> Looked:
        """See what is in them."""
        features = self.body(squares.contiguous(memory_format=torch.channels_last))
        return Looked(self.values(features).float(), features)


Found = TypeVar("Found", Located, Looked)


def joined(parts: Sequence[Found]) -> Found:
    """What was found in some frames and what was found in those that follow, as one."""
    kind = type(parts[0])
    return kind(*(torch.cat([getattr(part, field.name) for part in parts]) for field in fields(kind)))


def completed(located: Located, looked: Looked, chosen: Tensor | None = None) -> Seen:
    """What was located in frames, with what the looker saw in those `chosen` [N], or in all of them."""
    count = len(located.present)
    looked_at = torch.ones_like(located.present)
    values, features = looked.values, looked.features
    if chosen is not None:
        looked_at = torch.zeros_like(looked_at).index_fill(0, chosen, 1.0)
        values, features = (
            part.new_zeros(count, part.shape[1]).index_copy(0, chosen, part) for part in (values, features)
        )
    centre, grown, lean, line, joints, gaps, angles, splash = torch.split(
        values, [2, 1, 2, 2, 2 * JOINTS, GAPS, ANGLES, 1], dim=1
    )
    return Seen(
        located=located,
        looked=looked_at,
        centre=centre,
        grown=grown.squeeze(1),
        lean=lean,
        line=line,
        joints=joints.view(-1, JOINTS, 2),
        gaps=gaps,
        angles=angles,
        splash=splash.squeeze(1),
        features=features,
    )


def halve(pictures: Tensor) -> Tensor:
    """uint8 pictures [N, H, W, 3] at half the size: each pixel the mean of four."""
    count, height, width = pictures.shape[:3]
    # By whole rows as far as possible, for the processor's vectors.
    rows = pictures.flatten(2)
    pairs = (rows[:, ::2].to(torch.int16) + rows[:, 1::2]).view(count, height // 2, width // 2, 6)
    return (pairs[..., :3] + pairs[..., 3:] + 2).bitwise_right_shift_(2).to(torch.uint8)


def cut_out(pictures: Tensor, windows: Tensor) -> Tensor:
    """Squares [N, 3, SQUARE, SQUARE] of pictures [N, 3, H, W], by `windows` [N, 4].

    Of a window: x and y of the middle, half a side as a share of the height, and the width by height of the film's
    picture, which was squeezed. What lies outside is grey.
    """
    place, half, aspects = windows[:, :2], windows[:, 2:3], windows[:, 3:4]
    steps = (torch.arange(SQUARE, device=pictures.device) + 0.5) / SQUARE * 2.0 - 1.0
    x = 2.0 * (place[:, :1] + steps * half / aspects) - 1.0
    y = 2.0 * (place[:, 1:] + steps * half) - 1.0
    grid = torch.stack((x[:, None, :].expand(-1, SQUARE, -1), y[:, :, None].expand(-1, -1, SQUARE)), dim=3)
    return functional.grid_sample(pictures, grid.to(pictures.dtype), align_corners=False)
