"""Documents of measurements."""

import json
from pathlib import Path
from typing import Any

import pytest

from divescore.lab.capacity.documents import MEASURED, DocumentInvalid, Measurement, read_measurement

STAGES = {name: {"median": 0.01} for name in ("download", "decode", "infer", "write")}
WORKER = {"min": 0.1, "median": 0.2, "p90": 0.3, "p99": 0.4, "max": 0.5}


def total(found: Measurement) -> float:
    return found.download + found.decode + found.infer + found.around


def written(folder: Path, document: Any) -> Path:
    path = folder / "document.json"
    path.write_text(json.dumps(document))
    return path


def test_the_shipped_measurement_can_be_read() -> None:
    found = read_measurement(MEASURED)
    assert 0 < total(found) < 5
    assert 0 < found.worker.mean < 5
    assert found.source


def test_a_bench_gives_work_and_its_spread(tmp_path: Path) -> None:
    found = read_measurement(written(tmp_path, {"machine": "this", "stages": STAGES | {"worker": WORKER}}))
    assert found.source == "this"
    assert total(found) == pytest.approx(0.04)
    assert found.worker.mean == pytest.approx(0.5 * 0.15 + 0.4 * 0.25 + 0.09 * 0.35 + 0.01 * 0.45)
    plain = read_measurement(written(tmp_path, {"stages": STAGES}))
    assert plain.worker.mean == pytest.approx(0.04)


def test_a_flood_gives_whole_attempts(tmp_path: Path) -> None:
    samples = {"sent": [0.0] * 4, "claimed": [0.0, 1.0, 2.0, 3.0], "scored": [0.2, 1.3, 2.4, 3.9]}
    found = read_measurement(written(tmp_path, {"samples": samples}))
    assert total(found) == pytest.approx(0.3)  # two of four take no longer
    assert 0.2 < found.worker.mean < 0.9


@pytest.mark.parametrize("document", [[], {}, {"stages": {}}, {"stages": {**STAGES, "infer": {"median": "fast"}}}])
def test_what_is_no_bench_is_refused(tmp_path: Path, document: Any) -> None:
    with pytest.raises(DocumentInvalid):
        read_measurement(written(tmp_path, document))
