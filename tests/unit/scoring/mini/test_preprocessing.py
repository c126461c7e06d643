"""Frames to the network's input."""

import torch

from divescore.scoring.mini.preprocessing import Preprocessing, normalise


def test_normalises_and_puts_channels_before_pixels() -> None:
    wanted = Preprocessing(frames=2, width=4, height=3, mean=(0.5, 0.4, 0.0), std=(0.5, 0.2, 1.0))
    frames = torch.zeros(1, 2, 3, 4, 3, dtype=torch.uint8)
    frames[0, 1, 2, 3] = torch.tensor([255, 51, 102])

    result = normalise(frames, wanted)

    assert result.shape == (1, 2, 3, 3, 4)
    assert result.dtype == torch.float32
    assert torch.allclose(result[0, 1, :, 2, 3], torch.tensor([1.0, -1.0, 0.4]), atol=1e-6)
    assert torch.allclose(result[0, 0, :, 0, 0], torch.tensor([-1.0, -2.0, 0.0]), atol=1e-6)
