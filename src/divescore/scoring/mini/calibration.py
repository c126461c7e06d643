"""What a manifest knows beside the weights: how evidence, names and measures follow from what was seen."""

from typing import Annotated

import numpy as np
from pydantic import Field

from divescore.scoring.manifest import ManifestPart
from divescore.scoring.mini.evidence import SIGNS, EvidenceScaling, distance_of, evidence_at
from divescore.scoring.mini.flight import Values
from divescore.scoring.mini.sight import Sight

_FARTHEST, _WIDEST = 5.0, 0.2
"""Distance beyond the common one, and spread, that growing ends at."""


class MeasureScaling(ManifestPart):
    """A measure as a weighted sum of `inputs_of`."""

    name: str
    unit: str
    weights: tuple[float, ...]
    error: Annotated[float, Field(ge=0)]
    """Expected deviation from the truth on dives well seen."""


class Calibration(ManifestPart):
    """Fitted on clips that no training saw, by `divescore.lab.training.calibrate`."""

    evidence: EvidenceScaling
    spread_growth: Annotated[float, Field(ge=0)]
    """How much the network errs more by distance: the spread grows as its exponential."""
    turns_weight: Annotated[float, Field(ge=0)]
    """Of the turns that were counted, beside the class heads."""
    reliability: tuple[float, ...]
    """Of each flaw: 1 is always seen as large as it is, 0 no better than a guess."""
    measures: tuple[MeasureScaling, ...]
    height: MeasureScaling
    """Of the platform."""

    def fits(self) -> bool:
        """Whether it was fitted to the signs that this code looks at."""
        return self.evidence.signs == SIGNS

    def distance(self, sight: Sight) -> float:
        """How far a clip is from those that the network knows."""
        return distance_of(sight.signs, sight.execution, self.evidence)

    def weight(self, sight: Sight) -> float:
        """The evidence, 0..1."""
        return evidence_at(self.distance(sight), self.evidence)

    def spread(self, sight: Sight) -> float:
        """The network's expected error, in units of the whole scale, with what distance adds."""
        own = float(np.exp(float(sight.outputs.log_spread[0])))
        farther = min(max(self.distance(sight) - 1.0, 0.0), _FARTHEST)
        return max(own, min(own * float(np.exp(self.spread_growth * farther)), _WIDEST))


def inputs_of(sight: Sight) -> Values:
    """What measures are made of: [1 + len(OVERALL) + len(FLAWS) + 4]."""
    seconds = sight.turns.entry - sight.turns.take_off
    moments = [seconds, seconds**2, sight.turns.rate, sight.flight.seconds]
    return np.concatenate(([1.0], sight.overall, sight.flaws, moments))


def measured(sight: Sight, scaling: MeasureScaling) -> float:
    """The value of a measure."""
    return float(np.dot(scaling.weights, inputs_of(sight)))
