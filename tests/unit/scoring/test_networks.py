"""The shipped network's parts."""

import torch

from divescore.scoring.networks import CLASS_HEADS, FLAWS, MiniNetwork, temporal_shift


def test_the_shift_moves_channels_between_neighbouring_frames() -> None:
    clips = torch.arange(2 * 3 * 8, dtype=torch.float32).view(6, 8, 1, 1)

    shifted = temporal_shift(clips, frames=3, fold=2).view(2, 3, 8)

    plain = clips.view(2, 3, 8)
    assert torch.equal(shifted[:, 1:, :2], plain[:, :-1, :2])
    assert not shifted[:, 0, :2].any()
    assert torch.equal(shifted[:, :-1, 2:4], plain[:, 1:, 2:4])
    assert not shifted[:, -1, 2:4].any()
    assert torch.equal(shifted[:, :, 4:], plain[:, :, 4:])


def test_every_head_answers_in_its_range() -> None:
    torch.manual_seed(0)
    network = MiniNetwork().eval()

    with torch.inference_mode():
        outputs = network(torch.randn(2, 16, 3, 48, 64))

    assert outputs.gate.shape == outputs.log_spread.shape == outputs.difficulty.shape == (2,)
    assert outputs.shares.shape == (2, 8)
    assert torch.allclose(outputs.execution, outputs.shares.sum(dim=1))
    assert ((outputs.execution >= 0) & (outputs.execution <= 1)).all()
    assert outputs.flaws.shape == (2, len(FLAWS))
    assert {name: logits.shape[1] for name, logits in outputs.classes.items()} == CLASS_HEADS


def test_a_clip_is_read_alike_alone_and_in_company() -> None:
    torch.manual_seed(0)
    network = MiniNetwork().eval()
    clips = torch.randn(2, 16, 3, 48, 64)

    with torch.inference_mode():
        together, alone = network(clips), network(clips[1:])

    assert torch.allclose(together.execution[1:], alone.execution, atol=1e-5)


def test_it_is_small() -> None:
    assert sum(parameter.numel() for parameter in MiniNetwork().parameters()) < 2_000_000
