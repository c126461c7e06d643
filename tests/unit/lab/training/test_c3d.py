"""Training C3D-AVG on real dives, in small."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from divescore.lab.datasets.c3d_clips import normalised
from divescore.lab.datasets.mtlaqa import RealDives
from divescore.lab.errors import CheckpointMismatch
from divescore.lab.evaluation.c3d import predict_c3d
from divescore.lab.evaluation.measurements import measure_folder
from divescore.lab.evaluation.networks import load_c3d
from divescore.lab.training.c3d import C3dSettings, DiveBatches, c3d_loss, fit_c3d, initial_c3d, train_c3d
from divescore.lab.training.loop import RunOptions
from divescore.scoring.c3d.network import C3dAvg, C3dShape
from divescore.scoring.errors import WeightsInvalid
from divescore.scoring.manifest import read_manifest
from tests.unit.lab.progress import silent

TINY = C3dSettings(epochs=2, batch=2, clips=1, rate=3e-3)
OPTIONS = RunOptions(device="cpu", threads=1)


def build(heads: bool = True) -> C3dAvg:
    torch.manual_seed(0)
    network = C3dAvg(C3dShape(width=2, hidden=16), heads=heads)
    for module in network.trunk.modules():
        if isinstance(module, nn.Conv3d):
            # As wide as trained ones, or a narrow trunk would let nothing through.
            nn.init.kaiming_normal_(module.weight)
    return network


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


def test_learns_resumes_and_measures(data: RealDives, tmp_path: Path) -> None:
    batches = DiveBatches(data, TINY)
    inputs, labels = (torch.cat(parts) for parts in zip(batches(0), batches(1), strict=True))

    def loss(network: C3dAvg) -> float:
        network.eval()
        with torch.inference_mode():
            return float(c3d_loss(network(normalised(inputs)), labels))

    settings = replace(TINY, epochs=5)
    network, before = build(), loss(build())
    options = replace(OPTIONS, checkpoints=tmp_path, every_steps=4)
    fit_c3d(network, data, settings, options, silent, "random")
    assert loss(network) < 0.8 * before

    again = build()
    fit_c3d(again, data, settings, options, silent, "random")
    assert all(torch.equal(a, b) for a, b in zip(network.parameters(), again.parameters(), strict=True))
    with pytest.raises(CheckpointMismatch, match="origin"):
        fit_c3d(build(), data, settings, options, silent, "elsewhere")

    predictions = predict_c3d(network, data, data.test, "cpu", silent)
    found = predictions.figures()
    assert found["dives"] == 2
    assert set(found) >= {"rank_correlation", "relative_error", "mean_error", "ss_no_accuracy", "rot_type_accuracy"}
    # All dives lie within the widest error.
    assert predictions.interval_factor() == pytest.approx(
        np.abs(predictions.guess - predictions.truth).max() / 17, abs=1e-4
    )
    assert "ss_no_accuracy" not in predict_c3d(build(heads=False), data, data.test, "cpu", silent).figures()


def test_c3d_becomes_a_folder_that_is_measured(data: RealDives, begun: Path, tmp_path: Path) -> None:
    settings = C3dSettings(epochs=1, batch=2, clips=1)
    manifest = train_c3d(tmp_path / "out", data, begun, settings, {"command": "train"}, OPTIONS, silent)

    assert read_manifest(tmp_path / "out") == manifest
    assert (manifest.architecture, manifest.trained_on) == ("c3d-avg", "MTL-AQA")
    assert manifest.training["from"] == read_manifest(begun).sha256 != manifest.sha256
    trained, before = load_c3d(tmp_path / "out", manifest), load_c3d(begun, read_manifest(begun))
    assert not torch.equal(trained.trunk.conv1.weight, before.trunk.conv1.weight)
    found = measure_folder(tmp_path / "out", manifest, data, "cpu", silent)
    assert found == {name: value for name, value in manifest.figures.items() if name != "on"}


def test_c3d_begins_where_it_is_told_to(begun: Path, shipped: Path, tmp_path: Path) -> None:
    network, origin = initial_c3d(begun, 0)
    assert origin == read_manifest(begun).sha256
    assert network.score.in_features == 16
    with pytest.raises(WeightsInvalid, match="mini-focus, not c3d-avg"):
        initial_c3d(shipped, 0)
    # Checkpoints in the published file format: a trunk with what a classifier has besides, and something else.
    torch.save(network.trunk.state_dict() | {"fc8.bias": torch.zeros(4)}, tmp_path / "c3d.pickle")
    with_trunk, name = initial_c3d(tmp_path / "c3d.pickle", 0)
    assert torch.equal(with_trunk.trunk.conv5b.weight, network.trunk.conv5b.weight)
    assert name != origin
    torch.save({"conv1.weight": torch.zeros(2, 3, 3, 3, 3)}, tmp_path / "other.pickle")
    with pytest.raises(WeightsInvalid, match="holds no trunk of C3D"):
        initial_c3d(tmp_path / "other.pickle", 0)
