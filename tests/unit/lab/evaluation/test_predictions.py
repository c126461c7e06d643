"""What the shipped network says of a data set."""

from pathlib import Path

import torch

from divescore.lab.datasets.dataset import ClipShape
from divescore.lab.datasets.rendered import rendered_dataset
from divescore.lab.evaluation.predictions import predict_clips
from divescore.scoring.mini.network import MiniNetwork
from divescore.scoring.mini.preprocessing import Preprocessing
from tests.unit.lab.progress import silent

PREPROCESSING = Preprocessing(frames=48, width=128, height=96, mean=(0.45,) * 3, std=(0.25,) * 3)


def test_predicting_twice_gives_the_same(tmp_path: Path) -> None:
    torch.manual_seed(0)
    network = MiniNetwork()
    dataset = rendered_dataset(range(3_000_000, 3_000_006), ClipShape(), tmp_path, 0, silent)

    one, two = (predict_clips(network, dataset, PREPROCESSING, 30.0) for _ in range(2))

    assert one.execution.tolist() == two.execution.tolist()
    assert ((one.execution >= 0) & (one.execution <= 30)).all()
