"""What real cameras do to a clip, done to rendered ones while training: light, colour, framing, focus, grain, time."""

import torch
from torch import Tensor
from torch.nn import functional


def augment(clips: Tensor, generator: torch.Generator) -> Tensor:
    """uint8 RGB [B, T, H, W, 3] to float 0..255 of the same shape, each clip changed in its own way."""
    return torch.stack([_augment_one(clip, generator) for clip in clips])


def _uniform(generator: torch.Generator, low: float, high: float) -> float:
    return low + (high - low) * float(torch.rand((), generator=generator))


def _augment_one(clip: Tensor, generator: torch.Generator) -> Tensor:
    frames = clip.shape[0]
    if _uniform(generator, 0, 1) < 0.5:
        clip = _retime(clip, generator)
    pictures = clip.permute(0, 3, 1, 2).float()
    if _uniform(generator, 0, 1) < 0.5:
        pictures = pictures.flip(3)
    if _uniform(generator, 0, 1) < 0.7:
        pictures = _crop(pictures, generator)
    if _uniform(generator, 0, 1) < 0.35:
        pictures = functional.avg_pool2d(pictures, 3, stride=1, padding=1, count_include_pad=False)
    pictures = _colour(pictures, generator)
    if _uniform(generator, 0, 1) < 0.5:
        grain = torch.randn((frames, 1, *pictures.shape[2:]), generator=generator)
        pictures = pictures + grain * _uniform(generator, 1.0, 14.0)
    return pictures.clamp(0, 255).permute(0, 2, 3, 1)


def _retime(clip: Tensor, generator: torch.Generator) -> Tensor:
    """Drop some of the start and the end, and stutter as dropped frames do."""
    frames = clip.shape[0]
    first, last = _uniform(generator, 0.0, 0.06), _uniform(generator, 0.9, 1.0)
    places = torch.linspace(first, last, frames) * (frames - 1)
    places = places + 0.35 * torch.randn(frames, generator=generator) * (_uniform(generator, 0, 1) < 0.3)
    return clip[places.round().clamp(0, frames - 1).long()]


def _crop(pictures: Tensor, generator: torch.Generator) -> Tensor:
    height, width = pictures.shape[2:]
    share = _uniform(generator, 0.8, 1.0)
    rows, columns = int(height * share), int(width * min(share * _uniform(generator, 0.94, 1.06), 1.0))
    top = int(_uniform(generator, 0, height - rows + 1))
    left = int(_uniform(generator, 0, width - columns + 1))
    cut = pictures[:, :, top : top + rows, left : left + columns]
    return functional.interpolate(cut, size=(height, width), mode="bilinear", align_corners=False)


def _colour(pictures: Tensor, generator: torch.Generator) -> Tensor:
    gain = torch.tensor([_uniform(generator, 0.75, 1.25) for _ in range(3)]).view(1, 3, 1, 1)
    light, contrast = _uniform(generator, -30, 30), _uniform(generator, 0.65, 1.35)
    grey = pictures.mean(dim=1, keepdim=True)
    saturation = 0.0 if _uniform(generator, 0, 1) < 0.08 else _uniform(generator, 0.3, 1.4)
    mixed = grey + (pictures - grey) * saturation
    middle = mixed.mean()
    result: Tensor = ((mixed - middle) * contrast + middle) * gain + light
    return result
