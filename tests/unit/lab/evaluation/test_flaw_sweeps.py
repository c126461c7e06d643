"""Sweeps of each flaw alone."""

import torch

from divescore.lab.evaluation.flaw_sweeps import sweep_flaws
from divescore.scoring.mini.network import MiniNetwork
from divescore.scoring.mini.preprocessing import Preprocessing
from divescore.scoring.mini.temporal import FLAWS

PREPROCESSING = Preprocessing(frames=48, width=128, height=96, mean=(0.45,) * 3, std=(0.25,) * 3)


def test_sweeps_every_flaw() -> None:
    torch.manual_seed(0)
    notes: list[tuple[str, float, str]] = []

    sweeps = sweep_flaws(MiniNetwork().eval(), PREPROCESSING, 30.0, 50, 1, lambda *note: notes.append(note))

    assert tuple(sweeps) == FLAWS
    assert notes == [("sweeping flaws", done / 7, f"{done} of 7") for done in range(1, 8)]
    assert all(-1.0 <= sweep.correlation <= 1.0 and len(sweep.amounts) == 9 for sweep in sweeps.values())
