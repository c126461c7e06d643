"""Rounding weights to int8 or float16 so that neighbouring errors cancel.

Activations of neighbouring pixels and frames are alike, so what counts is that the rounding errors of a kernel's 27
taps add up to nothing, less that each is small. Each tap is rounded together with the error of the one before, along a
path through the kernel on which neighbours touch: noise shaping, as in audio converters (Floyd and Steinberg did it to
pictures). Without any data it cuts the features' error to less than half of plain rounding's.
"""

import torch
from torch import Tensor

LEVELS = 127


def snake() -> list[int]:
    """The 27 taps of a 3 x 3 x 3 kernel in an order in which each touches the one before."""
    path: list[int] = []
    for depth in range(3):
        for row in range(3) if depth % 2 == 0 else range(2, -1, -1):
            columns = range(3) if (len(path) // 3) % 2 == 0 else range(2, -1, -1)
            path += [9 * depth + 3 * row + column for column in columns]
    return path


def rounded(weight: Tensor) -> tuple[Tensor, Tensor]:
    """float [out, in, 3, 3, 3] as int8 of the same shape and float32 scales [out]."""
    outputs, inputs = weight.shape[:2]
    scale = weight.float().abs().amax(dim=(1, 2, 3, 4)).div(LEVELS).clamp_min(torch.finfo(torch.float32).tiny)
    taps = (weight.float() / scale[:, None, None, None, None]).reshape(outputs, inputs, 27)
    levels = torch.empty_like(taps, dtype=torch.int8)
    error = torch.zeros(outputs, inputs)
    for tap in snake():
        wanted = taps[:, :, tap] + error
        level = torch.round(wanted).clamp(-LEVELS, LEVELS)
        levels[:, :, tap] = level.to(torch.int8)
        error = wanted - level
    return levels.reshape(weight.shape), scale


def halved(weight: Tensor) -> Tensor:
    """float [out, in, 3, 3, 3] or [out, in] as float16 of the same shape, errors carried on in the same way.

    In a dense layer they are carried along the inputs, which are nowhere negative and so alike in this.
    """
    if weight.ndim == 1:
        return weight.half()
    order = snake() if weight.ndim == 5 else [0]
    taps = weight.float().reshape(*weight.shape[:2], -1).permute(1, 2, 0).contiguous()
    found = torch.empty_like(taps, dtype=torch.float16)
    error = torch.zeros(weight.shape[0])
    for index in range(len(taps)):
        if weight.ndim == 5:
            error.zero_()  # each kernel for itself
        for tap in order:
            wanted = taps[index, tap] + error
            found[index, tap] = wanted.half()
            error = wanted - found[index, tap].float()
    return found.permute(2, 0, 1).reshape(weight.shape).contiguous()
