"""How near a film is to what the network knows: signs of clear sight, their distance to those of films it was taught.

The signs are such as do not need the truth: is a direction as long as it must be, do trunk, line and joints agree, are
the features as lively as those it was taught. Their distance is Mahalanobis's, which counts each direction in its own
spread. How good the dive is must not count, so that what the signs owe to the estimated execution is taken off first;
how well one turn explains the leans is no sign, since it owes too much to it.
"""

from typing import Annotated

import numpy as np
from numpy.typing import NDArray
from pydantic import Field
from torch import Tensor

from divescore.scoring.manifest import ManifestPart
from divescore.scoring.mini.flight import Flight, Values
from divescore.scoring.mini.localisation import FLIGHT
from divescore.scoring.mini.pose import FramePose
from divescore.scoring.mini.temporal import Outputs

SIGNS = (
    "lean length",
    "line length",
    "lean and line",
    "lean and joints",
    "trunk changes",
    "phases",
    "flight seconds",
    "present",
    "water seen",
    "grown",
    "off centre",
    "activity",
    "far activity",
    "spread",
)
"""Names of the signs, in order."""
_EVENLY = 1e-3
_STRANGEST = 2.5
"""Deviation beyond which a sign says no more: one that leaps is one sign of many."""


class EvidenceScaling(ManifestPart):
    """How signs become the evidence; fitted by `divescore.lab.training.calibrate`."""

    signs: tuple[str, ...]
    """What was fitted; another order or other names make the weights unfit."""
    level: tuple[tuple[float, float, float], ...]
    """Of each sign: what a dive well seen has, as a polynomial of the seen execution, 0..1."""
    whitening: tuple[tuple[float, ...], ...]
    """To uncorrelated deviations of size 1: [signs, signs]."""
    middle: float
    """Distance at which the network weighs as much as the prior."""
    width: Annotated[float, Field(gt=0)]
    """How much farther away evidence falls by a factor of e."""
    most: Annotated[float, Field(ge=0, le=1)]
    """Evidence of a film as near as can be."""


def signs_of(pose: FramePose, flight: Flight, outputs: Outputs) -> Values:
    """The signs of clear sight in the frames of one clip, [len(SIGNS)]."""
    where = pose.localisation
    phases = where.phase.softmax(dim=1)
    # By how likely a frame shows the flight, not by where that begins: a frame more or less must not matter.
    looked = _values(pose.estimated) * _values(phases[:, FLIGHT])
    joints = _values(pose.joints)
    trunk = joints[:, 1] - joints[:, 2]
    size = np.linalg.norm(trunk, axis=1)
    lean, line = _values(pose.lean), _values(pose.line)
    twice = np.stack((np.sin(2.0 * flight.lean), np.cos(2.0 * flight.lean)), axis=1)
    drawn = np.stack((np.sin(flight.lean), -np.cos(flight.lean)), axis=1)
    logarithm = np.log(size + 1e-2)
    found = {
        "lean length": _mean(np.linalg.norm(lean, axis=1), looked),
        "line length": _mean(np.linalg.norm(line, axis=1), looked),
        "lean and line": _mean((line * twice).sum(axis=1), looked),
        "lean and joints": _mean((trunk * drawn).sum(axis=1) / (size + 1e-2), looked),
        "trunk changes": np.sqrt(_mean((logarithm - _mean(logarithm, looked)) ** 2, looked)),
        "phases": flight.certainty,
        "flight seconds": float(np.log(_seconds(_values(phases[:, FLIGHT]), flight.times) + 0.05)),
        "present": _mean(_values(where.present.sigmoid()), looked),
        "water seen": _mean(_values(where.water_seen.sigmoid()), _values(phases[:, 3])),
        "grown": _mean(_values(pose.grown), looked),
        "off centre": _mean(np.linalg.norm(_values(pose.centre), axis=1), looked),
        "activity": float(np.log(_mean(_values(pose.features).clip(0.0).mean(axis=1), looked) + 1e-3)),
        "far activity": float(np.log(_values(where.features).clip(0.0).mean() + 1e-3)),
        "spread": float(outputs.log_spread[0]),
    }
    return np.array([found[name] for name in SIGNS])


def distance_of(signs: Values, execution: float, scaling: EvidenceScaling) -> float:
    """How far signs are from those of dives well seen; about 1 for these. `execution` is the network's, 0..1."""
    level = np.array(scaling.level) @ np.array([1.0, execution, execution**2])
    deviations = (np.array(scaling.whitening) @ (signs - level)).clip(-_STRANGEST, _STRANGEST)
    return float(np.sqrt((deviations**2).mean()))


def evidence_at(distance: float, scaling: EvidenceScaling) -> float:
    """Weight of the network at a distance, 0..1."""
    return float(scaling.most / (1.0 + np.exp(np.clip((distance - scaling.middle) / scaling.width, -50.0, 50.0))))


def _seconds(shares: Values, times: Values) -> float:
    """How long something lasts of which each frame shows so much; unlike the time between two frames it never leaps."""
    return float((shares * np.gradient(times)).sum()) if len(times) > 1 else 0.0


def _mean(values: NDArray[np.float64], weights: NDArray[np.float64]) -> float:
    return float((weights * values).sum() / (weights.sum() + _EVENLY))


def _values(tensor: Tensor) -> Values:
    return np.asarray(tensor.detach().float().cpu().numpy(), dtype=np.float64)
