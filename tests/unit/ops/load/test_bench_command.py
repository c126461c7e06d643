"""The command's words."""

from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from divescore.cli import main
from divescore.client.errors import ClientError
from divescore.ops.load.bench import BenchOptions

STAGE = {"min": 0.001, "median": 0.002, "p90": 0.003, "p99": 0.004, "max": 0.005}
DOCUMENT = {
    "stages": {"upload": STAGE},
    "flood": {"jobs": 100, "drain": 20.0, "throughput": 5.0, "workers": 2, "total": STAGE},
    "fan_out": {"watchers": 50, "write_to_push": STAGE},
    "fresh_worker": {"seconds": {"cold_start": 2.5}, "megabytes": {"worker": 400, "decoder": 90}},
    "load": [0.1, 0.2],
}


@pytest.fixture
def clip(tmp_path: Path) -> Path:
    path = tmp_path / "dive.webm"
    path.write_bytes(b"video")
    return path


def test_without_a_system_there_is_nothing_to_measure(
    clip: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DIVESCORE_HOME", str(tmp_path))
    done = CliRunner().invoke(main, ["bench", str(clip)])
    assert done.exit_code == 1
    assert "divescore up" in done.output


def test_the_figures_are_a_table(clip: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[BenchOptions] = []

    async def measure(options: BenchOptions, _say: Any) -> dict[str, Any]:
        asked.append(options)
        return DOCUMENT

    monkeypatch.setattr("divescore.ops.load.bench.measure", measure)
    done = CliRunner().invoke(main, ["bench", str(clip), "--api", "http://api", "--flood", "7", "--watchers", "0"])
    assert done.exit_code == 0, done.output
    assert (asked[0].api, asked[0].jobs, asked[0].watchers) == ("http://api", 7, 0)
    for words in ("upload", "100 dives in 20.0 s", "last of 50 sockets", "first score after 2.50 s"):
        assert words in done.output


def test_one_dive_that_fails_in_a_flood_is_named(clip: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def measure(_options: BenchOptions, _say: Any) -> dict[str, Any]:
        raise ClientError("NOT_SCORED", "A dive of the measurement is FAILED.")

    monkeypatch.setattr("divescore.ops.load.bench.measure", measure)
    done = CliRunner().invoke(main, ["bench", str(clip), "--api", "http://api"])
    assert done.exit_code == 1
    assert "A dive of the measurement is FAILED." in done.output
