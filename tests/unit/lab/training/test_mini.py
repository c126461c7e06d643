"""Training from a seed to a weights folder, in small."""

from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from divescore.lab.datasets.rendered import build_dataset
from divescore.lab.evaluation.figures import read
from divescore.lab.evaluation.flaw_sweeps import sweep_flaws
from divescore.lab.training.loop import Running
from divescore.lab.training.mini import Settings, code_digest, load_network, train
from divescore.scoring.manifest import read_manifest
from divescore.scoring.scorer import Scorer

TINY = Settings(seed=3, clips=6, validation=12, frame_steps=2, judge_steps=3, frames=2, judged=4)
PARTS = ["drawing", "drawing unseen", "frames", "looking", "judge"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("training")


def trained(folder: Path, name: str, settings: Settings = TINY) -> dict[str, torch.Tensor]:
    running = Running(device="cpu", threads=1, checkpoints=folder / "checkpoints" / name)
    train(folder / name, settings, "divescore train", lambda *_: None, running, workers=0, cache=folder / "clips")
    return load_file(folder / name / "model.safetensors")


def test_writes_a_folder_that_the_scorer_loads_and_repeats_it(folder: Path) -> None:
    stages: list[str] = []

    def note(stage: str, fraction: float, _note: str) -> None:
        assert 0 <= fraction <= 1
        if stage not in stages:
            stages.append(stage)

    running = Running(device="cpu", threads=1)
    manifest = train(folder / "model", TINY, "divescore train", note, running, workers=0, cache=folder / "clips")

    assert stages == PARTS
    assert read_manifest(folder / "model") == manifest
    assert manifest.training["seed"] == 3
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
    running = Running(device="cpu", threads=1, checkpoints=folder / "checkpoints" / "resumed")

    train(
        folder / "resumed",
        TINY,
        "divescore train",
        lambda stage, _share, _note: calls.append(stage),
        running,
        workers=0,
        cache=folder / "clips",
    )

    # Every part was done: nothing is trained again, and the weights are the same.
    assert not {"frames", "looking", "judge"} & set(calls)
    after = load_file(folder / "resumed" / "model.safetensors")
    assert all(torch.equal(before[name], after[name]) for name in before)


def test_sweeps_every_flaw(folder: Path) -> None:
    manifest = read_manifest(folder / "model")
    network = load_network(folder / "model", manifest)
    done: list[int] = []
    from divescore.scoring.mini.preprocessing import Preprocessing

    swept = sweep_flaws(
        network, manifest.preprocessing_as(Preprocessing), 30.0, 50, 1, lambda count, _total: done.append(count)
    )

    assert len(swept) == 7
    assert done == list(range(1, 8))
    assert all(-1.0 <= one.correlation <= 1.0 and len(one.sweep.amounts) == 9 for one in swept.values())


def test_reading_alone_and_twice_is_the_same(folder: Path) -> None:
    from divescore.lab.datasets.rendered import Shape
    from divescore.scoring.mini.preprocessing import Preprocessing

    manifest = read_manifest(folder / "model")
    network = load_network(folder / "model", manifest)
    dataset = build_dataset(range(3_000_000, 3_000_006), Shape(), folder / "clips", 0, lambda *_: None)

    one, two = (read(network, dataset, manifest.preprocessing_as(Preprocessing), 30.0) for _ in range(2))

    assert one.execution.tolist() == two.execution.tolist()
    assert ((one.execution >= 0) & (one.execution <= 30)).all()
