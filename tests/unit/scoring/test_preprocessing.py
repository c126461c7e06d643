"""Frames to the network's input."""

import numpy as np
import torch

from divescore.scoring.preprocessing import Preprocessing, to_input


def test_normalises_and_puts_channels_before_pixels() -> None:
    wanted = Preprocessing(frames=2, width=4, height=3, mean=(0.5, 0.4, 0.0), std=(0.5, 0.2, 1.0))
    frames = np.zeros((2, 3, 4, 3), dtype=np.uint8)
    frames[1, 2, 3] = (255, 51, 102)

    result = to_input(frames, wanted)

    assert result.shape == (1, 2, 3, 3, 4)
    assert result.dtype == torch.float32
    assert torch.allclose(result[0, 1, :, 2, 3], torch.tensor([1.0, -1.0, 0.4]), atol=1e-6)
    averaged = to_input(frames[:, 1:], wanted, detail=2)
    assert averaged.shape == (1, 2, 3, 1, 2)
    assert torch.allclose(averaged[0, 1, 0, 0, 1], torch.tensor(-0.5))
    assert torch.allclose(result[0, 0, :, 0, 0], torch.tensor([-1.0, -2.0, 0.0]), atol=1e-6)
