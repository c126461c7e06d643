"""Real dives to train on, and networks to begin with, in small."""

from pathlib import Path

import pytest
import torch

from divescore.lab.datasets.mtlaqa import RealDives, read_dives
from divescore.lab.training.mini import write_mini
from divescore.scoring.c3d.network import C3dAvg, C3dShape
from divescore.scoring.manifest import DiveGate, IntervalScaling
from divescore.scoring.mini.network import MiniNetwork
from divescore.scoring.mini.preprocessing import Preprocessing
from divescore.scoring.weights.folder import Identity, write_network
from tests.unit.lab.datasets.mtlaqa_folder import write_data


@pytest.fixture(scope="session")
def data(tmp_path_factory: pytest.TempPathFactory) -> RealDives:
    return read_dives(write_data(tmp_path_factory.mktemp("data")))


@pytest.fixture(scope="session")
def begun(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A weights folder of a narrow C3D-AVG."""
    torch.manual_seed(0)
    folder = tmp_path_factory.mktemp("begun")
    write_network(folder, C3dAvg(C3dShape(width=2, hidden=16)), Identity(), int8=False)
    return folder


@pytest.fixture(scope="session")
def shipped(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A weights folder like the shipped model's, untrained."""
    torch.manual_seed(0)
    folder = tmp_path_factory.mktemp("shipped")
    write_mini(
        folder,
        MiniNetwork(),
        id="divescore-mini",
        version="1",
        preprocessing=Preprocessing(frames=16, width=128, height=96, mean=(0.45,) * 3, std=(0.25,) * 3),
        execution_scale=30.0,
        interval=IntervalScaling(level=0.9, factor=2.0, difficulty_margin=0.5),
        gate=DiveGate(threshold=0.5),
        trained_on="synthetic",
        training={},
        figures={},
    )
    return folder
