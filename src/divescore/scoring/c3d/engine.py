"""The trunk of C3D made ready to run on this processor: weights laid out once for its kernels, in a chosen precision.

oneDNN's kernels want their weights in an order of their own. Here they get it once, with the ReLU fused into the
convolution, which is most of what compiling the graph would bring, and costs no compile. In int8 the weights were
rounded when they were imported (see `rounding`); activations are scaled by each clip's own largest one.
The first convolution goes a few frames at a time, or most of its time would go into fresh memory for its output.
"""

from collections.abc import Callable, Mapping, Sequence
from enum import StrEnum
from itertools import pairwise

import torch
from torch import Tensor
from torch.nn import functional

from divescore.scoring.c3d.network import CLIP, SIZE
from divescore.scoring.c3d.winograd import Scratch, Three, WinogradLayer, library

Layer = Callable[[Tensor], Tensor]

CONVOLUTIONS = ("conv1", "conv2", "conv3a", "conv3b", "conv4a", "conv4b", "conv5a", "conv5b")
_POOLINGS = {"conv1": (1, 2, 2), "conv2": (2, 2, 2), "conv3b": (2, 2, 2), "conv4b": (2, 2, 2)}
ROUNDED = ("conv2", "conv3a", "conv3b", "conv4b")
"""Convolutions that int8 rounds: 87 % of the work. The others would cost more exactness than they save time."""
TILES: dict[str, Three] = {
    "conv2": (4, 4, 4),
    "conv3a": (4, 4, 4),
    "conv3b": (4, 4, 4),
    "conv4a": (4, 2, 2),
    "conv4b": (4, 2, 2),
}
"""Convolutions by Winograd's filtering, 94 % of the work, and their tiles: larger ones multiply less, but read more.

The last two convolutions are too small to gain by it.
"""
_TOGETHER = 4
"""Frames that the first convolution computes at a time."""
_ONES = [1, 1, 1]
_LEVELS = 255
_REORDER: Callable[..., Tensor] = torch._C._nn.mkldnn_reorder_conv3d_weight  # its type stub lacks the sizes


class Precision(StrEnum):
    """What the convolutions compute in."""

    FP32 = "fp32"
    WINOGRAD = "winograd"
    """fp32 with fewer multiplications; rounding errors are some times as large."""
    BF16 = "bf16"
    F16 = "f16"
    INT8 = "int8"
    """Most of them; the others in fp32."""
    INT8_BF16 = "int8+bf16"
    """Most of them in int8, the others in bf16."""


ROUNDING = frozenset({Precision.INT8, Precision.INT8_BF16})
_DTYPES = {
    Precision.FP32: torch.float32,
    Precision.WINOGRAD: torch.float32,
    Precision.BF16: torch.bfloat16,
    Precision.F16: torch.float16,
    Precision.INT8: torch.float32,
    Precision.INT8_BF16: torch.bfloat16,
}
"""Of everything that is not rounded."""


def supported() -> set[Precision]:
    """What this processor's kernels can compute in, however slowly."""
    found = {Precision.FP32} if library() is None else {Precision.FP32, Precision.WINOGRAD}
    if not _onednn():
        return found
    if torch.ops.mkldnn._is_mkldnn_bf16_supported():
        found.add(Precision.BF16)
    if torch.ops.mkldnn._is_mkldnn_fp16_supported():
        found.add(Precision.F16)
    if torch.backends.cpu.get_cpu_capability() in ("AVX2", "AVX512"):
        found |= {Precision.INT8, Precision.INT8_BF16} if Precision.BF16 in found else {Precision.INT8}
    return found


def _onednn() -> bool:
    return bool(torch._C._has_mkldnn)


class PackedTrunk:
    """Features of one clip: [1, 3, 16, 112, 112] float32 to [1, 128 x width] float32."""

    def __init__(
        self,
        tensors: Mapping[str, Tensor],
        precision: Precision,
        rounded: Mapping[str, Tensor] | None = None,
    ) -> None:
        """`tensors`: `conv1.weight` and so on; `rounded`: int8 weights and their scales, `conv2.weight`, `conv2.scale`.

        Nothing of `tensors` is held on to but what the processor's kernels can use as it is.
        """
        self.precision = precision
        dtype = _DTYPES[precision]
        scratch = Scratch()
        self._layers: list[Layer] = []
        sizes = _input_sizes([tensors[f"{name}.weight"].shape[1] for name in CONVOLUTIONS])
        for name, size in zip(CONVOLUTIONS, sizes, strict=True):
            weight, bias, pooling = tensors[f"{name}.weight"], tensors[f"{name}.bias"], _POOLINGS.get(name)
            if name == "conv1":
                layer = first_layer(weight, bias, dtype)
            elif precision is Precision.WINOGRAD and name in TILES:
                layer = WinogradLayer(weight, bias, size, TILES[name], pooling is not None, scratch)
            elif precision in ROUNDING and rounded is not None and name in ROUNDED:
                layer = integer_layer(rounded[f"{name}.weight"], rounded[f"{name}.scale"], bias.float(), size)
                layer = _pooled(layer, pooling)
            else:
                layer = _pooled(packed_layer(weight, bias, size, dtype), pooling)
            self._layers.append(layer)

    def __call__(self, clip: Tensor) -> Tensor:
        """Run it."""
        x = clip
        for layer in self._layers:
            x = layer(x)
        x = functional.max_pool3d(x, 2, padding=(0, 1, 1))
        return x.float().contiguous().flatten(1)


