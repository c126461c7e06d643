"""Features for the temporal model: what was seen in a clip's frames, and what follows of the dive as a whole.

Drift, rise and fall are fitted to the diver's positions relative to the platform's edge, in sizes of the diver.
"""

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional

from divescore.scoring.mini.localisation import FLIGHT, REACHES, WATER
from divescore.scoring.mini.pose import FramePose

OVERALL = range(18, 27)
"""Columns that hold for the whole dive: drift, fall, top, line of the entry, how long the edge was seen."""
_ENTERING = 2
"""Frames in which a body is still half above the water."""
_NOMINAL_SECONDS = 4.0
_GRAVITY = 9.81 / 1.25
"""Of a body of common size: in halves of the side of the square about it, a second squared."""
_AS_FALLING = 0.75
"""Power by which a drift is corrected where a body seems to fall too slowly: 1/2 were right if it were the film's pace
that is mistaken, 1 if it were the size of the diver."""
_PEAK = 0.06
"""Sizes of the diver below the highest place that count little for it."""
_FITS, _OFF = 6, 0.25
"""Rounds of fitting a line, and how many sizes of the diver off it are far."""
_FALLS = (1.0, 15.0)
"""Bounds of how fast a fall may seem to quicken, sizes of the diver a second squared."""
_SPREAD = 0.12
"""Deviation of where the edge might be, a share of the picture, from which on it is hardly trusted."""
_FASTEST = 16.0
"""Sizes of the diver, or sines of turns, in a second; what seems faster was seen wrongly."""


def after_flight(phases: Tensor, frames: int) -> Tensor:
    """How surely each frame [B, T] shows the water at most `frames` after a flight, of phases [B, T, 4] (shares)."""
    flying = functional.pad(phases[:, :, FLIGHT], (frames, 0)).unfold(1, frames + 1, 1).amax(dim=2)
    return flying * phases[:, :, WATER]


def assemble_features(pose: FramePose, aspects: Tensor, seconds: Tensor) -> Tensor:
    """The temporal model's input [B, T, INPUTS]: all that was seen, with water and edge in sizes of the diver.

    `pose` is of B clips one after the other; `aspects` and `seconds` are theirs.
    """
    where = pose.localisation
    batch = len(aspects)
    length = len(where.reach) // batch
    visible = torch.sigmoid(torch.stack((where.present, where.water_seen, where.edge_seen), dim=1))
    phases = torch.softmax(where.phase, dim=1)
    half = where.reach.exp().clamp(*REACHES)
    reach = (half.log() + pose.grown).clamp(-3.0, 0.5)
    # The camera keeps its distance during a flight: one size for all of it is surer than one for each frame.
    flying = visible[:, 0] * phases[:, FLIGHT]
    weights = (flying * (0.1 + pose.estimated)).view(batch, length) + 1e-4
    steady = (weights * reach.view(batch, length)).sum(dim=1) / weights.sum(dim=1)
    size = steady.exp().repeat_interleave(length)
    ratio = aspects.repeat_interleave(length)
    x = where.position[:, 0] + pose.centre[:, 0] * half / ratio
    y = where.position[:, 1] + pose.centre[:, 1] * half
    away = torch.stack(
        ((where.water - y) / size, (where.edge[:, 0] - x) / size * ratio, (where.edge[:, 1] - y) / size), dim=1
    ).clamp(-8.0, 8.0)
    # What is not in the picture is not known.
    known = visible[:, [1, 2, 2]] * visible[:, :1]
    away = away * known
    step = (seconds.clamp(min=0.1) / length).view(batch, 1, 1)
    turn = _turned(pose.lean.view(batch, length, 2)) / step
    trusted = known[:, 1] * phases[:, FLIGHT] / (1.0 + (where.edge_spread / _SPREAD).square())
    trusted = trusted.view(batch, length)
    drift = _line(away[:, 1].view(batch, length), trusted).slope.abs() / step.squeeze(2)
    top = _top(away[:, 2].view(batch, length), trusted, step.squeeze(2))
    entering = after_flight(phases.view(batch, length, -1), _ENTERING) * pose.estimated.view(batch, length)
    # Where the line is hard to see it comes out short: its length says how far to trust it.
    lines = pose.line.view(batch, length, 2)
    entering = entering.unsqueeze(2)
    entry = (entering * lines).sum(dim=1) / ((entering * lines.norm(dim=2, keepdim=True)).sum(dim=1) + 0.05)
    # Without an edge drift and top come out as nothing, which a slow and low take-off nearly does too.
    known_for = trusted.sum(dim=1, keepdim=True)
    fall = _fall(away[:, 2].view(batch, length), trusted, step.squeeze(2))
    speeds = torch.cat((drift, drift * (_GRAVITY / fall).pow(_AS_FALLING), fall), dim=1).clamp(max=_FASTEST)
    overall = torch.cat((speeds, top, entry, entry[:, :1].abs(), known_for), dim=1)
    pace = (seconds / _NOMINAL_SECONDS).clamp(0.1, 10.0).log().repeat_interleave(length)
    columns = (
        visible,
        phases,
        where.position,
        reach.unsqueeze(1),
        where.water.unsqueeze(1),
        where.edge,
        where.edge_spread.unsqueeze(1),
        away,
        # Films are mirrored as often as not, and which way the dive goes costs nothing.
        away[:, 1:2].abs(),
        overall.repeat_interleave(length, dim=0),
        turn.flatten(0, 1).clamp(-_FASTEST, _FASTEST),
        pose.estimated.unsqueeze(1),
        pose.lean,
        pose.lean.abs(),
        pose.line,
        pose.line[:, :1].abs(),
        pose.joints.flatten(1),
        pose.gaps,
        pose.angles,
        pose.splash.unsqueeze(1),
        pace.unsqueeze(1),
        where.features.float(),
        pose.features.float(),
    )
    return torch.cat(columns, dim=1).view(batch, length, -1)


