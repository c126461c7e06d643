"""`divescore train`, and `evaluate` on what it made of real dives."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from divescore.lab.datasets.mtlaqa import RealDives
from divescore.lab.evaluation.commands import evaluate
from divescore.lab.training.commands import train


def test_the_command_trains_and_measures(data: RealDives, begun: Path, tmp_path: Path) -> None:
    folder, out = str(data.frames.parent), str(tmp_path / "out")
    arguments = ["--architecture", "c3d-avg", "--data", folder, "--from", str(begun), "--out", out]
    options = ["--epochs", "1", "--batch", "3", "--device", "cpu", "--checkpoints", str(tmp_path / "kept"), "--json"]
    outcome = CliRunner().invoke(train, [*arguments, *options])

    assert outcome.exit_code == 0, outcome.output
    manifest = json.loads(outcome.stdout)
    assert manifest["trainedOn"] == "MTL-AQA"
    # What is not chosen stays the architecture's own.
    assert {name: manifest["training"][name] for name in ("seed", "epochs", "batch", "rate", "clips")} == {
        "seed": 0,
        "epochs": 1,
        "batch": 3,
        "rate": 1e-4,
        "clips": 6,
    }
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
