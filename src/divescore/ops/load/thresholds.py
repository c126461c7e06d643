"""`--require p99=2s,lost=0`: what a report must hold for the run to count as passed. Pure."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from divescore.ops.load.errors import Misused
from divescore.ops.load.percentiles import QUANTILES

STAGES = ("upload", "sent", "admitted", "started", "scored", "pushed")
FIGURES = (*QUANTILES, "mean", "min", "max")
COUNTS = (
    *("lost", "duplicates", "out_of_order", "late", "missed", "scored_twice"),
    *("failed", "rejected", "cancelled", "dropped", "unsent", "refused"),
)
AT_LEAST = ("throughput", "scored", "sent")
UNITS = {"ms": 0.001, "s": 1.0, "min": 60.0}


@dataclass(frozen=True)
class Threshold:
    """One requirement: the figure at `path` of the report is at most `limit`, or with `at_least` at least that."""

    text: str
    path: tuple[str, ...]
    limit: float
    at_least: bool = False


@dataclass(frozen=True)
class Verdict:
    """Whether a requirement is met; `actual` is None when the report has no such figure, which fails it."""

    threshold: Threshold
    actual: float | None

    @property
    def met(self) -> bool:
        """Whether the run passed in this."""
        if self.actual is None:
            return False
        limit = self.threshold.limit
        return self.actual >= limit if self.threshold.at_least else self.actual <= limit

    def document(self) -> dict[str, Any]:
        """The verdict in the report."""
        return {
            "require": self.threshold.text,
            "limit": self.threshold.limit,
            "at_least": self.threshold.at_least,
            "actual": self.actual,
            "met": self.met,
        }


def parse_thresholds(text: str) -> list[Threshold]:
    """Requirements separated by commas. Raises Misused.

    `p99=2s`, `max=500ms`: latency of the push, by a percentile; `started.p95=1s` of another stage; `lag.p99=20ms` of
    the generator; `lost=0`: at most so many; `throughput=20`: at least so many a second.
    """
    return [_parse(part.strip()) for part in text.split(",") if part.strip()]


def judge(report: Mapping[str, Any], thresholds: list[Threshold]) -> list[Verdict]:
    """What became of each requirement."""
    return [Verdict(threshold, _look_up(report, threshold.path)) for threshold in thresholds]


def _look_up(report: Mapping[str, Any], path: tuple[str, ...]) -> float | None:
    value: Any = report
    for name in path:
        value = value.get(name) if isinstance(value, Mapping) else None
    return None if value is None else float(value)


def _parse(text: str) -> Threshold:
    name, mark, value = (part.strip() for part in text.partition("="))
    if not mark:
        raise Misused(f"{text!r} is not a requirement; write it like p99=2s or lost=0.")
    if name in AT_LEAST:
        return Threshold(text, (name,), _number(text, value, {"": 1.0, "/s": 1.0}), at_least=True)
    if name in COUNTS:
        return Threshold(text, (name,), _number(text, value, {"": 1.0}))
    stage, dot, figure = name.partition(".")
    # The dot of p99.9 does not part a stage from its figure.
    if not dot or stage not in (*STAGES, "lag"):
        stage, figure = "pushed", name
    if figure not in FIGURES:
        known = ", ".join((*COUNTS, *AT_LEAST, *FIGURES))
        raise Misused(f"{name!r} is nothing that a report holds; there are {known}, and a stage's, as in started.p95.")
    path = ("lag", figure) if stage == "lag" else ("latency", stage, figure)
    return Threshold(text, path, _number(text, value, UNITS))


def _number(text: str, value: str, units: Mapping[str, float]) -> float:
    found = re.fullmatch(r"(\d+(?:\.\d*)?|\.\d+) *([a-z/]*)", value)
    if found is None or found[2] not in units:
        wanted = " or ".join(f"{unit or 'no unit'}" for unit in units)
        raise Misused(f"{text!r}: {value!r} is not a number with its unit ({wanted}).")
    return float(found[1]) * units[found[2]]
