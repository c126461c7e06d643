"""The trunk of C3D made ready to run on this processor: weights laid out once for its kernels, in a chosen precision.

oneDNN's kernels want their weights in an order of their own. Here they get it once, with the ReLU fused into the
convolution, which is most of what compiling the graph would bring, and costs no compile. In int8 the weights were
rounded when they were imported (see `rounding`); activations are scaled by each clip's own largest one.
"""

from collections.abc import Callable, Mapping
from enum import StrEnum
from itertools import pairwise

import torch
from torch import Tensor
from torch.nn import functional

from divescore.scoring.c3d.network import CLIP, SIZE

Layer = Callable[[Tensor], Tensor]

CONVOLUTIONS = ("conv1", "conv2", "conv3a", "conv3b", "conv4a", "conv4b", "conv5a", "conv5b")
_POOLINGS = {"conv1": (1, 2, 2), "conv2": (2, 2, 2), "conv3b": (2, 2, 2), "conv4b": (2, 2, 2)}
ROUNDED = ("conv2", "conv3a", "conv3b", "conv4b")
"""Convolutions that int8 rounds: 87 % of the work. The others would cost more exactness than they save time."""
_ONES = [1, 1, 1]
_LEVELS = 255
_REORDER: Callable[..., Tensor] = torch._C._nn.mkldnn_reorder_conv3d_weight  # its type stub lacks the sizes


class Precision(StrEnum):
    """What the convolutions compute in."""

    FP32 = "fp32"
    BF16 = "bf16"
    F16 = "f16"
    INT8 = "int8"
    """Most of them; the others in fp32."""
    INT8_BF16 = "int8+bf16"
    """Most of them in int8, the others in bf16."""


ROUNDING = frozenset({Precision.INT8, Precision.INT8_BF16})
_DTYPES = {
    Precision.FP32: torch.float32,
    Precision.BF16: torch.bfloat16,
    Precision.F16: torch.float16,
    Precision.INT8: torch.float32,
    Precision.INT8_BF16: torch.bfloat16,
}
"""Of everything that is not rounded."""


def supported() -> set[Precision]:
    """What this processor's kernels can compute in, however slowly."""
    found = {Precision.FP32}
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
        self._layers: list[tuple[Layer, tuple[int, int, int] | None]] = []
        sizes = _input_sizes([tensors[f"{name}.weight"].shape[1] for name in CONVOLUTIONS])
        for name, size in zip(CONVOLUTIONS, sizes, strict=True):
            bias = tensors[f"{name}.bias"]
            if precision in ROUNDING and rounded is not None and name in ROUNDED:
                layer = integer_layer(rounded[f"{name}.weight"], rounded[f"{name}.scale"], bias.float(), size)
            else:
                layer = packed_layer(tensors[f"{name}.weight"], bias, size, dtype)
            self._layers.append((layer, _POOLINGS.get(name)))

    def __call__(self, clip: Tensor) -> Tensor:
        """Run it."""
        x = clip.contiguous(memory_format=torch.channels_last_3d)
        for layer, pooling in self._layers:
            x = layer(x)
            if pooling is not None:
                x = functional.max_pool3d(x, pooling)
        x = functional.max_pool3d(x, 2, padding=(0, 1, 1))
        return x.float().contiguous().flatten(1)


def _input_sizes(channels: list[int]) -> list[list[int]]:
    """Shape of what each convolution gets of one clip."""
    sizes: list[list[int]] = []
    extent = [CLIP, SIZE, SIZE]
    for name, count in zip(CONVOLUTIONS, channels, strict=True):
        sizes.append([1, count, *extent])
        extent = [length // by for length, by in zip(extent, _POOLINGS.get(name, (1, 1, 1)), strict=True)]
    return sizes


def packed_layer(weight: Tensor, bias: Tensor, size: list[int], dtype: torch.dtype) -> Layer:
    """A 3 x 3 x 3 convolution with ReLU for inputs of shape `size`, computed in `dtype`."""
    weight = weight.to(dtype).contiguous(memory_format=torch.channels_last_3d)
    bias = bias.to(dtype).clone()
    if not _onednn():
        weight = weight.clone()
        return lambda x: functional.relu(functional.conv3d(x.to(dtype), weight, bias, padding=1))
    packed = _REORDER(weight.to_mkldnn(), _ONES, _ONES, _ONES, 1, size)

    def run(x: Tensor) -> Tensor:
        y: Tensor = torch.ops.mkldnn._convolution_pointwise(
            x.to(dtype), packed, bias, _ONES, _ONES, _ONES, 1, "relu", [], ""
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
