"""Checkpoints in the published format, of a network too narrow to take any time."""

from collections import OrderedDict
from pathlib import Path

import torch
from torch import Tensor

from divescore.scoring.c3d.network import CLASS_HEADS

WIDTH, HIDDEN, SPORTS = 4, 24, 487


def write_checkpoints(folder: Path, seed: int = 1, diving: bool = True) -> Path:
    """All five files, random from `seed`; the classifier sees diving in everything, or never."""
    generator = torch.Generator().manual_seed(seed)
    folder.mkdir(parents=True, exist_ok=True)
    gate = _convolutions(generator)
    gate |= _linear("fc6", 128 * WIDTH, HIDDEN, generator) | _linear("fc7", HIDDEN, HIDDEN, generator)
    gate |= _linear("fc8", HIDDEN, SPORTS, generator)
    gate["fc8.bias"][463] = 1e7 if diving else -1e7
    heads: OrderedDict[str, Tensor] = OrderedDict()
    for name, size in CLASS_HEADS.items():
        heads |= _linear(f"fc_{name}", HIDDEN, size, generator)
    for name, state in (
        ("model_CNN_7.pth", _convolutions(generator)),
        ("model_my_fc6_7.pth", _linear("fc", 128 * WIDTH, HIDDEN, generator)),
        ("model_score_regressor_7.pth", _regressor(generator)),
        ("model_dive_classifier_7.pth", heads),
        ("c3d.pickle", gate),
    ):
        torch.save(state, folder / name, _use_new_zipfile_serialization=False)
    return folder


def _convolutions(generator: torch.Generator) -> "OrderedDict[str, Tensor]":
    state: OrderedDict[str, Tensor] = OrderedDict()
    before = 3
    for name, times in zip(
        ("conv1", "conv2", "conv3a", "conv3b", "conv4a", "conv4b", "conv5a", "conv5b"),
        (1, 2, 4, 4, 8, 8, 8, 8),
        strict=True,
    ):
        after = times * WIDTH
        state[f"{name}.weight"] = torch.randn((after, before, 3, 3, 3), generator=generator) * (2 / 27 / before) ** 0.5
        state[f"{name}.bias"] = torch.randn(after, generator=generator) * 0.01
        before = after
    return state


def _regressor(generator: torch.Generator) -> "OrderedDict[str, Tensor]":
    """One whose scores lie where scores lie."""
    state = _linear("fc_final_score", HIDDEN, 1, generator)
    state["fc_final_score.weight"].abs_()
    return state


def _linear(name: str, inputs: int, outputs: int, generator: torch.Generator) -> "OrderedDict[str, Tensor]":
    return OrderedDict(
        {
            f"{name}.weight": torch.randn((outputs, inputs), generator=generator) * (2 / inputs) ** 0.5,
            f"{name}.bias": torch.randn(outputs, generator=generator) * 0.01,
        }
    )