@dataclass(frozen=True)
class _Line:
    """A line through values: its level [B, 1] at its middle [B, 1], a frame's number, and its slope [B, 1] a frame."""

    level: Tensor
    middle: Tensor
    slope: Tensor


def _line(values: Tensor, weights: Tensor) -> _Line:
    """The line through values [B, T], weighted; flat where the weights leave nothing to fit.

    Least squares, repeated with less weight for what lies off the line (Cauchy's weights): now and then a platform is
    seen where there is none, once it has left the picture, and must not turn the line.
    """
    times = _frames(values)
    trusted = weights
    for _ in range(_FITS):
        total = trusted.sum(dim=1, keepdim=True) + 1e-3
        middle = (trusted * times).sum(dim=1, keepdim=True) / total
        level = (trusted * values).sum(dim=1, keepdim=True) / total
        since, above = times - middle, values - level
        slope = (trusted * since * above).sum(dim=1, keepdim=True)
        slope = slope / ((trusted * since.square()).sum(dim=1, keepdim=True) + 1.0)
        off = (above - slope * since).detach() / _OFF
        trusted = weights / (1.0 + off.square())
    return _Line(level, middle, slope)


def _frames(values: Tensor) -> Tensor:
    return torch.arange(values.shape[1], device=values.device, dtype=values.dtype).expand_as(values)


def _top(heights: Tensor, weights: Tensor, steps: Tensor) -> Tensor:
    """Heights' [B, T] greatest, [B, 2]: of the parabola of a free fall through them, and as seen. `steps` [B, 1] s."""
    gravity = _GRAVITY * steps.square()
    line = _line(heights + 0.5 * gravity * _frames(heights).square(), weights)
    fitted = line.level - line.slope * line.middle + 0.5 * line.slope.square() / gravity
    peaked = weights * (heights / _PEAK).clamp(max=40.0).exp()
    seen = (peaked * heights).sum(dim=1, keepdim=True) / (peaked.sum(dim=1, keepdim=True) + 1e-3)
    return torch.cat((fitted, seen), dim=1).clamp(-1.0, 3.0)


def _fall(heights: Tensor, weights: Tensor, steps: Tensor) -> Tensor:
    """How fast the fall through heights [B, T] quickens, [B, 1], a second squared; as all bodies do without weights.

    A parabola by least squares, repeated as for `_line`. `steps` [B, 1] s.
    """
    # Half the precision is too little to solve for a parabola.
    with torch.autocast(heights.device.type, enabled=False):
        times = _frames(heights) * steps
        times = times - (weights * times).sum(dim=1, keepdim=True) / (weights.sum(dim=1, keepdim=True) + 1e-3)
        powers = torch.stack((torch.ones_like(times), times, -0.5 * times.square()), dim=2)
        expected = torch.tensor([[0.0], [0.0], [_GRAVITY]], device=heights.device)
        stiffness = torch.diag(torch.tensor([1e-3, 1e-3, 1e-2], device=heights.device))
        trusted = weights
        for _ in range(_FITS):
            weighted = (powers * trusted.unsqueeze(2)).transpose(1, 2)
            found = torch.linalg.solve(
                weighted @ powers + stiffness, weighted @ heights.unsqueeze(2) + stiffness @ expected
            )
            off = (heights.unsqueeze(2) - powers @ found).squeeze(2).detach() / _OFF
            trusted = weights / (1.0 + off.square())
    fall: Tensor = found[:, 2].clamp(*_FALLS)
    return fall


def _turned(lean: Tensor) -> Tensor:
    """Sine of the turn since the frame before, of sines and cosines [B, T, 2]: [B, T, 1]."""
    sine, cosine = lean.unbind(dim=2)
    change = sine[:, 1:] * cosine[:, :-1] - cosine[:, 1:] * sine[:, :-1]
    return functional.pad(change.unsqueeze(2), (0, 0, 1, 0))
