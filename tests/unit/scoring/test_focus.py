"""The shipped network's parts."""

import math

import pytest
import torch

from divescore.scoring.focus import CLASS_HEADS, FLAWS, FocusNetwork, Judge, arrange
from divescore.scoring.sight import SQUARE, cut_out


@pytest.fixture(scope="module")
def network() -> FocusNetwork:
    torch.manual_seed(0)
    return FocusNetwork().eval()


def clips(count: int, length: int = 16) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(1)
    frames = torch.randn(count, length, 3, 96, 128, generator=generator)
    return frames, torch.tensor([4 / 3, 16 / 9])[:count], torch.tensor([4.0, 2.5])[:count]


def test_every_head_answers_in_its_range(network: FocusNetwork) -> None:
    with torch.inference_mode():
        outputs = network(*clips(2))

    assert outputs.gate.shape == outputs.log_spread.shape == outputs.difficulty.shape == (2,)
    assert outputs.shares.shape == (2, 8)
    assert torch.allclose(outputs.execution, outputs.shares.sum(dim=1))
    assert ((outputs.execution >= 0) & (outputs.execution <= 1)).all()
    assert outputs.flaws.shape == (2, len(FLAWS))
    assert {name: logits.shape[1] for name, logits in outputs.classes.items()} == CLASS_HEADS


def test_a_clip_is_read_alike_alone_and_in_company(network: FocusNetwork) -> None:
    frames, aspects, seconds = clips(2)

    with torch.inference_mode():
        together, alone = network(frames, aspects, seconds), network(frames[1:], aspects[1:], seconds[1:])

    assert torch.allclose(together.execution[1:], alone.execution, atol=1e-5)


def test_what_was_seen_fills_the_judges_input(network: FocusNetwork) -> None:
    frames, aspects, seconds = clips(1)

    with torch.inference_mode():
        arranged = arrange(network.see(frames[0], aspects.expand(16)), aspects, seconds)

    assert arranged.shape == (1, 16, Judge.INPUTS)
    assert arranged.isfinite().all()


def test_a_square_shows_what_lies_about_a_place() -> None:
    # A ramp from left to right and one from top to bottom tell where each pixel comes from.
    columns = (torch.arange(128) + 0.5) / 128
    rows = (torch.arange(96) + 0.5) / 96
    picture = torch.stack((columns.expand(96, 128), rows[:, None].expand(96, 128), torch.zeros(96, 128)))[None]
    place, reach = torch.tensor([[0.4, 0.6]]), torch.tensor([math.log(0.2)])

    square = cut_out(picture, place, reach, torch.tensor([16 / 9]))[0]

    assert square.shape == (3, SQUARE, SQUARE)
    middle = SQUARE // 2
    assert square[0, middle].mean() == pytest.approx(0.4, abs=0.01)
    assert square[1, :, middle].mean() == pytest.approx(0.6, abs=0.01)
    assert float(square[1, -1, middle] - square[1, 0, middle]) == pytest.approx(0.4, abs=0.02)
    # The film is wider than the picture that was made of it.
    assert float(square[0, middle, -1] - square[0, middle, 0]) == pytest.approx(0.4 / (16 / 9), abs=0.02)


def test_what_lies_outside_is_grey() -> None:
    picture = torch.ones(1, 3, 96, 128)

    square = cut_out(picture, torch.tensor([[0.0, 0.5]]), torch.tensor([math.log(0.3)]), torch.tensor([4 / 3]))[0]

    assert not square[:, :, 0].any()
    assert square[:, :, -1].min() == 1.0


def test_it_is_small(network: FocusNetwork) -> None:
    size = sum(tensor.numel() * tensor.element_size() for tensor in network.state_dict().values())

    assert size < 8e6
