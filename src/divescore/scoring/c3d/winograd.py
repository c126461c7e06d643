"""3 x 3 x 3 convolutions with an eighth to a quarter of the multiplications, in fp32; `native/winograd.c` says how.

The library is compiled when the package is installed where there is a C compiler, and when the worker's image is built.
Without it the network runs in oneDNN's kernels.
"""

import ctypes
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from math import ceil, prod
from pathlib import Path

import torch
from torch import Tensor

Three = tuple[int, int, int]

_EVALUATION = {
    4: (
        (1 / 4, 0, 0),
        (-1 / 6, -1 / 6, -1 / 6),
        (-1 / 6, 1 / 6, -1 / 6),
        (1 / 24, 1 / 12, 1 / 6),
        (1 / 24, -1 / 12, 1 / 6),
        (0, 0, 1),
    ),
    2: ((1, 0, 0), (1 / 2, 1 / 2, 1 / 2), (1 / 2, -1 / 2, 1 / 2), (0, 0, 1)),
}
"""By outputs of a tile: a kernel's three taps to its values at the points."""
_SCRATCH = 6 << 20
"""Floats that a thread works on at a time: more tiles make better use of the kernels, and less of the caches."""


class _Layer(ctypes.Structure):
    """`struct layer` of the library."""

    _fields_ = (
        ("inputs", ctypes.c_long),
        ("outputs", ctypes.c_long),
        ("size", ctypes.c_long * 3),
        ("tile", ctypes.c_long * 3),
        ("points", ctypes.c_long),
        ("tiles", ctypes.c_long),
        ("block", ctypes.c_long),
        ("pooled", ctypes.c_long),
    )


@cache
def library() -> ctypes.CDLL | None:
    """The compiled passes, if they are there and this processor can run them."""
    found = sorted(Path(__file__).parent.glob("_winograd*.so"))
    if not found:
        return None
    loaded = ctypes.CDLL(str(found[0]))
    return loaded if loaded.winograd_panel() else None


class Scratch:
    """Memory that layers which run one after the other share: touching new memory costs as much as computing."""

    def __init__(self) -> None:
        self._floats = torch.empty(0)

    def take(self, parts: int, floats: int) -> Tensor:
        """[parts, floats], of any content."""
        if self._floats.numel() < parts * floats:
            self._floats = torch.empty(parts * floats)
        return self._floats[: parts * floats].view(parts, floats)


class WinogradLayer:
    """A 3 x 3 x 3 convolution with ReLU, and pooling by 2 x 2 x 2 if asked for; raises OSError without the library."""

    def __init__(
        self, weight: Tensor, bias: Tensor, size: list[int], tile: Three, pooled: bool, scratch: Scratch
    ) -> None:
        """`size`: [1, in, frames, H, W], even if `pooled`; `tile`: outputs in each direction, 2 or 4."""
        found = library()
        if found is None:
            raise OSError("the compiled part of the network is not here, or not for this processor")
        self._library, self._scratch = found, scratch
        outputs, inputs = weight.shape[:2]
        panel = found.winograd_panel()
        panels = ceil(outputs / panel)
        self._tiles = prod(ceil(extent / length) for extent, length in zip(size[2:], tile, strict=True))
        self._layer = _Layer(inputs, outputs, (ctypes.c_long * 3)(*size[2:]), (ctypes.c_long * 3)(*tile))
        self._layer.points = prod(length + 2 for length in tile)
        self._layer.tiles, self._layer.pooled = self._tiles, pooled
        self._floats = self._layer.points * (inputs + panels * panel)
        """Of a tile."""
        self._bias = bias.float().clone()
        self._kernels = _kernels(weight.float(), tile, panels, panel)
        self._shape = [*(extent // (2 if pooled else 1) for extent in size[2:]), outputs]

    def __call__(self, x: Tensor) -> Tensor:
        """float32 [1, in, frames, H, W] to the same with other channels, which come last in memory."""
        given = x[0].permute(1, 2, 3, 0).contiguous()
        y = torch.empty(self._shape)
        parts = torch.get_num_threads()
        self._layer.block = min(ceil(self._tiles / parts), max(_SCRATCH // self._floats, 1))
        scratch = self._scratch.take(parts, self._layer.block * self._floats)
        pointers = [ctypes.c_void_p(tensor.data_ptr()) for tensor in (given, self._kernels, self._bias, y)]

        def run(part: int) -> None:
            memory = ctypes.c_void_p(scratch[part].data_ptr())
            self._library.winograd_convolve(
                ctypes.byref(self._layer), *pointers, memory, ctypes.c_long(part), ctypes.c_long(parts)
            )

        if parts == 1:
            run(0)
        else:
            list(_threads(parts).map(run, range(parts)))
        return y.permute(3, 0, 1, 2).unsqueeze(0)


@cache
def _threads(count: int) -> ThreadPoolExecutor:
    return ThreadPoolExecutor(count, "winograd")


def _kernels(weight: Tensor, tile: Three, panels: int, panel: int) -> Tensor:
    """Kernels [out, in, 3, 3, 3] at all points: [points, panels, in, panel], nought beyond the last output channel."""
    outputs, inputs = weight.shape[:2]
    taps = torch.zeros(panels * panel, inputs, 27)
    taps[:outputs] = weight.reshape(outputs, inputs, 27)
    taps = taps.view(panels, panel, inputs, 27).permute(3, 0, 2, 1).reshape(27, -1)
    frames, rows, columns = (torch.tensor(_EVALUATION[length], dtype=torch.float64) for length in tile)
    points = torch.kron(torch.kron(frames, rows), columns).float()
    return (points @ taps).view(len(points), panels, inputs, panel)
