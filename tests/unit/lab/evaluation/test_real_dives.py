"""From real dives to weights folders, in small."""

import json
from pathlib import Path

import pytest
import torch
from click.testing import CliRunner
from safetensors.torch import load_file

from divescore.lab.datasets.mtlaqa import RealDives, read_dives
from divescore.lab.evaluation.real_dives import (
    MINI,
    Choices,
    initial_c3d,
    load_c3d,
    measure_folder,
    train_c3d,
    train_mini,
)
from divescore.lab.training.c3d import C3dSettings
from divescore.lab.training.commands import evaluate, train
from divescore.lab.training.fine_tuning import TuningSettings
from divescore.lab.training.folders import write_folder
from divescore.lab.training.loop import Running
from divescore.lab.training.mini import WEIGHTS
from divescore.scoring.c3d.network import C3dAvg, C3dShape
from divescore.scoring.errors import WeightsInvalid
from divescore.scoring.manifest import DiveGate, IntervalScaling, read_manifest
from divescore.scoring.mini.network import MiniNetwork
from divescore.scoring.mini.preprocessing import Preprocessing
from divescore.scoring.weights.folder import Identity, write_network
from tests.unit.lab.datasets.mtlaqa_folder import write_data

RUNNING = Running(device="cpu", threads=1)


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> RealDives:
    return read_dives(write_data(tmp_path_factory.mktemp("data")))


@pytest.fixture(scope="module")
def begun(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of a narrow C3D-AVG."""
    torch.manual_seed(0)
    folder = tmp_path_factory.mktemp("begun")
    write_network(folder, C3dAvg(C3dShape(width=2, hidden=16)), Identity(), int8=False)
    return folder


@pytest.fixture(scope="module")
def shipped(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder like the shipped model's, untrained."""
    torch.manual_seed(0)
    folder = tmp_path_factory.mktemp("shipped")
    write_folder(
        folder,
        {WEIGHTS: MiniNetwork().state_dict()},
        id="divescore-mini",
        version="1",
        architecture=MINI,
        preprocessing=Preprocessing(frames=16, width=128, height=96, mean=(0.45,) * 3, std=(0.25,) * 3),
        execution_scale=30.0,
        interval=IntervalScaling(level=0.9, factor=2.0, difficulty_margin=0.5),
        gate=DiveGate(threshold=0.5),
        trained_on="synthetic",
        training={},
        figures={},
    )
    return folder


def silent(_stage: str, _share: float, _note: str) -> None:
    return


def test_what_is_not_chosen_stays() -> None:
    assert Choices(seed=3, rate=0.5).over(C3dSettings(epochs=7)) == C3dSettings(seed=3, epochs=7, rate=0.5)


def test_c3d_becomes_a_folder_that_is_measured(data: RealDives, begun: Path, tmp_path: Path) -> None:
    settings = C3dSettings(epochs=1, batch=2, clips=1)
    manifest = train_c3d(tmp_path / "out", data, begun, settings, RUNNING, {"command": "train"}, silent)

    assert read_manifest(tmp_path / "out") == manifest
    assert (manifest.architecture, manifest.trained_on) == ("c3d-avg", "MTL-AQA")
    assert manifest.training["from"] == read_manifest(begun).sha256 != manifest.sha256
    trained, before = load_c3d(tmp_path / "out", manifest), load_c3d(begun, read_manifest(begun))
    assert not torch.equal(trained.trunk.conv1.weight, before.trunk.conv1.weight)
    found = measure_folder(tmp_path / "out", manifest, data, "cpu", silent)
    assert found == {name: value for name, value in manifest.figures.items() if name != "on"}


def test_the_shipped_model_becomes_a_folder_that_is_measured(data: RealDives, shipped: Path, tmp_path: Path) -> None:
    settings = TuningSettings(epochs=1, batch=2, bfloat16=False)
    manifest = train_mini(tmp_path, data, shipped, settings, RUNNING, {"command": "train"}, silent)

    assert manifest == read_manifest(tmp_path)
    assert manifest.trained_on == "synthetic, then MTL-AQA"
    before = load_file(shipped / WEIGHTS)
    after = load_file(tmp_path / WEIGHTS)
    assert before.keys() == after.keys()
    assert any(not torch.equal(before[name], after[name]) for name in before)
    found = measure_folder(tmp_path, manifest, data, "cpu", silent)
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


def test_the_command_trains_and_measures(data: RealDives, begun: Path, tmp_path: Path) -> None:
    folder, out = str(data.frames.parent), str(tmp_path / "out")
    arguments = ["--architecture", "c3d-avg", "--data", folder, "--from", str(begun), "--out", out]
    options = ["--epochs", "1", "--batch", "3", "--device", "cpu", "--checkpoints", str(tmp_path / "kept"), "--json"]
    outcome = CliRunner().invoke(train, [*arguments, *options])

    assert outcome.exit_code == 0, outcome.output
    manifest = json.loads(outcome.stdout)
    assert (manifest["trainedOn"], manifest["training"]["batch"], manifest["training"]["rate"]) == ("MTL-AQA", 3, 1e-4)
    assert "training: 100%" in outcome.stderr

    outcome = CliRunner().invoke(evaluate, ["--data", folder, "--weights", out, "--json"])
    assert outcome.exit_code == 0, outcome.output
    measured = json.loads(outcome.stdout)
    assert measured["model"]["id"] == "c3d-avg-trained"
    assert measured["mean_error"] == manifest["figures"]["mean_error"]
    assert {"rank_correlation", "relative_error"} <= set(measured)

    # Other settings may not go on from these checkpoints.
    outcome = CliRunner().invoke(train, [*arguments, *options, "--seed", "1"])
    assert outcome.exit_code == 1
    assert "belongs to another training (" in outcome.stderr
    assert "seed is 0 there and 1 here" in outcome.stderr


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["--architecture", "c3d-avg"], 2, "need --data"),
        (["--epochs", "3"], 2, "need --data"),
        (["--data", "."], 1, "neither train_split_0.pkl nor annotations.csv"),
    ],
)
def test_the_command_says_what_it_lacks(
    arguments: list[str], code: int, words: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    outcome = CliRunner().invoke(train, ["--out", "out", *arguments])
    assert outcome.exit_code == code
    assert words in outcome.stderr
