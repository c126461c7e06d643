"""The command: one document or tables, and words for what is wrong."""

import json
import subprocess
import sys
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from io import StringIO
from pathlib import Path

import pytest
from click.testing import CliRunner
from rich.console import Console

from divescore.cli import main
from divescore.lab.capacity.analysis import analyse, scales
from divescore.lab.capacity.burst import Burst, Scenario, polling_cost, simulate
from divescore.lab.capacity.documents import read_prices
from divescore.lab.capacity.simulation import INSTANT, Pipeline, Simulation
from divescore.lab.capacity.tables import (
    BURST,
    SCALES,
    SHOWN_LIMITS,
    burst_rows,
    cost_rows,
    limit_rows,
    scale_rows,
    show_burst,
)
from divescore.lab.capacity.workload import Assumed, Inputs, Workload

BUSY = analyse(replace(Inputs(), workload=Workload(1e7)))


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
    assert "<svg" in picture.read_text()


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
    assert "Could not open file" in done.output


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--jobs-per-day", "1e7"], [*limit_rows(BUSY)][:SHOWN_LIMITS]),
        (["--jobs-per-day", "1e7"], [*cost_rows(BUSY, polling_cost(read_prices(), Assumed()))]),
        (["--scales"], [*scale_rows(scales(Inputs())), SCALES]),
        (["--burst", "3000", "--burst-seconds", "20"], [*burst_rows(simulate(3000, 20, Inputs())), BURST]),
    ],
    ids=["limits", "cost", "scales", "burst"],
)
def test_tables_fit_80_columns_with_no_word_cut(arguments: list[str], said: list[Sequence[str]]) -> None:
    done = CliRunner().invoke(main, ["capacity", *arguments], env={"COLUMNS": "80"})
    assert done.exit_code == 0, done.output
    assert max(map(len, done.output.splitlines())) <= 80
    assert "…" not in done.output
    words = Counter(done.output.replace(":", "").split())
    of_table = Counter(word for row in said for cell in row for word in cell.replace(":", "").split())
    assert of_table - words == Counter()


def test_a_long_burst_fits_80_columns_too() -> None:
    run = Simulation(Pipeline(0.0, INSTANT), [0.0])
    run.pushed, run.worker.peak, run.worker.cold_starts = [3936.0], 1000, 1000
    names = [scenario.name for scenario in simulate(1, 1, Inputs()).scenarios]
    found = Burst(100_000, 300, [], [Scenario(name, run, 199.3, 18_985.55) for name in names])
    console = Console(width=80, record=True, file=StringIO())
    show_burst(console, found)
    shown = console.export_text()
    assert "…" not in shown
    words = Counter(shown.split())
    assert Counter(word for row in burst_rows(found) for cell in row for word in cell.split()) - words == Counter()


def test_matplotlib_is_loaded_for_a_picture_alone(tmp_path: Path) -> None:
    """In a process of its own, since this one may have loaded it long ago."""
    code = """
import sys
from divescore.cli import main
main(["capacity", "--burst", "20", "--burst-seconds", "1", "--scales"], standalone_mode=False)
print("matplotlib" in sys.modules)
main(["capacity", "--burst", "20", "--burst-seconds", "1", "--plot", sys.argv[1]], standalone_mode=False)
print("matplotlib" in sys.modules)
"""
    done = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path / "burst.svg")], capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, done.stderr
    assert [line for line in done.stdout.splitlines() if line in ("True", "False")] == ["False", "True"]
