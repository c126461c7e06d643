"""The charts of a report, as SVG for its page."""

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from matplotlib.axes import Axes

from divescore.ops.charts import drawn, inline_svg

# Where the report has each stage's moments, job by job.
SAMPLES = {
    "upload": "sent",
    "sent": "sent",
    "admitted": "admitted",
    "started": "claimed",
    "scored": "scored",
    "pushed": "arrived",
}
QUEUES = {"waiting": "waiting to be scored", "in_flight": "with a worker", "uploads": "uploads not yet looked at"}
# Quantiles that the axis of the spectrum names; every nine has the same width.
NINES = (0.0, 0.5, 0.9, 0.99, 0.999, 0.9999)
SHORTEST = 1e-4  # seconds; a logarithmic axis has no 0
SIZE = (9.0, 3.2)  # inches
COLUMNS = 600  # of a chart: about as many as a screen tells apart

Points = Sequence[tuple[float, float]]


def charts(report: Mapping[str, Any]) -> dict[str, str]:
    """By title, one SVG element each, or "" where nothing was measured."""
    samples = report["samples"]
    waits = {stage: _waits(samples["intended"], samples[SAMPLES[stage]]) for stage in report["latency"]}
    spectra = {stage: _spectrum(points) for stage, points in waits.items()}
    rates = {"intended": _rate(samples["intended"]), "scored": _rate(samples["scored"])}
    depths = {words: [(depth["at"], depth[name]) for depth in report["queue"]] for name, words in QUEUES.items()}
    pushed = {"pushed": waits["pushed"]}
    return dict(
        [
            _chart("Latency spectrum", spectra, "share of jobs", "seconds", _axis_of_nines),
            _chart("Jobs per second", rates, "seconds since the start", "per second"),
            _chart("Queue depth", depths, "seconds since the start", "messages"),
            _chart("Latency of the push, job by job", pushed, "jobs as they were due", "seconds"),
        ]
    )


def thinned(points: Points) -> Points:
    """The lowest and the highest point of each column, so that many points stay a small file and no peak is lost."""
    first, last = points[0][0], points[-1][0]
    columns: dict[int, list[int]] = {}
    for number, (x, _) in enumerate(points):
        columns.setdefault(int((x - first) / (last - first or 1.0) * COLUMNS), []).append(number)
    kept: list[int] = []
    for column in columns.values():
        heights = [points[number][1] for number in column]
        kept += sorted({column[heights.index(min(heights))], column[heights.index(max(heights))]})
    return [points[number] for number in kept]


def _from_zero(axes: Axes) -> None:
    axes.set_xlim(left=0)
    axes.set_ylim(bottom=0)


def _chart(
    title: str,
    lines: Mapping[str, Points],
    x_label: str,
    y_label: str,
    set_axes: Callable[[Axes], None] = _from_zero,
) -> tuple[str, str]:
    if not any(lines.values()):
        return title, ""
    with drawn(*SIZE) as figure:
        axes = figure.subplots()
        for name, points in lines.items():
            if points:
                axes.plot(*zip(*thinned(points), strict=True), label=name, linewidth=1.4)
        axes.set_xlabel(x_label)
        axes.set_ylabel(y_label)
        axes.margins(x=0)
        set_axes(axes)
        figure.legend(loc="outside upper left", ncols=len(lines))
        return title, inline_svg(figure, title)


def _axis_of_nines(axes: Axes) -> None:
    quantiles = [quantile for quantile in NINES if _place(quantile) <= axes.get_xlim()[1]]
    axes.set_xticks([_place(quantile) for quantile in quantiles], [f"{quantile * 100:g} %" for quantile in quantiles])
    axes.set_yscale("log")
    axes.yaxis.set_major_formatter("{x:g}")


def _spectrum(waits: Points) -> Points:
    """(place on the axis of nines, seconds) of each, in the middle of its own share of the jobs."""
    ordered = sorted(max(seconds, SHORTEST) for _, seconds in waits)
    return [(_place((rank + 0.5) / len(ordered)), seconds) for rank, seconds in enumerate(ordered)]


def _place(quantile: float) -> float:
    """The place of a quantile below 1 on an axis of nines: 90 % at 1, 99 % at 2."""
    return -math.log10(1 - quantile)


def _waits(intended: Sequence[float], ends: Sequence[float | None]) -> Points:
    """(number of the job, seconds from its intended start), for the jobs that got there."""
    pairs = enumerate(zip(intended, ends, strict=True))
    return [(float(number), end - start) for number, (start, end) in pairs if end is not None]


def _rate(moments: Sequence[float | None]) -> Points:
    """Stairs of how many per second, in windows of a sixtieth of the run and of a second at least."""
    known = [moment for moment in moments if moment is not None]
    if not known:
        return []
    window = max(1.0, math.ceil(max(known) / 60))
    counts = [0] * (int(max(known) // window) + 1)
    for moment in known:
        counts[max(0, int(moment // window))] += 1
    stairs = [(edge * window, count / window) for number, count in enumerate(counts) for edge in (number, number + 1)]
    return [*stairs, (len(counts) * window, 0.0)]
