"""Training from a seed to a weights folder, in small."""

from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from divescore.lab.training.loop import RunOptions
from divescore.lab.training.mini import MiniSettings, code_digest, train_mini
from divescore.scoring.manifest import read_manifest
from divescore.scoring.scorer import Scorer
from tests.unit.lab.progress import silent

TINY = MiniSettings(seed=3, clips=6, validation=12, frame_steps=2, judge_steps=3, frames=2, judged=4)
TRAINING = {"command": "divescore train"}
PARTS = ["drawing", "drawing unseen", "frames", "looking", "judge", "drawing to calibrate", "calibrating"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("training")


def trained(folder: Path, name: str, settings: MiniSettings = TINY) -> dict[str, torch.Tensor]:
    options = RunOptions(device="cpu", threads=1, checkpoints=folder / "checkpoints" / name)
    train_mini(folder / name, settings, TRAINING, options, silent, workers=0, cache=folder / "clips")
    return load_file(folder / name / "model.safetensors")


def test_writes_a_folder_that_the_scorer_loads_and_repeats_it(folder: Path) -> None:
    stages: list[str] = []

    def note(stage: str, fraction: float, _note: str) -> None:
        assert 0 <= fraction <= 1
        if stage not in stages:
            stages.append(stage)

    options = RunOptions(device="cpu", threads=1)
    manifest = train_mini(folder / "model", TINY, TRAINING, options, note, workers=0, cache=folder / "clips")

    assert stages == PARTS
    assert read_manifest(folder / "model") == manifest
    assert manifest.calibration is not None
    assert (manifest.training["seed"], manifest.training["command"]) == (3, "divescore train")
    assert manifest.training["code"] == code_digest()
    assert manifest.training["data"] in {path.name for path in (folder / "clips").iterdir()}
    assert manifest.files[0].bytes == (folder / "model" / "model.safetensors").stat().st_size
    assert (folder / "model" / "model.safetensors").stat().st_mode & 0o777 == 0o644
    assert Scorer.load(folder / "model", threads=1).info.trained_on == "synthetic"
    first, second = load_file(folder / "model" / "model.safetensors"), trained(folder, "again")
    assert all(tensor.isfinite().all() for tensor in first.values())
    assert all(torch.equal(first[name], second[name]) for name in first)


def test_goes_on_from_its_checkpoints(folder: Path) -> None:
    before = trained(folder, "resumed")
    calls: list[str] = []
    options = RunOptions(device="cpu", threads=1, checkpoints=folder / "checkpoints" / "resumed")

    def note(stage: str, _share: float, _note: str) -> None:
        calls.append(stage)

    train_mini(folder / "resumed", TINY, TRAINING, options, note, workers=0, cache=folder / "clips")

    # Every part was done: nothing is trained again, and the weights are the same.
    assert not {"frames", "looking", "judge"} & set(calls)
    after = load_file(folder / "resumed" / "model.safetensors")
    assert all(torch.equal(before[name], after[name]) for name in before)
