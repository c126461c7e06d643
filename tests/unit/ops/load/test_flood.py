"""A flood's account, which the simulation reads."""

import asyncio
import json
from pathlib import Path

import pytest

from divescore.lab.capacity.measured import read_flood
from divescore.ops.load.flood import _Door, most_at_once, report
from tests.unit.ops.load.test_stages import scored


def test_a_flood_is_told_from_its_first_upload_on(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("divescore.ops.load.flood.time.time", lambda: 1_800_000_100.0)
    monkeypatch.setattr("divescore.ops.load.flood.time.monotonic", lambda: 100.0)
    found = report([scored(0.5, 1.9), scored(0.0, 1.3), scored(1.0, 1.5)], 4, 2)
    assert (found["jobs"], found["workers"], found["at_once"]) == (3, 2, 4)
    assert found["samples"]["sent"] == pytest.approx([0.0, 0.5, 1.0])
    assert found["samples"]["claimed"] == pytest.approx([0.3, 1.4, 1.5])
    assert found["drain"] == pytest.approx(1.9)
    assert found["throughput"] == pytest.approx(3 / 1.9, abs=1e-3)
    assert found["service"]["median"] == pytest.approx(0.4)
    path = tmp_path / "bench.json"
    path.write_text(json.dumps({"flood": found}))
    read = read_flood(path)
    assert (read.drain, read.workers, read.direct, len(read.arrived)) == (found["drain"], 2, False, 3)
    assert report([scored(), scored(0.1)], 1, None)["workers"] == 2


@pytest.mark.parametrize(
    ("begins", "ends", "most"), [([], [], 0), ([0, 1], [1, 2], 1), ([0, 0, 0], [1, 2, 3], 3), ([0, 2], [3, 4], 2)]
)
def test_the_most_at_once(begins: list[float], ends: list[float], most: int) -> None:
    assert most_at_once(begins, ends) == most


def test_a_door_opens_once_however_an_upload_ends() -> None:
    doors = asyncio.Semaphore(0)
    door = _Door(doors)
    door.uploaded(100, 1.0)
    door.leave()
    assert doors._value == 1
