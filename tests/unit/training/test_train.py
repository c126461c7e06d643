"""Training from a seed to a weights folder, in small."""

from pathlib import Path

import torch
from safetensors.torch import load_file

from divescore.scoring.manifest import read_manifest
from divescore.scoring.preprocessing import Preprocessing
from divescore.scoring.scorer import Scorer
from divescore.training.dataset import Shape, build_dataset
from divescore.training.train import Settings, fit, train

TINY = Settings(seed=3, clips=16, epochs=1, validation=20, batch=8, threads=1, workers=0)


def test_writes_a_folder_that_the_scorer_loads(tmp_path: Path) -> None:
    stages: list[str] = []

    def note(stage: str, fraction: float, _note: str) -> None:
        assert 0 < fraction <= 1
        if stage not in stages:
            stages.append(stage)

    manifest = train(tmp_path / "model", TINY, "0.0.1", "divescore train", note, Shape(frames=16, width=64, height=48))

    assert stages == ["drawing", "drawing unseen", "training"]
    assert read_manifest(tmp_path / "model") == manifest
    assert manifest.training["seed"] == 3
    assert (manifest.files[0].bytes, (tmp_path / "model" / "model.safetensors").stat().st_mode & 0o777) == (
        (tmp_path / "model" / "model.safetensors").stat().st_size,
        0o644,
    )
    assert Scorer.load(tmp_path / "model", threads=1).model.trained_on == "synthetic"
    assert all(tensor.isfinite().all() for tensor in load_file(tmp_path / "model" / "model.safetensors").values())


def test_the_same_seed_fits_the_same(tmp_path: Path) -> None:
    shape = Shape(frames=16, width=64, height=48)
    dataset = build_dataset(range(8), shape, tmp_path, 0, lambda _done, _total: None)
    preprocessing = Preprocessing(frames=16, width=64, height=48, mean=(0.45,) * 3, std=(0.25,) * 3)

    def weights() -> dict[str, torch.Tensor]:
        return fit(dataset, preprocessing, TINY, lambda _stage, _fraction, _note: None).state_dict()

    first, second = weights(), weights()
    assert all(torch.equal(first[name], second[name]) for name in first)
