"""Service times as they were measured: the documents of `divescore bench --json` and `divescore load --json`."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from divescore.lab.capacity.times import Quantiles
from divescore.ops.load.percentiles import percentile

SHIPPED = Path(__file__).with_name("measured.json")


class MeasurementInvalid(Exception):
    """A file that holds no measurement of ours; its text says why."""


@dataclass(frozen=True)
class Work:
    """Seconds that a worker spends on one dive, as measured: to fetch, decode, score it, and on everything around."""

    download: float = 0.005
    decode: float = 0.08
    infer: float = 0.03
    around: float = 0.03

    @property
    def total(self) -> float:
        """The whole attempt."""
        return self.download + self.decode + self.infer + self.around


@dataclass(frozen=True)
class Measurement:
    """What a worker takes for a dive, in seconds, on a machine at low load. `source` says which."""

    work: Work
    worker: Quantiles  # claimed until the score was written
    source: str


def read_measurement(path: Path = SHIPPED) -> Measurement:
    """The stages of one dive out of a bench's document, or the whole attempts of a load test's.

    A flood's attempts compete with each other for the machine, so they are longer than those of a bench. Raises
    MeasurementInvalid.
    """
    document = read_document(path)
    try:
        if isinstance(document.get("stages"), dict):
            return _of_bench(document["stages"], str(document.get("machine", path.name)))
        return _of_flood(document.get("flood", document), f"a flood, {path.name}")
    except (KeyError, TypeError, ValueError) as error:
        raise MeasurementInvalid(f"{path} lacks the times of a dive: {error}") from error


def read_document(path: Path) -> Mapping[str, Any]:
    """The JSON object in a file. Raises MeasurementInvalid."""
    try:
        document = json.loads(path.read_text())
    except (OSError, ValueError) as error:
        raise MeasurementInvalid(f"{path} cannot be read: {error}") from error
    if not isinstance(document, dict):
        raise MeasurementInvalid(f"{path} is not a measurement: it is no JSON object.")
    return document


def _of_bench(stages: Mapping[str, Any], source: str) -> Measurement:
    work = Work(*(float(stages[name]["median"]) for name in ("download", "decode", "infer", "write")))
    worker = stages.get("worker", dict.fromkeys(("min", "median", "p90", "p99", "max"), work.total))
    shares = {0.0: "min", 0.5: "median", 0.9: "p90", 0.99: "p99", 1.0: "max"}
    return Measurement(work, Quantiles([(share, float(worker[name])) for share, name in shares.items()]), source)


def _of_flood(flood: Mapping[str, Any], source: str) -> Measurement:
    samples = zip(flood["samples"]["claimed"], flood["samples"]["scored"], strict=True)
    attempts = sorted(float(end) - float(begin) for begin, end in samples if begin is not None and end is not None)
    points = [(share, percentile(attempts, share)) for share in (0.0, 0.5, 0.9, 0.99, 1.0)]
    return Measurement(Work(0.0, 0.0, 0.0, percentile(attempts, 0.5)), Quantiles(points), source)
