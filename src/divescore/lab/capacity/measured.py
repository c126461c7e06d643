"""Service times as they were measured: the documents of `divescore bench --json` and `divescore load --json`."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from divescore.lab.capacity.times import Measured, Quantiles, Times
from divescore.lab.capacity.workload import Work

UNMEASURED_GAP = 0.035  # seconds; the local system's at low load
SHIPPED = Path(__file__).with_name("measured.json")


class MeasurementInvalid(Exception):
    """A file that holds no measurement of ours; its text says why."""


@dataclass(frozen=True)
class Measurement:
    """What a worker takes for a dive, in seconds, on a machine at low load. `source` says which."""

    work: Work
    worker: Times  # claimed until the score was written
    source: str


@dataclass(frozen=True)
class Flood:
    """A real flood, in seconds from its beginning, one entry per dive in the order of their arrivals.

    `drain`: from the first arrival until the last score was written. `direct`: the dives arrived on the scoring queue
    itself.
    """

    arrived: Sequence[float]
    claimed: Sequence[float]
    scored: Sequence[float]
    drain: float
    workers: int
    direct: bool

    @property
    def service(self) -> Measured:
        """What the workers took, claimed until scored."""
        return Measured([there - here for here, there in zip(self.claimed, self.scored, strict=True)])

    @property
    def gap(self) -> Measured:
        """From a worker's score to its next claim, while dives were waiting."""
        gaps, _ = slots(self.arrived, self.claimed, self.scored, self.workers)
        return Measured(gaps or [UNMEASURED_GAP])

    @property
    def starts(self) -> list[float]:
        """What each worker took before its first claim, beyond the usual gap: its start, if it did not run yet."""
        gaps, firsts = slots(self.arrived, self.claimed, self.scored, self.workers)
        usual = sum(gaps) / len(gaps) if gaps else UNMEASURED_GAP
        return [max(0.0, first - usual) for first in firsts]


def read_measurement(path: Path = SHIPPED) -> Measurement:
    """The stages of one dive out of a bench's document, or the whole attempts of a load test's.

    A flood's attempts compete with each other for the machine, so they are longer than those of a bench. Raises
    MeasurementInvalid.
    """
    document = _load(path)
    stages = document.get("stages")
    if not isinstance(stages, dict):
        values = sorted(read_flood(path).service.values)
        points = [
            (share, values[min(len(values) - 1, int(len(values) * share))]) for share in (0.0, 0.5, 0.9, 0.99, 1.0)
        ]
        return Measurement(Work(0.0, 0.0, 0.0, points[1][1]), Quantiles(points), f"a flood, {path.name}")
    try:
        medians = {name: float(stages[name]["median"]) for name in ("download", "decode", "infer", "write")}
        worker = stages.get("worker")
        if worker is None:
            points = [(0.0, sum(medians.values())), (1.0, sum(medians.values()))]
        else:
            points = [(0.0, float(worker["min"])), (0.5, float(worker["median"])), (0.9, float(worker["p90"]))]
            points += [(0.99, float(worker["p99"])), (1.0, float(worker["max"]))]
    except (KeyError, TypeError, ValueError) as error:
        raise MeasurementInvalid(f"{path} lacks a stage of a dive: {error}") from error
    work = Work(medians["download"], medians["decode"], medians["infer"], medians["write"])
    return Measurement(work, Quantiles(points), str(document.get("machine", path.name)))


def read_flood(path: Path) -> Flood:
    """The flood in a document of `bench` or `load`; dives that got no score count for nothing.

    Raises MeasurementInvalid.
    """
    document = _load(path)
    flood = document.get("flood", document)
    samples = flood.get("samples") if isinstance(flood, dict) else None
    if not isinstance(samples, dict):
        raise MeasurementInvalid(f"{path} holds no flood: it has no `samples`.")
    try:
        columns = [samples[name] for name in ("sent", "claimed", "scored")]
        rows = [tuple(map(float, row)) for row in zip(*columns, strict=True) if None not in row]
        workers = flood["workers"]
        if isinstance(workers, dict):
            workers = workers["configured"] or workers["most_at_once"]
        drain, workers = float(flood["drain"]), int(workers)
    except (KeyError, TypeError, ValueError) as error:
        raise MeasurementInvalid(f"{path} is not a flood that ended well: {error}") from error
    if not rows:
        raise MeasurementInvalid(f"{path} tells of no dive when it was sent, claimed and scored.")
    arrived, claimed, scored = (tuple(column) for column in zip(*sorted(rows), strict=True))
    provenance = flood.get("provenance", flood)
    direct = isinstance(provenance, dict) and provenance.get("via") == "queue"
    return Flood(arrived, claimed, scored, drain, workers, direct)


def slots(
    arrived: Sequence[float], claimed: Sequence[float], scored: Sequence[float], workers: int
) -> tuple[list[float], list[float]]:
    """Seconds between a worker's score and its next claim, where the dive had been waiting all the while; and each
    worker's seconds until its first claim, from when that dive arrived.

    Which worker took which dive is not told: each claim is laid on the worker that became free last before it, which
    leaves the sum over all as it is.
    """
    free: list[float] = []
    gaps, firsts = [], []
    for begin, end, came in sorted(zip(claimed, scored, arrived, strict=True)):
        able = [index for index, since in enumerate(free) if since <= begin]
        if not able and len(free) < workers:
            firsts.append(begin - came)
            free.append(end)
            continue
        # None is free when two clocks or a takeover disagree with the number of workers; the next to be free serves.
        slot = max(able or range(len(free)), key=lambda index: free[index] if able else -free[index])
        if came <= free[slot]:
            gaps.append(max(0.0, begin - free[slot]))
        free[slot] = end
    return gaps, firsts


def _load(path: Path) -> Mapping[str, Any]:
    try:
        document = json.loads(path.read_text())
    except (OSError, ValueError) as error:
        raise MeasurementInvalid(f"{path} cannot be read: {error}") from error
    if not isinstance(document, dict):
        raise MeasurementInvalid(f"{path} is not a measurement: it is no JSON object.")
    return document
