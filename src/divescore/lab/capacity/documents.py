"""What is read from JSON files: service times as they were measured, and what AWS asks.

A measurement is a document of `divescore bench --json` or `divescore load --json`. A table of prices is US dollars in
one Region, first volume tier, without free tiers and discounts: `prices.json` holds US East (N. Virginia), gathered in
November 2026 from AWS's pricing pages and reports about them. Its `poller_hour` is not published in a form that could
be read; it is the one figure that is a guess. Of names that need a word: `lambda_storage_gb_second` is beyond 512 MB of
/tmp; `sqs_fair_request` comes besides, for messages with a group on a standard queue; a `socket_message` has up to
32 KB.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any

import numpy as np

from divescore.ops.load.percentiles import percentile

MEASURED = Path(__file__).with_name("measured.json")
PRICES = Path(__file__).with_name("prices.json")
SHARES = {"min": 0.0, "median": 0.5, "p90": 0.9, "p99": 0.99, "max": 1.0}
Prices = Mapping[str, float]
"""Dollars by what they are asked for."""


class DocumentInvalid(Exception):
    """A file that holds no measurement or no table of prices; its text says why."""


@dataclass(frozen=True)
class Quantiles:
    """Seconds of a few quantiles, and evenly between neighbours: `points` are (share of all, seconds), from 0 to 1."""

    points: Sequence[tuple[float, float]]
    scale: float = 1.0  # all of them take so many times longer

    @property
    def mean(self) -> float:
        """What it takes on average."""
        shares, seconds = zip(*self.points, strict=True)
        return float(np.trapezoid(seconds, shares)) * self.scale

    def draw(self, chance: Random) -> float:
        """What it takes this time."""
        shares, seconds = zip(*self.points, strict=True)
        return float(np.interp(chance.random(), shares, seconds)) * self.scale


@dataclass(frozen=True)
class Measurement:
    """Seconds that a worker takes for a dive on a machine at low load: its stages, and all attempts together."""

    download: float
    decode: float
    infer: float
    around: float  # everything else
    worker: Quantiles  # claimed until the score was written
    source: str  # which machine


def read_document(path: Path) -> Mapping[str, Any]:
    """The JSON object in a file. Raises DocumentInvalid."""
    try:
        document = json.loads(path.read_text())
    except (OSError, ValueError) as error:
        raise DocumentInvalid(f"{path} cannot be read: {error}") from error
    if not isinstance(document, dict):
        raise DocumentInvalid(f"{path} is of no use: it is no JSON object.")
    return document


def read_measurement(path: Path = MEASURED) -> Measurement:
    """The stages of one dive out of a bench's document, or the whole attempts of a load test's.

    A flood's attempts compete with each other for the machine, so they are longer than those of a bench. Raises
    DocumentInvalid.
    """
    document = read_document(path)
    try:
        if isinstance(stages := document.get("stages"), dict):
            names = ("download", "decode", "infer", "write")
            download, decode, infer, around = (float(stages[name]["median"]) for name in names)
            worker = stages.get("worker", dict.fromkeys(SHARES, download + decode + infer + around))
            source = str(document.get("machine", path.name))
        else:
            samples = document.get("flood", document)["samples"]
            pairs = zip(samples["claimed"], samples["scored"], strict=True)
            attempts = sorted(float(end) - float(begin) for begin, end in pairs if None not in (begin, end))
            worker = {name: percentile(attempts, share) for name, share in SHARES.items()}
            download, decode, infer, around = 0.0, 0.0, 0.0, worker["median"]
            source = f"a flood, {path.name}"
        points = [(share, float(worker[name])) for name, share in SHARES.items()]
    except (KeyError, TypeError, ValueError) as error:
        raise DocumentInvalid(f"{path} lacks the times of a dive: {error}") from error
    return Measurement(download, decode, infer, around, Quantiles(points), source)


def read_prices(path: Path = PRICES) -> Prices:
    """The table in a JSON file; what it does not name is as shipped. Raises DocumentInvalid."""
    usual, table = read_document(PRICES), read_document(path)
    if unknown := sorted(set(table) - set(usual)):
        raise DocumentInvalid(f"{path} names prices that do not exist: {', '.join(unknown)}.")
    asked = {name: price for name, price in table.items() if name != "region"}
    if wrong := sorted(name for name, price in asked.items() if not isinstance(price, int | float) or price < 0):
        raise DocumentInvalid(f"{path}: {', '.join(wrong)} must be a number of dollars, not below zero.")
    return {**usual, **table}