def _pooled(layer: Layer, pooling: Three | None) -> Layer:
    if pooling is None:
        return layer
    return lambda x: functional.max_pool3d(layer(x), pooling)


def _input_sizes(channels: list[int]) -> list[list[int]]:
    """Shape of what each convolution gets of one clip."""
    sizes: list[list[int]] = []
    extent = [CLIP, SIZE, SIZE]
    for name, count in zip(CONVOLUTIONS, channels, strict=True):
        sizes.append([1, count, *extent])
        extent = [length // by for length, by in zip(extent, _POOLINGS.get(name, (1, 1, 1)), strict=True)]
    return sizes


def first_layer(weight: Tensor, bias: Tensor, dtype: torch.dtype) -> Layer:
    """conv1 with ReLU and pooling, for a clip [1, 3, 16, 112, 112]."""
    padding = (0, 1, 1)
    convolve = packed_layer(weight, bias, [1, weight.shape[1], _TOGETHER + 2, SIZE, SIZE], dtype, padding)

    def run(clip: Tensor) -> Tensor:
        padded = functional.pad(clip.to(dtype), (0, 0, 0, 0, 1, 1)).contiguous(memory_format=torch.channels_last_3d)
        parts = [
            functional.max_pool3d(convolve(padded[:, :, first : first + _TOGETHER + 2]), _POOLINGS["conv1"])
            for first in range(0, CLIP, _TOGETHER)
        ]
        return torch.cat(parts, dim=2)

    return run


def packed_layer(
    weight: Tensor, bias: Tensor, size: list[int], dtype: torch.dtype, padding: Sequence[int] = _ONES
) -> Layer:
    """A 3 x 3 x 3 convolution with ReLU for inputs of shape `size`, computed in `dtype`."""
    weight = weight.to(dtype).contiguous(memory_format=torch.channels_last_3d)
    bias = bias.to(dtype).clone()
    if not _onednn():
        weight = weight.clone()
        return lambda x: functional.relu(functional.conv3d(x.to(dtype), weight, bias, padding=tuple(padding)))
    packed = _REORDER(weight.to_mkldnn(), padding, _ONES, _ONES, 1, size)

    def run(x: Tensor) -> Tensor:
        y: Tensor = torch.ops.mkldnn._convolution_pointwise(
            x.to(dtype), packed, bias, padding, _ONES, _ONES, 1, "relu", [], ""
        )
        return y

    return run


def integer_layer(weight: Tensor, scale: Tensor, bias: Tensor, size: list[int]) -> Layer:
    """The same in int8, from what is nowhere negative to float32; its input is used up."""
    scale, bias = scale.clone(), bias.clone()
    packed = torch.ops.onednn.qconv_prepack(weight, scale, 1.0, 0, _ONES, _ONES, _ONES, 1, size)
    zeros = torch.zeros(len(scale), dtype=torch.int32)

    def run(x: Tensor) -> Tensor:
        step = float(x.amax()) / _LEVELS or 1.0
        levels = torch.round_(x.float().mul_(1.0 / step)).to(torch.uint8)
        y: Tensor = torch.ops.onednn.qconv_pointwise(
            *(
                levels,
                step,
                0,
                packed,
                scale,
                zeros,
                bias,
                _ONES,
                _ONES,
                _ONES,
                1,
                1.0,
                0,
                torch.float32,
                "none",
                [],
                "",
            )
        )
        return y.clamp_min_(0)

    return run


def dense(x: Tensor, weight: Tensor, bias: Tensor, rows: int = 512) -> Tensor:
    """float32 [N, in] times weights [out, in] of any precision, `rows` of them at a time, plus bias: float32 [N, out].

    Mapped weights stay as they are in the file: no copy of them is made that outlives the product of a few rows.
    """
    edges = [*range(0, weight.shape[0], rows), weight.shape[0]]
    parts = [functional.linear(x, weight[first:last].float()) for first, last in pairwise(edges)]
    return torch.cat(parts, dim=1) + bias.float()
