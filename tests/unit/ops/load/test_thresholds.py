"""Requirements: what can be asked for, how it is judged, and what is said of what cannot be."""

from typing import Any

import pytest

from divescore.ops.load.errors import InvalidOptions
from divescore.ops.load.thresholds import judge, parse_thresholds

REPORT: dict[str, Any] = {
    "lost": 0,
    "duplicates": 3,
    "throughput": 12.5,
    "lag": {"n": 2, "p99": 0.004},
    "latency": {
        "pushed": {"n": 9, "p99": 1.9, "p99.9": 2.4, "max": 2.5},
        "started": {"n": 9, "p95": 0.4},
        "upload": {"n": 0},
    },
}


@pytest.mark.parametrize(
    ("text", "met"),
    [
        ("p99=2s", True),
        ("p99=1.9s", True),
        ("p99=1899ms", False),
        ("p99.9=2s", False),
        ("pushed.p99.9=3s", True),
        ("max=0.05min", True),
        ("started.p95=400ms", True),
        ("started.p95=.3s", False),
        ("lag.p99=5ms", True),
        ("lost=0", True),
        ("duplicates=2", False),
        ("throughput=12.5", True),
        ("throughput=13/s", False),
        ("upload.p50=1min", False),  # nothing was measured
        ("admitted.p50=1min", False),  # no such stage in this run
    ],
)
def test_a_requirement_is_judged(text: str, met: bool) -> None:
    (verdict,) = judge(REPORT, parse_thresholds(text))
    assert verdict["met"] is met
    assert verdict["require"] == text


def test_several_are_parted_by_commas() -> None:
    verdicts = judge(REPORT, parse_thresholds(" p99=2s, lost=0,duplicates = 3 ,"))
    assert [verdict["met"] for verdict in verdicts] == [True, True, True]
    assert parse_thresholds("") == []


def test_what_was_not_measured_is_told_as_nothing() -> None:
    (verdict,) = judge(REPORT, parse_thresholds("upload.p50=1min"))
    assert verdict["actual"] is None


@pytest.mark.parametrize(
    "text",
    [
        "p99",
        "p98=1s",
        "speed=1",
        "p99=2",
        "p99=-1s",
        "p99=1h",
        "lost=1s",
        "lost=none",
        "landed.p99=1s",
        "throughput=1ms",
    ],
)
def test_what_cannot_be_required_is_said(text: str) -> None:
    with pytest.raises(InvalidOptions, match=r"is not a|is nothing that"):
        parse_thresholds(text)
