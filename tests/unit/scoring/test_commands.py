"""`divescore predict`."""

import json
import os
import socket
import threading
from pathlib import Path

import pytest
from click.testing import CliRunner

from divescore.lab.rendering.films import write_film
from divescore.lab.rendering.negatives import build_negative
from divescore.lab.rendering.random_dives import random_rendered_dive
from divescore.scoring.commands import predict


@pytest.fixture(scope="module")
def dive(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("predict") / "dive.webm"
    write_film(random_rendered_dive(5), path)
    return path


@pytest.fixture(scope="module")
def noise(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("predict") / "noise.webm"
    write_film(build_negative("noise", 3), path)
    return path


def test_one_file_gives_one_document_with_the_raw_output(dive: Path) -> None:
    outcome = CliRunner().invoke(predict, [str(dive), "--json", "--threads", "1"])

    assert outcome.exit_code == 0, outcome.output
    document = json.loads(outcome.stdout)
    assert set(document) == {"file", "result"}
    assert document["file"] == str(dive)
    assert document["result"]["raw"]["execution"] == pytest.approx(document["result"]["seen"]["mean"] / 30, abs=0.001)


def test_several_files_give_an_array_and_one_rejected_exits_with_3(dive: Path, noise: Path) -> None:
    outcome = CliRunner().invoke(predict, [str(dive), str(noise), "--json"])

    assert outcome.exit_code == 3
    first, second = json.loads(outcome.stdout)
    assert first["result"]["score"] > 0
    assert second["error"]["code"] == "NOT_A_DIVE"
    assert "NOT_A_DIVE" in outcome.stderr


def test_one_files_trouble_costs_no_other_its_answer(dive: Path, tmp_path: Path) -> None:
    odd = tmp_path / os.fsdecode(b"Spr\xfcnge\x1b[2J\xc2\x9b.webm")
    odd.write_bytes(dive.read_bytes())
    folder = tmp_path / "socket"
    with socket.socket(socket.AF_UNIX) as nobody:
        nobody.bind(str(folder))

        outcome = CliRunner().invoke(predict, [str(folder), str(odd), str(dive), "--json"])

    assert outcome.exit_code == 1, outcome.output
    unreadable, first, second = json.loads(outcome.stdout)
    assert unreadable["error"]["code"] == "FILE_UNREADABLE"
    assert first["result"]["score"] == second["result"]["score"]
    assert first["file"].isprintable()


def test_a_pipe_is_scored(dive: Path, tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    writer = threading.Thread(target=lambda: pipe.write_bytes(dive.read_bytes()))
    writer.start()

    outcome = CliRunner().invoke(predict, [str(pipe)])

    writer.join()
    assert outcome.exit_code == 0, outcome.output
    assert "points" in outcome.stdout


def test_without_the_gate_anything_scores(noise: Path) -> None:
    outcome = CliRunner().invoke(predict, [str(noise), "--no-gate"])

    assert outcome.exit_code == 0
    assert "does not look like a dive" in outcome.stdout


def test_prints_score_interval_and_model(dive: Path) -> None:
    outcome = CliRunner().invoke(predict, [str(dive), "--dive", "107B"])

    assert outcome.exit_code == 0
    assert "difficulty 3.0 (dive)" in outcome.stdout
    assert "divescore-mini" in outcome.stdout
    assert "synthetic" in outcome.stdout


@pytest.mark.parametrize("arguments", [["nowhere.mp4"], []])
def test_a_missing_file_is_a_matter_of_usage(arguments: list[str]) -> None:
    assert CliRunner().invoke(predict, arguments).exit_code == 2


def test_a_malformed_dive_is_a_matter_of_usage(dive: Path) -> None:
    outcome = CliRunner().invoke(predict, [str(dive), "--dive", "99Z"])

    assert outcome.exit_code == 2
    assert "not a dive number" in outcome.stderr


@pytest.mark.parametrize(("height", "difficulty"), [("3", "3.1"), ("10", "3.0"), ("7.5", "3.1")])
def test_the_height_counts(dive: Path, height: str, difficulty: str) -> None:
    outcome = CliRunner().invoke(predict, [str(dive), "--dive", "107B", "--height", height])

    assert outcome.exit_code == 0
    assert f"difficulty {difficulty} (dive)" in outcome.stdout


@pytest.mark.parametrize(
    ("declared", "said"),
    [
        (["--dive", "101C", "--difficulty", "5.9"], "1.2 to 1.4"),
        (["--dive", "612B", "--height", "3"], "5, 7.5 or 10 m"),
        (["--height", "4"], "7.5"),
    ],
)
def test_what_cannot_be_is_a_matter_of_usage(dive: Path, declared: list[str], said: str) -> None:
    outcome = CliRunner().invoke(predict, [str(dive), *declared])

    assert outcome.exit_code == 2
    assert said in outcome.stderr


def test_a_folder_without_a_model_fails(dive: Path, tmp_path: Path) -> None:
    outcome = CliRunner().invoke(predict, [str(dive), "--weights", str(tmp_path)])

    assert outcome.exit_code == 1
    assert "manifest.json" in outcome.stderr
