"""`--require p99=2s,lost=0`: what a report must hold for the run to count as passed. Pure."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from divescore.ops.load.errors import InvalidOptions
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


def parse_thresholds(text: str) -> list[Threshold]:
    """Requirements separated by commas. Raises InvalidOptions.

    `p99=2s`, `max=500ms`: latency of the push, by a percentile; `started.p95=1s` of another stage; `lag.p99=20ms` of
    the generator; `lost=0`: at most so many; `throughput=20`: at least so many a second.
    """
    return [_parse(part.strip()) for part in text.split(",") if part.strip()]


def judge(report: Mapping[str, Any], thresholds: list[Threshold]) -> list[dict[str, Any]]:
    """`{require, limit, at_least, actual, met}` of each; `actual` None: the report has no such figure, so not met."""
    return [_judge(threshold, _look_up(report, threshold.path)) for threshold in thresholds]


def _judge(threshold: Threshold, actual: float | None) -> dict[str, Any]:
    met = actual is not None and (actual >= threshold.limit if threshold.at_least else actual <= threshold.limit)
    return {
        "require": threshold.text,
        "limit": threshold.limit,
        "at_least": threshold.at_least,
        "actual": actual,
        "met": met,
    }


def _look_up(report: Mapping[str, Any], path: tuple[str, ...]) -> float | None:
    value: Any = report
    for name in path:
        value = value.get(name) if isinstance(value, Mapping) else None
    return None if value is None else float(value)


def _parse(text: str) -> Threshold:
    name, mark, value = (part.strip() for part in text.partition("="))
    if not mark:
        raise InvalidOptions(f"{text!r} is not a requirement; write it like p99=2s or lost=0.")
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
        raise InvalidOptions(
            f"{name!r} is nothing that a report holds; there are {known}, and a stage's, as in started.p95."
        )
    path = ("lag", figure) if stage == "lag" else ("latency", stage, figure)
    return Threshold(text, path, _number(text, value, UNITS))


def _number(text: str, value: str, units: Mapping[str, float]) -> float:
    found = re.fullmatch(r"(\d+(?:\.\d*)?|\.\d+) *([a-z/]*)", value)
    if found is None or found[2] not in units:
        wanted = " or ".join(f"{unit or 'no unit'}" for unit in units)
        raise InvalidOptions(f"{text!r}: {value!r} is not a number with its unit ({wanted}).")
    return float(found[1]) * units[found[2]]
