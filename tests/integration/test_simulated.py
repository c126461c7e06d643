"""The simulation tells how long a flood on the real local system takes."""

from pathlib import Path

import pytest

from tests.bench.simulated import compare, measured_here
from tests.conftest import divescore
from tests.integration.conftest import System

JOBS = 150
RENDERS_WITHIN = 60.0


@pytest.mark.soak
@pytest.mark.stack
def test_a_flood_takes_as_long_as_simulated(system: System, tmp_path: Path) -> None:
    clip = tmp_path / "dive.webm"
    drawn = divescore("render", "--dive", "107B", "--seed", "7", "--out", str(clip), timeout=RENDERS_WITHIN)
    assert drawn.returncode == 0, drawn.stderr
    _, flood = measured_here(system.api, clip, JOBS, tmp_path)
    found = compare(flood, flood)
    assert found["kept"], found
