"""Localisation: where the diver, the water and the platform are in a whole frame, seen at low resolution."""

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

PHASES = 4
FLIGHT, WATER = 2, 3
"""Numbers of two of the phases."""
REACHES = (0.06, 1.2)
"""Bounds of half a crop's side, shares of the picture's height."""


@dataclass(frozen=True)
class Localisation:
    """What is found in each of N frames; positions are shares of the picture, 0..1."""

    present: Tensor
    """[N] logit: a diver or a splash is there."""
    position: Tensor
    """[N, 2] its centre, x and y."""
    reach: Tensor
    """[N] logarithm of half the side of the crop about it, a share of the picture's height."""
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


def convolution(inputs: int, outputs: int, size: int = 3, stride: int = 1, dilation: int = 1) -> nn.Sequential:
    """A convolution with norm and ReLU that keeps a picture's size, but for its `stride`."""
    padding = dilation * (size // 2)
    return nn.Sequential(
        nn.Conv2d(inputs, outputs, size, stride=stride, padding=padding, dilation=dilation, bias=False),
        nn.BatchNorm2d(outputs),
        nn.ReLU(inplace=True),
    )


def soft_argmax(heat: Tensor, offsets: Tensor) -> tuple[Tensor, Tensor]:
    """Mean positions [N, K, 2], 0..1, and their deviations [N, K], under the softmax of heat [N, K, H, W].

    Each cell stands for a position of its own, `offsets` [N, 2 K, H, W] cells from its middle.
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


class Localiser(nn.Module):
    """Whole frames [N, 3, 48, 64] to `Localisation`, with features [N, 48]."""

    FEATURES = 48

    def __init__(self) -> None:
        super().__init__()
        self.stem = convolution(3, 16, 5, stride=2)
        self.body = nn.Sequential(
            convolution(16, 32, stride=2),
            convolution(32, 32),
            convolution(32, 32, dilation=2),
        )
        # Where things are is read off finer than what they are.
        self.finer = nn.Conv2d(32, 16, 1)
        self.heat = nn.Sequential(convolution(16, 16), nn.Conv2d(16, 6, 1))
        self.rows = nn.Conv1d(32, 1, 3, padding=1)
        self.far = nn.Sequential(convolution(32, 48, stride=2), convolution(48, 48))
        self.summary = nn.Sequential(nn.Linear(128, self.FEATURES), nn.ReLU(inplace=True))
        # Presence, reach, water seen, edge seen, phases.
        self.attributes = nn.Linear(self.FEATURES, 4 + PHASES)

    def forward(self, pictures: Tensor) -> Localisation:
        """Find what is where."""
        fine = self.stem(pictures)
        features = self.body(fine)
        finer = functional.interpolate(self.finer(features), scale_factor=2.0, mode="nearest")
        # Sums over a map are twenty times faster when it lies in one piece.
        maps = self.heat(finer + fine).float().contiguous()
        heat = maps[:, :2]
        positions, spreads = soft_argmax(heat, maps[:, 2:])
        along = torch.softmax(self.rows(features.mean(dim=3)).squeeze(1).float(), dim=1)
        rows = along.shape[1]
        water = (along * ((torch.arange(rows, device=along.device) + 0.5) / rows)).sum(dim=1)
        # What is where the diver is thought to be tells its size.
        at = torch.softmax(functional.avg_pool2d(heat[:, 0], 2, 2).flatten(1), dim=1).unsqueeze(1)
        there = (features.flatten(2) * at).sum(dim=2)
        far = self.far(features)
        summary = self.summary(torch.cat((there, far.mean(dim=(2, 3)), far.amax(dim=(2, 3))), dim=1))
        attributes = self.attributes(summary).float()
        return Localisation(
            present=attributes[:, 0],
            position=positions[:, 0],
            reach=attributes[:, 1],
            water=water,
            water_seen=attributes[:, 2],
            edge=positions[:, 1],
            edge_spread=spreads[:, 1],
            edge_seen=attributes[:, 3],
            phase=attributes[:, 4:],
            features=summary,
        )


def halve(pictures: Tensor) -> Tensor:
    """uint8 pictures [N, H, W, 3] at half the size: each pixel the mean of four."""
    count, height, width = pictures.shape[:3]
    # By whole rows as far as possible, for the processor's vectors.
    rows = pictures.flatten(2)
    pairs = (rows[:, ::2].to(torch.int16) + rows[:, 1::2]).view(count, height // 2, width // 2, 6)
    return (pairs[..., :3] + pairs[..., 3:] + 2).bitwise_right_shift_(2).to(torch.uint8)
