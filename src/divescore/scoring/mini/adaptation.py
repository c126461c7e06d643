"""The last layer anew, for the dives of one club: a linear estimate of the execution from what the network says."""

from dataclasses import replace
from typing import Annotated

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from divescore.judging import MAX_EXECUTION
from divescore.scoring.architectures import Prediction
from divescore.scoring.manifest import ManifestPart

_LEAST = 1e-3


class Adaptation(ManifestPart):
    """Execution = `intercept` + sum of `weights` x (output - `middle`) / `deviation`, in points, within 0..30."""

    intercept: float
    weights: tuple[float, ...]
    middle: tuple[float, ...]
    deviation: tuple[Annotated[float, Field(gt=0)], ...]
    spread: Annotated[float, Field(gt=0)]
    """Expected error, in points."""

    def execution(self, outputs: NDArray[np.float64]) -> float:
        """Points, of outputs [N] as `outputs_of` gives them."""
        scaled = (outputs - np.array(self.middle)) / np.array(self.deviation)
        return float(np.clip(self.intercept + scaled @ np.array(self.weights), 0.0, MAX_EXECUTION))

    def adapted(self, prediction: Prediction) -> Prediction:
        """The prediction with the club's estimate, which stands alone: other dives' prior is not the club's."""
        execution = self.execution(outputs_of(prediction.raw))
        shares = prediction.shares
        total = sum(shares)
        scale = execution / total if total > _LEAST else 0.0
        shares = tuple(scale * share if scale else execution / len(shares) for share in shares)
        evidence = None if prediction.evidence is None else 1.0
        return replace(prediction, shares=shares, spread=self.spread, evidence=evidence)


def outputs_of(raw: dict[str, object]) -> NDArray[np.float64]:
    """What the estimate is made from, of raw outputs: execution, flaws by name, spread and difficulty."""
    flaws = raw["flaws"]
    if not isinstance(flaws, dict):
        raise TypeError("A prediction without flaws cannot be adapted.")
    named = [raw["execution"], *(flaws[name] for name in sorted(flaws)), raw["logSpread"], raw["difficulty"]]
    return np.array(named, dtype=np.float64)
