"""From published checkpoints to a weights folder that answers what the published code answers."""

import json
import os
import shutil
from pathlib import Path

import pytest
import torch
from click.testing import CliRunner

from divescore.scoring.errors import WeightsInvalid
from divescore.scoring.manifest import parse_manifest, read_manifest
from divescore.scoring.weights.checkpoints import read_checkpoint
from divescore.scoring.weights.commands import weights
from divescore.scoring.weights.importing import import_weights
from tests.unit.scoring.checkpoints import write_checkpoints


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_checkpoints(tmp_path_factory.mktemp("published"))


@pytest.fixture(scope="module")
def imported(published: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("imported")
    import_weights(published, out)
    return out


class Bomb:
    """Runs a command where a pickle is trusted."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return os.mkdir, (str(self._path),)


@pytest.mark.parametrize("legacy", [True, False])
def test_a_checkpoint_that_would_run_code_is_refused_and_runs_nothing(tmp_path: Path, legacy: bool) -> None:
    harm = tmp_path / "harm"
    path = tmp_path / "model.pth"
    torch.save({"conv1.weight": Bomb(harm)}, path, _use_new_zipfile_serialization=not legacy)

    with pytest.raises(WeightsInvalid, match="nothing in it was run"):
        read_checkpoint(path)
    assert not harm.exists()
    torch.load(path, weights_only=False)
    assert harm.exists()


def test_a_damaged_checkpoint_is_refused(published: Path, tmp_path: Path) -> None:
    whole = (published / "model_CNN_7.pth").read_bytes()
    for name, content in {"cut": whole[: len(whole) // 2], "empty": b"", "text": b"not a checkpoint"}.items():
        path = tmp_path / name
        path.write_bytes(content)
        with pytest.raises(WeightsInvalid, match=name):
            read_checkpoint(path)


def test_names_of_parallel_training_are_understood(tmp_path: Path) -> None:
    path = tmp_path / "model.pth"
    torch.save({"state_dict": {"module.fc.bias": torch.ones(2)}}, path)

    assert read_checkpoint(path).keys() == {"fc.bias"}


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (lambda folder: (folder / "model_my_fc6_7.pth").unlink(), "lacks model_my_fc6"),
        (lambda folder: shutil.copy(folder / "model_CNN_7.pth", folder / "model_CNN_8.pth"), "only one of each"),
        (lambda folder: torch.save({"fc.weight": torch.ones(2, 2)}, folder / "model_my_fc6_7.pth"), "lacks fc.bias"),
        (
            lambda folder: torch.save(
                {"fc_final_score.weight": torch.full((1, 24), torch.nan), "fc_final_score.bias": torch.ones(1)},
                folder / "model_score_regressor_7.pth",
            ),
            "no finite number",
        ),
        (
            lambda folder: torch.save(
                {"fc.weight": torch.ones(24, 9), "fc.bias": torch.ones(24)}, folder / "model_my_fc6_7.pth"
            ),
            "has the shape",
        ),
    ],
)
def test_checkpoints_that_do_not_fit_are_named(published: Path, tmp_path: Path, change: object, sentence: str) -> None:
    folder = Path(shutil.copytree(published, tmp_path / "changed"))
    assert callable(change)
    change(folder)

    with pytest.raises(WeightsInvalid, match=sentence):
        import_weights(folder, tmp_path / "out")
    with pytest.raises(WeightsInvalid):
        parse_manifest(tmp_path / "out")


def test_everybody_may_read_what_is_written(imported: Path) -> None:
    for file in parse_manifest(imported).files:
        assert (imported / file.name).stat().st_mode & 0o777 == 0o644


def test_half_is_half_as_large(published: Path, imported: Path, tmp_path: Path) -> None:
    half = import_weights(published, tmp_path, half=True, int8=False)
    whole = {file.name: file.bytes for file in parse_manifest(imported).files}

    assert read_manifest(tmp_path) == half
    for file in half.files:
        assert file.bytes < 0.6 * whole[file.name]


def test_the_command_imports_and_verifies(published: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    done = CliRunner().invoke(weights, ["import", str(published), "--out", str(out), "--json"])
    assert done.exit_code == 0
    assert json.loads(done.stdout)["manifest"]["architecture"] == "c3d-avg"
    good = CliRunner().invoke(weights, ["verify", str(out), "--json"])
    assert good.exit_code == 0
    assert json.loads(good.stdout)["faults"] == {}

    path = out / "gate-head.safetensors"
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    bad = CliRunner().invoke(weights, ["verify", str(out)])
    assert bad.exit_code == 1
    assert "gate-head.safetensors: is not the file of its manifest" in bad.output
    assert "score-head.safetensors: as it should be" in bad.output


def test_the_command_names_what_is_missing(tmp_path: Path) -> None:
    done = CliRunner().invoke(weights, ["import", str(tmp_path), "--out", str(tmp_path / "out")])

    assert done.exit_code == 1
    assert "model_CNN_*.pth" in done.output
