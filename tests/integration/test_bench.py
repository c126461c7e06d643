"""`divescore bench` on the running local system: every part of it, small."""

import json
from pathlib import Path

import pytest

from divescore.lab.capacity.documents import read_measurement
from tests.bench.recorded_flood import read_flood
from tests.conftest import divescore
from tests.integration.conftest import System

MEASURES_WITHIN = 240.0


@pytest.mark.stack
def test_every_part_is_measured_and_the_capacity_model_can_read_it(system: System, tmp_path: Path) -> None:
    clip = tmp_path / "dive.webm"
    drawn = divescore("render", "--dive", "107B", "--seed", "7", "--out", str(clip), timeout=MEASURES_WITHIN)
    assert drawn.returncode == 0, drawn.stderr
    done = divescore(
        *("bench", "--json", "--runs", "1", "--flood", "4", "--at-once", "2", "--watchers", "3", str(clip)),
        timeout=MEASURES_WITHIN,
        env=system.addresses["env"],
    )
    assert done.returncode == 0, done.stderr
    document = json.loads(done.stdout)
    assert document["flood"]["jobs"] == len(document["flood"]["samples"]["scored"]) == 4
    assert document["flood"]["workers"] >= 2
    assert document["fan_out"]["watchers"] == 3
    assert document["fresh_worker"]["seconds"]["cold_start"] > 0
    assert document["fresh_worker"]["megabytes"]["worker"] > 50
    path = tmp_path / "bench.json"
    path.write_text(done.stdout)
    assert read_measurement(path).decode > 0
    assert len(read_flood(path).arrived) == 4
