"""Which precision this processor is fastest in: measured at start on one convolution, in a fraction of a second.

Flags alone mislead: bf16 is 16 times as fast as fp32 where there are tiles for it (AMX), twice as fast with
AVX512-BF16, and three times *slower* where it has to be emulated; int8 pays with VNNI, and without it less than fp32
with fewer multiplications.
"""

import math
import time

import torch
from torch import Tensor

from divescore.scoring.c3d.engine import Layer, Precision, integer_layer, packed_layer, supported
from divescore.scoring.c3d.rounding import rounded
from divescore.scoring.c3d.winograd import Scratch, WinogradLayer

_CHANNELS, _SIZE = 128, [4, 28, 28]
_ROUNDS = 5
_BY_EXACTNESS = (
    *(Precision.FP32, Precision.WINOGRAD, Precision.F16, Precision.BF16),
    *(Precision.INT8, Precision.INT8_BF16),
)
INTEGER_SHARE = 0.87
"""Of the work in int8; the rest of it is done in fp32 or bf16."""
WINOGRAD_SHARE = 0.94
"""Of the work by Winograd's filtering; the rest of it is done in fp32."""
MARGIN = 0.9
"""A coarser precision has to be this much faster than a finer one to be worth its error."""


def measured() -> dict[Precision, float]:
    """Seconds of processor that one convolution takes, by supported precision; best of a few rounds.

    Of the processor, not of the clock: on a machine that does other work as well, the clock would choose by chance.
    """
    weight = _waves(_CHANNELS, _CHANNELS, 3, 3, 3)
    bias = torch.zeros(_CHANNELS)
    size = [1, _CHANNELS, *_SIZE]
    picture = _waves(*size).abs_().contiguous(memory_format=torch.channels_last_3d)
    kinds = {
        Precision.FP32: torch.float32,
        Precision.BF16: torch.bfloat16,
        Precision.F16: torch.float16,
    }
    found = supported()
    layers = {
        precision: (packed_layer(weight, bias, size, dtype), picture.to(dtype))
        for precision, dtype in kinds.items()
        if precision in found
    }
    if Precision.WINOGRAD in found:
        layers[Precision.WINOGRAD] = (WinogradLayer(weight, bias, size, (4, 4, 4), False, Scratch()), picture)
    if Precision.INT8 in found:
        layers[Precision.INT8] = (integer_layer(*rounded(weight), bias, size), picture)
    seconds = dict.fromkeys(layers, float("inf"))
    with torch.inference_mode():
        for _ in range(_ROUNDS):
            for precision, (layer, given) in layers.items():
                # Layers may use up what they are given.
                copy = given.clone(memory_format=torch.preserve_format)
                seconds[precision] = min(seconds[precision], _timed(layer, copy))
    if Precision.WINOGRAD in seconds:
        alone = WINOGRAD_SHARE * seconds[Precision.WINOGRAD]
        seconds[Precision.WINOGRAD] = alone + (1 - WINOGRAD_SHARE) * seconds[Precision.FP32]
    if Precision.INT8 in seconds:
        alone = INTEGER_SHARE * seconds[Precision.INT8]
        seconds[Precision.INT8] = alone + (1 - INTEGER_SHARE) * seconds[Precision.FP32]
        if Precision.BF16 in seconds:
            seconds[Precision.INT8_BF16] = alone + (1 - INTEGER_SHARE) * seconds[Precision.BF16]
    return seconds


def _waves(*shape: int) -> Tensor:
    """Values that differ, without random numbers, whose generator torch may not have ready this early."""
    return torch.sin(torch.arange(math.prod(shape), dtype=torch.float32)).reshape(shape)


def _timed(layer: Layer, given: Tensor) -> float:
    started = time.process_time()
    layer(given)
    return time.process_time() - started


def in_order(seconds: dict[Precision, float]) -> list[Precision]:
    """Precisions worth trying, fastest first, fp32 last: each is a tenth faster than any finer one."""
    finest_first = [precision for precision in _BY_EXACTNESS if precision in seconds]
    worth: list[Precision] = []
    for precision in finest_first:
        if all(seconds[precision] <= MARGIN * seconds[finer] for finer in worth):
            worth.append(precision)
    return worth[::-1]
