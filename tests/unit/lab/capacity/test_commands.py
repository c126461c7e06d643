"""The command: one document or tables, and words for what is wrong."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from divescore.cli import main


def test_a_scale_as_a_document() -> None:
    done = CliRunner().invoke(main, ["capacity", "--jobs-per-day", "1e6", "--json"])
    assert done.exit_code == 0, done.output
    document = json.loads(done.stdout)
    assert document["workload"]["jobs_per_day"] == 1e6
    assert document["first_limit"] == document["limits"][0]["name"]
    assert document["cost"]["total_per_day"] == pytest.approx(document["cost"]["total_per_thousand"] * 1000, rel=1e-3)
    assert document["replaced"]["per_thousand"] > document["cost"]["total_per_thousand"]


def test_a_scale_all_scales_and_a_burst_as_tables(tmp_path: Path) -> None:
    one = CliRunner().invoke(main, ["capacity"])
    assert one.exit_code == 0, one.output
    assert "First limit" in one.output
    picture = tmp_path / "burst.svg"
    more = CliRunner().invoke(
        main, ["capacity", "--scales", "--burst", "500", "--burst-seconds", "5", "--plot", str(picture)]
    )
    assert more.exit_code == 0, more.output
    assert "10,000,000" in more.output
    assert picture.read_text().startswith("<svg")


def test_scales_and_bursts_as_a_document() -> None:
    done = CliRunner().invoke(main, ["capacity", "--scales", "--burst", "300", "--burst-seconds", "3", "--json"])
    document = json.loads(done.stdout)
    assert len(document["scales"]) == 5
    assert [scene["drain"] > 0 for scene in document["burst"]["scenes"]] == [True] * 5


def test_a_slower_network_takes_longer_and_costs_more() -> None:
    fast, slow = (
        json.loads(CliRunner().invoke(main, ["capacity", "--json", "--infer-seconds", seconds]).stdout)
        for seconds in ("0.01", "3")
    )
    assert slow["attempt_seconds"] > fast["attempt_seconds"] + 5
    assert slow["cost"]["per_thousand"]["worker"] > fast["cost"]["per_thousand"]["worker"]


def test_prices_go_out_and_come_in(tmp_path: Path) -> None:
    table = json.loads(CliRunner().invoke(main, ["capacity", "--print-prices"]).stdout)
    path = tmp_path / "prices.json"
    path.write_text(json.dumps(table | {"lambda_gb_second": 1.0}))
    done = CliRunner().invoke(main, ["capacity", "--json", "--prices", str(path)])
    assert json.loads(done.stdout)["cost"]["per_thousand"]["worker"] > 100


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        (["--plot", "x.svg"], 2, "--burst"),
        (["--pollers", "50", "20"], 2, "least"),
        (["--jobs-per-day", "0"], 2, "jobs-per-day"),
        (["--prices", "BAD"], 1, "cannot be read"),
        (["--measurements", "BAD"], 1, "cannot be read"),
    ],
)
def test_what_is_wrong_is_said(tmp_path: Path, arguments: list[str], code: int, says: str) -> None:
    bad = tmp_path / "bad.json"
    bad.write_text("bad")
    done = CliRunner().invoke(main, ["capacity", *(str(bad) if part == "BAD" else part for part in arguments)])
    assert done.exit_code == code
    assert says in done.output


def test_a_picture_that_cannot_be_written_is_said(tmp_path: Path) -> None:
    target = tmp_path / "missing" / "burst.svg"
    done = CliRunner().invoke(main, ["capacity", "--burst", "10", "--burst-seconds", "1", "--plot", str(target)])
    assert done.exit_code == 1
    assert "cannot be written" in done.output
