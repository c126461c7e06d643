"""`divescore render`."""

import json
from pathlib import Path

import cv2
import pytest
from click.testing import CliRunner

from divescore.lab.rendering.commands import NEGATIVE_KINDS, render
from divescore.lab.rendering.films import HEIGHT, WIDTH
from divescore.lab.rendering.negatives import NEGATIVES


def test_render_says_what_it_drew(tmp_path: Path) -> None:
    out = tmp_path / "dive.webm"
    arguments = ["--dive", "107b", "--seed", "7", "--height", "10", "--execution", "24", "--out", str(out), "--json"]
    outcome = CliRunner().invoke(render, arguments)

    assert outcome.exit_code == 0, outcome.output
    document = json.loads(outcome.stdout)
    assert out.stat().st_size > 10_000
    assert (document["dive"], document["height"], document["difficulty"]) == ("107B", 10.0, 3.0)
    assert document["execution"] == pytest.approx(24, abs=1.6)
    assert document["score"] == pytest.approx(document["execution"] * 3.0, abs=0.01)
    assert len(document["marks"]) == 7


def test_render_draws_a_picture_beside_the_film(tmp_path: Path) -> None:
    still = tmp_path / "dive.jpg"
    outcome = CliRunner().invoke(render, ["--seed", "7", "--out", str(tmp_path / "dive.webm"), "--still", str(still)])

    assert outcome.exit_code == 0, outcome.output
    picture = cv2.imread(str(still))
    assert picture is not None
    assert picture.shape == (HEIGHT, WIDTH, 3)
    assert picture.std() > 10, "an empty picture"


def test_render_draws_what_is_no_dive(tmp_path: Path) -> None:
    outcome = CliRunner().invoke(render, ["--negative", "pan", "--out", str(tmp_path / "pan.webm")])

    assert outcome.exit_code == 0
    assert "no dive (pan)" in outcome.stdout


def test_the_command_offers_every_kind() -> None:
    assert set(NEGATIVE_KINDS) == set(NEGATIVES)


@pytest.mark.parametrize(
    "arguments", [["--dive", "99Z", "--out", "x.webm"], ["--out", "dive.gif"], [], ["--height", "2", "--out", "x.webm"]]
)
def test_render_refuses_what_makes_no_sense(arguments: list[str]) -> None:
    assert CliRunner().invoke(render, arguments).exit_code == 2


def test_render_fails_where_it_cannot_write(tmp_path: Path) -> None:
    outcome = CliRunner().invoke(render, ["--out", str(tmp_path / "nowhere" / "dive.webm")])

    assert outcome.exit_code == 1
    assert "cannot be written" in outcome.stderr
