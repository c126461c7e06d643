"""Training C3D-AVG on real dives, in small."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from divescore.lab.datasets.mtlaqa import RealDives, read_dives
from divescore.lab.errors import CheckpointMismatch
from divescore.lab.training.c3d import (
    MEAN,
    STD,
    C3dSettings,
    DiveBatches,
    fit_c3d,
    loss_of,
    middle,
    normalise,
    read_c3d,
)
from divescore.lab.training.loop import Running
from divescore.scoring.c3d.network import C3dAvg, C3dShape
from tests.unit.lab.datasets.mtlaqa_folder import write_data

TINY = C3dSettings(epochs=2, batch=2, clips=1, rate=3e-3)
RUNNING = Running(device="cpu", threads=1)


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> RealDives:
    return read_dives(write_data(tmp_path_factory.mktemp("data")))


def build(heads: bool = True) -> C3dAvg:
    torch.manual_seed(0)
    network = C3dAvg(C3dShape(width=2, hidden=16), heads=heads)
    for module in network.trunk.modules():
        if isinstance(module, nn.Conv3d):
            # As wide as trained ones, or a narrow trunk would let nothing through.
            nn.init.kaiming_normal_(module.weight)
    return network


def silent(_stage: str, _share: float, _note: str) -> None:
    return


def test_an_epoch_shows_each_dive_once(data: RealDives) -> None:
    batches = DiveBatches(data, TINY)
    shown = [round(17 * float(score), 3) for step in range(2) for score in batches(step)[1][:, 0]]
    assert sorted(shown) == sorted(dive.score for dive in data.train)
    assert len({tuple(batches(step)[1][:, 0].tolist()) for step in range(12)}) > 2


def test_a_batch_depends_on_its_step_and_the_seed_alone(data: RealDives) -> None:
    first, again, other = (DiveBatches(data, replace(TINY, seed=seed)) for seed in (3, 3, 4))
    again(0)
    assert torch.equal(first(5)[0], again(5)[0])
    assert not torch.equal(first(5)[0], other(5)[0])
    inputs, labels = first(1)
    assert (inputs.dtype, tuple(inputs.shape)) == (torch.uint8, (2, 1, 16, 112, 112, 3))
    assert tuple(labels.shape) == (2, 6)


def test_the_middle_is_taken() -> None:
    picture = np.zeros((128, 171, 3), dtype=np.uint8)
    picture[8:120, 29:141] = 200
    assert middle(picture).min() == 200
    assert middle(picture).shape == (112, 112, 3)


def test_normalises_by_channel() -> None:
    clips = torch.full((1, 1, 16, 4, 4, 3), 255, dtype=torch.uint8)
    expected = [(1 - mean) / std for mean, std in zip(MEAN, STD, strict=True)]
    assert normalise(clips).shape == (1, 1, 3, 16, 4, 4)
    assert normalise(clips)[0, 0, :, 0, 0, 0].tolist() == pytest.approx(expected, rel=1e-5)


def test_learns_resumes_and_measures(data: RealDives, tmp_path: Path) -> None:
    batches = DiveBatches(data, TINY)
    inputs, labels = (torch.cat(parts) for parts in zip(batches(0), batches(1), strict=True))

    def loss(network: C3dAvg) -> float:
        network.eval()
        with torch.inference_mode():
            return float(loss_of(network(normalise(inputs)), labels))

    settings = replace(TINY, epochs=5)
    network, before = build(), loss(build())
    running = replace(RUNNING, checkpoints=tmp_path, every_steps=4)
    fit_c3d(network, data, settings, running, silent, "random")
    assert loss(network) < 0.8 * before

    again = build()
    fit_c3d(again, data, settings, running, silent, "random")
    assert all(torch.equal(a, b) for a, b in zip(network.parameters(), again.parameters(), strict=True))
    with pytest.raises(CheckpointMismatch, match="origin"):
        fit_c3d(build(), data, settings, running, silent, "elsewhere")

    readings = read_c3d(network, data, data.test, "cpu", silent)
    found = readings.figures()
    assert found["dives"] == 2
    assert set(found) >= {"rank_correlation", "relative_error", "mean_error", "ss_no_accuracy", "rot_type_accuracy"}
    # All dives lie within the widest error.
    assert readings.interval_factor(0.9) == pytest.approx(np.abs(readings.guess - readings.truth).max() / 17, abs=1e-4)
    assert "ss_no_accuracy" not in read_c3d(build(heads=False), data, data.test, "cpu", silent).figures()
