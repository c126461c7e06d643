"""What the charts of a report show."""

import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from divescore.ops.load.report_charts import COLUMNS, _place, _rate, _spectrum, charts, thinned

SAMPLES = st.lists(st.floats(1e-3, 1e6, allow_nan=False), min_size=1, max_size=300)
NONE: dict[str, Any] = {"latency": {"sent": {}, "pushed": {}}, "queue": []}


def report(jobs: int) -> dict[str, Any]:
    intended = [number / 10 for number in range(jobs)]
    later = [at + 0.5 + number % 7 / 10 for number, at in enumerate(intended)]
    samples = {"intended": intended, "sent": later, "scored": later, "arrived": later}
    return NONE | {"samples": samples, "queue": [{"at": 1.0, "waiting": 3, "in_flight": 2, "uploads": 0}] * 2}


def test_each_chart_is_drawn_or_empty() -> None:
    empty = charts(NONE | {"samples": {"intended": [0.0], "sent": [None], "scored": [None], "arrived": [None]}})
    drawn = charts(report(30))
    assert list(empty) == list(drawn)
    assert [title for title, drawing in empty.items() if drawing] == ["Jobs per second"]
    assert all(drawing.startswith("<svg ") and drawing.endswith("</svg>") for drawing in drawn.values())
    for words in ("90 %", "share of jobs", "waiting to be scored", "jobs as they were due", "per second"):
        assert words in "".join(drawn.values())


def test_lines_stay_within_the_frame() -> None:
    for drawing in charts(report(40)).values():
        width, height = map(float, re.search(r'viewBox="0 0 (\S+) (\S+)"', drawing).groups())  # type: ignore[union-attr]
        points = re.findall(r"[ML] (\S+) (\S+) ", drawing)
        assert len(points) > 20
        assert all(0 <= float(x) <= width and 0 <= float(y) <= height for x, y in points)


def test_many_jobs_are_no_large_file() -> None:
    assert sum(map(len, charts(report(20_000)).values())) < 200_000


@given(SAMPLES)
def test_a_spectrum_climbs_to_the_largest(samples: list[float]) -> None:
    points = _spectrum([(0.0, sample) for sample in samples])
    assert [seconds for _, seconds in points] == sorted(samples)
    assert points == sorted(points)
    assert points[-1][0] == pytest.approx(_place(1 - 0.5 / len(samples)))


def test_every_nine_of_the_spectrum_has_the_same_width() -> None:
    assert [_place(quantile) for quantile in (0.0, 0.9, 0.99, 0.999)] == pytest.approx([0, 1, 2, 3])


@given(st.lists(st.floats(-100, 100, allow_nan=False), min_size=1, max_size=3000))
def test_thinning_keeps_peaks_and_order(heights: list[float]) -> None:
    points = [(float(number), height) for number, height in enumerate(heights)]
    kept = thinned(points)
    assert len(kept) <= 2 * (COLUMNS + 1)
    assert kept == sorted(kept)
    assert set(kept) <= set(points)
    assert {min(heights), max(heights)} <= {height for _, height in kept}


def test_rates_are_stairs_over_windows_of_a_second_or_more() -> None:
    assert _rate([0.1, 0.2, None, 1.5]) == [(0, 2), (1, 2), (1, 1), (2, 1), (2, 0)]
    assert _rate([0.0, 119.0])[:2] == [(0, 0.5), (2, 0.5)]
    assert _rate([None]) == []
