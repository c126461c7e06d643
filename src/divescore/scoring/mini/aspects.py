"""Why a dive got its points: what lost some, when what happened, what was measured."""

import numpy as np

from divescore.difficulty import HEIGHTS
from divescore.judging import MAX_EXECUTION
from divescore.result import Aspects, Flaw, Measure, Phase
from divescore.scoring.mini.calibration import Calibration, measured
from divescore.scoring.mini.sight import Sight
from divescore.scoring.mini.temporal import FLAWS

_SMALLEST = 0.05
"""Points below which a flaw is not worth a word."""
_TAKING_OFF, _ENTERING = 0.3, 0.5
"""Seconds before the flight and after it."""
_SURE = 2.0
"""Errors by which a height must be nearer than the next one."""


def aspects_of(
    sight: Sight, evidence: float, execution: float, calibration: Calibration, start: float, end: float
) -> Aspects:
    """What to tell of a clip from `start` to `end` seconds; `execution` is the network's own, in points.

    The flaws' points are those of the network's own estimate, weighted by the evidence: what real dives lose besides
    is `unseen`, which whoever knows the prior adds.
    """
    amounts = sight.flaws * sight.deductions.clip(0.0)
    lost = max(MAX_EXECUTION - execution, 0.0) * evidence
    points = lost * amounts / max(float(amounts.sum()), 1e-6)
    flaws = [
        Flaw(
            name=name,
            points=round(float(taken), 2),
            at=round(_moment(name, sight), 2),
            sureness=round(evidence * reliability, 4),
        )
        for name, taken, reliability in zip(FLAWS, points, calibration.reliability, strict=True)
        if taken >= _SMALLEST
    ]
    flaws.sort(key=lambda flaw: flaw.points, reverse=True)
    return Aspects(flaws=flaws, phases=_phases(sight, start, end), measures=_measures(sight, evidence, calibration))


def seen_height(sight: Sight, calibration: Calibration, evidence: float) -> float | None:
    """Metres above the water, where the flight tells one of the usual heights from the others; else None."""
    if evidence < 0.5:
        return None
    metres = measured(sight, calibration.height)
    nearest, second = sorted(HEIGHTS, key=lambda height: abs(height - metres))[:2]
    margin = abs(second - metres) - abs(nearest - metres)
    return nearest if margin > _SURE * calibration.height.error else None


def _moment(name: str, sight: Sight) -> float:
    """When a flaw shows best, seconds."""
    flight, turns = sight.flight, sight.turns
    inside = (flight.times >= turns.take_off) & (flight.times <= turns.entry) & (flight.trust > 0.0)
    match name:
        case "angle" | "splash":
            return turns.entry
        case "height" | "distance":
            return turns.take_off
        case "legs" | "shape" if inside.any():
            bend = np.where(inside, flight.knee if name == "legs" else flight.hip, -1.0)
            return float(flight.times[int(bend.argmax())])
        case _:
            return 0.5 * (turns.take_off + turns.entry)


def _phases(sight: Sight, start: float, end: float) -> list[Phase]:
    take_off, entry = sight.turns.take_off, sight.turns.entry
    standing = max(take_off - _TAKING_OFF, start)
    under = min(entry + _ENTERING, max(end, entry))
    return [
        Phase(name="approach", start=round(start, 3), end=round(standing, 3)),
        Phase(name="take-off", start=round(standing, 3), end=round(take_off, 3)),
        Phase(name="flight", start=round(take_off, 3), end=round(entry, 3)),
        Phase(name="entry", start=round(entry, 3), end=round(under, 3)),
    ]


def _measures(sight: Sight, evidence: float, calibration: Calibration) -> list[Measure]:
    # A film that is little like what was calibrated on is measured worse.
    wider = 1.0 / max(evidence, 0.1)
    return [
        Measure(
            name=scaling.name,
            value=round(max(measured(sight, scaling), 0.0), 3),
            unit=scaling.unit,
            error=round(scaling.error * wider, 3),
        )
        for scaling in calibration.measures
    ]
