"""`divescore evaluate`."""

import json
from pathlib import Path

from click.testing import CliRunner

from divescore.lab.evaluation.commands import evaluate


def test_evaluate_measures_the_shipped_model() -> None:
    outcome = CliRunner().invoke(evaluate, ["--clips", "20", "--workers", "0", "--json"])

    assert outcome.exit_code == 0, outcome.output
    document = json.loads(outcome.stdout)
    assert document["model"]["id"] == "divescore-mini"
    assert document["dives"] + document["negatives"] == 20


def test_evaluate_needs_a_model(tmp_path: Path) -> None:
    assert CliRunner().invoke(evaluate, ["--weights", str(tmp_path)]).exit_code == 1
