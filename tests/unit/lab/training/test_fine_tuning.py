"""The shipped network on real dives, in small."""

from dataclasses import replace
from pathlib import Path

import pytest
import torch

from divescore.lab.datasets.mtlaqa import LabelledDive, RealDives, read_dives
from divescore.lab.datasets.rendered import LABELS, Shape
from divescore.lab.training.fine_tuning import TuningSettings, labels_of, real_dataset, tune
from divescore.lab.training.loop import Running
from divescore.scoring.mini.network import MiniNetwork
from divescore.scoring.mini.preprocessing import Preprocessing
from divescore.scoring.mini.temporal import FLAWS
from tests.unit.lab.datasets.mtlaqa_folder import write_data

PREPROCESSING = Preprocessing(frames=16, width=128, height=96, mean=(0.45,) * 3, std=(0.25,) * 3)
TINY = TuningSettings(epochs=2, batch=2, bfloat16=False)


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> RealDives:
    return read_dives(write_data(tmp_path_factory.mktemp("data")))


def build() -> MiniNetwork:
    torch.manual_seed(0)
    return MiniNetwork()


def silent(_stage: str, _share: float, _note: str) -> None:
    return


def test_published_classes_become_the_networks() -> None:
    classes = {"position": 2, "armstand": 1, "rotation_type": 3, "ss_no": 7, "tw_no": 0}
    labels = dict(zip(LABELS, labels_of(LabelledDive(1, 1, 110, 81.6, 3.4, classes)).tolist(), strict=True))
    assert labels["execution"] == pytest.approx(24.0)
    assert labels["difficulty"] == pytest.approx(3.4)
    named = {name: labels[name] for name in ("is_dive", "position", "armstand", "rotation", "half_somersaults")}
    # Tuck is the network's first position, reverse its third rotation.
    assert named == {"is_dive": 1.0, "position": 0.0, "armstand": 1.0, "rotation": 2.0, "half_somersaults": 7.0}


def test_real_frames_have_the_shape_of_rendered_ones(data: RealDives) -> None:
    drawn = real_dataset(data.train, data, Shape(16, 128, 96), silent)
    assert len(drawn) == 4
    assert drawn.clip(3).shape == (16, 96, 128, 3)
    assert drawn.aspects.tolist() == pytest.approx([4 / 3] * 4)
    assert drawn.identity != real_dataset(data.test, data, Shape(16, 128, 96), silent).identity


def test_moves_what_is_known_and_leaves_the_gate(data: RealDives, tmp_path: Path) -> None:
    network, before = build(), build()
    running = Running(device="cpu", threads=1, checkpoints=tmp_path)
    tuned = tune(network, PREPROCESSING, data, TINY, running, silent, "random")

    # The execution is made of what the segments are worth and of what the flaws leave.
    for name in ("quality", "flaws"):
        mine, theirs = (getattr(one.judge, name).weight for one in (network, before))
        assert not torch.allclose(mine, theirs, rtol=1e-2)
    # Weight decay alone moves the gate, by less than a hundredth.
    assert torch.allclose(network.temporal.gate.weight, before.temporal.gate.weight, rtol=1e-2)
    assert tuned.factor > 0
    assert {"rank_correlation", "relative_error", "mean_error", "execution_mean_error"} <= set(tuned.figures)
    assert not {f"{name}_mean_error" for name in FLAWS} & set(tuned.figures)

    again = build()
    assert tune(again, PREPROCESSING, data, TINY, replace(running, every_steps=1), silent, "random") == tuned
