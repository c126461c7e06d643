"""How the shipped network looks at one frame: where the diver is, then closely at the square about the diver.

The locator sees the whole frame at low resolution: where the diver or the splash is, how large, where water and
platform are. The looker sees the square about the diver in full detail: joints, line, splash.
"""

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

PHASES = 4
FLIGHT = 2
"""Which of the phases it is."""
JOINTS, GAPS, ANGLES = 6, 3, 2
SQUARE = 48
"""Side of what the looker sees, pixels."""
_REACHES = (0.06, 1.2)
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


def halve(pictures: Tensor) -> Tensor:
    """Pictures [N, 3, H, W] at half the size: each pixel the mean of four, as pooling has it, but five times faster."""
    return functional.interpolate(pictures, scale_factor=0.5, mode="bilinear", align_corners=False)


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
