"""Measurements as lines of the log."""

import json
from typing import Any

import pytest

from divescore.jobs.meter import SILENT, LoggedMeter


@pytest.fixture
def lines(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Any:
    monkeypatch.setenv("POWERTOOLS_METRICS_NAMESPACE", "Divescore")
    monkeypatch.setenv("POWERTOOLS_SERVICE_NAME", "worker")
    return lambda: [json.loads(line) for line in capsys.readouterr().out.splitlines()]


def test_a_count_is_by_service(lines: Any) -> None:
    LoggedMeter().count("Scored")
    (line,) = lines()
    (declared,) = line["_aws"]["CloudWatchMetrics"]
    assert declared == {
        "Namespace": "Divescore",
        "Dimensions": [["service"]],
        "Metrics": [{"Name": "Scored", "Unit": "Count"}],
    }
    assert (line["service"], line["Scored"]) == ("worker", [1.0])


def test_dimensions_join_the_service(lines: Any) -> None:
    LoggedMeter().count("Rejected", code="TOO_LONG")
    LoggedMeter().seconds("StageSeconds", 0.25, stage="decode")
    rejected, stage = lines()
    assert set(rejected["_aws"]["CloudWatchMetrics"][0]["Dimensions"][0]) == {"service", "code"}
    assert rejected["code"] == "TOO_LONG"
    assert stage["_aws"]["CloudWatchMetrics"][0]["Metrics"] == [{"Name": "StageSeconds", "Unit": "Seconds"}]
    assert (stage["stage"], stage["StageSeconds"]) == ("decode", [0.25])


def test_nobody_has_to_measure(lines: Any) -> None:
    SILENT.count("Scored")
    SILENT.seconds("QueueAge", 1.0)
    assert lines() == []
