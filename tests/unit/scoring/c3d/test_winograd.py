"""The compiled convolutions against PyTorch's in double precision."""

from collections.abc import Iterator

import pytest
import torch
from torch.nn import functional

from divescore.scoring.c3d import winograd
from divescore.scoring.c3d.engine import Precision, supported
from divescore.scoring.c3d.winograd import Scratch, Three, WinogradLayer, library

pytestmark = pytest.mark.skipif(library() is None, reason="nothing compiled the library for this processor")

ROUNDING = 5e-5
"""fp32's own 6e-8, times what the transforms of three directions make of it, which is some hundred."""


@pytest.fixture(autouse=True)
def threads() -> Iterator[None]:
    before = torch.get_num_threads()
    yield
    torch.set_num_threads(before)


def off(
    channels: tuple[int, int], extent: Three, tile: Three, pooled: bool = False, scratch: Scratch | None = None
) -> float:
    """Largest difference to the exact answer, relative to the largest answer."""
    generator = torch.Generator().manual_seed(5)
    inputs, outputs = channels
    weight = torch.randn(outputs, inputs, 3, 3, 3, generator=generator) * (2 / 27 / inputs) ** 0.5
    bias = torch.randn(outputs, generator=generator)
    x = torch.rand(1, inputs, *extent, generator=generator)
    exact = functional.relu(functional.conv3d(x.double(), weight.double(), bias.double(), padding=1))
    if pooled:
        exact = functional.max_pool3d(exact, 2)
    layer = WinogradLayer(weight, bias, list(x.shape), tile, pooled, scratch or Scratch())
    found = layer(x)
    assert found.shape == exact.shape
    assert found.is_contiguous(memory_format=torch.channels_last_3d)
    return float((found - exact).abs().max() / exact.max())


@pytest.mark.parametrize("tile", [(4, 4, 4), (2, 2, 2), (4, 2, 2), (2, 4, 4), (4, 2, 4)])
@pytest.mark.parametrize("pooled", [False, True])
def test_answers_as_a_convolution_does(tile: Three, pooled: bool) -> None:
    assert off((8, 32), (4, 12, 8), tile, pooled) < ROUNDING


@pytest.mark.parametrize("extent", [(4, 7, 7), (2, 14, 14), (1, 1, 1), (3, 5, 9)])
@pytest.mark.parametrize("tile", [(4, 4, 4), (2, 2, 2)])
def test_tiles_may_reach_beyond_the_border(extent: Three, tile: Three) -> None:
    assert off((5, 7), extent, tile) < ROUNDING


@pytest.mark.parametrize("extent", [(2, 14, 6), (6, 2, 10)])
def test_what_is_pooled_may_too(extent: Three) -> None:
    assert off((4, 8), extent, (4, 4, 4), pooled=True) < ROUNDING


@pytest.mark.parametrize("channels", [(1, 1), (4, 8), (127, 33), (130, 160)])
def test_any_number_of_channels(channels: tuple[int, int]) -> None:
    assert off(channels, (4, 8, 8), (4, 4, 4)) < ROUNDING


@pytest.mark.parametrize("count", [1, 2, 3, 5])
def test_threads_share_the_tiles(count: int) -> None:
    torch.set_num_threads(count)
    assert off((8, 16), (4, 8, 12), (4, 4, 4)) < ROUNDING


def test_little_scratch_is_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(winograd, "_SCRATCH", 1)
    scratch = Scratch()
    torch.set_num_threads(2)
    assert off((8, 16), (8, 16, 16), (4, 4, 4), pooled=True, scratch=scratch) < ROUNDING
    assert off((16, 32), (4, 8, 8), (2, 2, 2), scratch=scratch) < ROUNDING


def test_without_the_library_the_network_runs_as_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("divescore.scoring.c3d.engine.library", lambda: None)
    monkeypatch.setattr(winograd, "library", lambda: None)
    assert Precision.WINOGRAD not in supported()
    assert Precision.FP32 in supported()
    with pytest.raises(OSError, match="not here"):
        off((4, 4), (4, 4, 4), (4, 4, 4))
