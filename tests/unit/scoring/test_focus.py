"""The shipped network's parts."""

import math

import pytest
import torch
from torch.nn import functional

from divescore.scoring.focus import CLASS_HEADS, FLAWS, FocusNetwork, Judge, arrange
from divescore.scoring.sight import (
    ANGLES,
    FLIGHT,
    GAPS,
    JOINTS,
    PHASES,
    SQUARE,
    Located,
    Locator,
    Looker,
    Seen,
    cut_out,
    halve,
)


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


SIZE = 0.25
CERTAIN = 20.0


def flight(away: torch.Tensor, lean: torch.Tensor, edge_seen: torch.Tensor) -> Seen:
    """A flight in which the diver is `away` [T] sizes from the platform's edge, and leans so [T] in radians."""
    count = len(away)
    phase = CERTAIN * functional.one_hot(torch.full((count,), FLIGHT), PHASES).float()
    located = Located(
        present=torch.full((count,), CERTAIN),
        place=torch.full((count, 2), 0.5),
        reach=torch.full((count,), math.log(SIZE)),
        water=torch.full((count,), 0.9),
        water_seen=torch.full((count,), -CERTAIN),
        edge=torch.stack((0.5 - away * SIZE, torch.full((count,), 0.3)), dim=1),
        edge_seen=CERTAIN * (2.0 * edge_seen - 1.0),
        phase=phase,
        features=torch.zeros(count, Locator.FEATURES),
    )
    return Seen(
        located=located,
        lean=torch.stack((lean.sin(), lean.cos()), dim=1),
        joints=torch.zeros(count, JOINTS, 2),
        gaps=torch.zeros(count, GAPS),
        angles=torch.zeros(count, ANGLES),
        splash=torch.zeros(count),
        features=torch.zeros(count, Looker.FEATURES),
    )


DRIFT, TURN = 17, 18
"""Columns of the judge's input."""


@pytest.mark.parametrize("way", [1.0, -1.0])
def test_the_judge_is_told_how_fast_a_dive_leaves_the_platform(way: float) -> None:
    # Twenty frames in two seconds; the edge is lost after twelve, and what is then said of it means nothing.
    times = torch.linspace(0.0, 1.9, 20)
    seen = (times < 1.15).float()
    away = torch.where(seen > 0, 0.3 + 0.8 * times, 5.0) * way

    arranged = arrange(flight(away, torch.zeros(20), seen), torch.tensor([1.0]), torch.tensor([2.0]))

    assert arranged[0, :, DRIFT] == pytest.approx(0.8, abs=0.02)


def test_a_platform_seen_where_there_is_none_does_not_turn_the_line() -> None:
    times = torch.linspace(0.0, 1.9, 20)
    away = torch.where(times < 1.15, 0.3 + 0.8 * times, 0.1)
    seen = ((times < 1.15) | (times > 1.85)).float()

    arranged = arrange(flight(away, torch.zeros(20), seen), torch.tensor([1.0]), torch.tensor([2.0]))

    assert arranged[0, :, DRIFT] == pytest.approx(0.8, abs=0.1)


def test_nothing_is_said_of_a_drift_that_cannot_be_seen() -> None:
    arranged = arrange(flight(torch.rand(20), torch.zeros(20), torch.zeros(20)), torch.ones(1), torch.full((1,), 2.0))

    assert arranged[0, :, DRIFT] == pytest.approx(0.0, abs=1e-3)


def test_the_judge_is_told_how_fast_a_body_turns() -> None:
    lean = 3.0 * torch.linspace(0.0, 1.9, 20)
    arranged = arrange(flight(torch.ones(20), lean, torch.ones(20)), torch.ones(1), torch.full((1,), 2.0))

    assert arranged[0, 0, TURN] == 0.0
    assert arranged[0, 1:, TURN] == pytest.approx(math.sin(0.3) / 0.1, abs=0.01)


def test_half_a_picture_is_the_mean_of_fours() -> None:
    pictures = torch.randn(2, 3, 96, 128).contiguous(memory_format=torch.channels_last)

    assert torch.allclose(halve(pictures), functional.avg_pool2d(pictures, 2), atol=1e-6)


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
