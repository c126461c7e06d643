"""All that is known of one clip after the network has run, for the arithmetic that follows: evidence, name, aspects."""

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from divescore.scoring.mini.evidence import signs_of
from divescore.scoring.mini.features import OVERALL, assemble_features
from divescore.scoring.mini.flight import Flight, Values, see_flight
from divescore.scoring.mini.folds import positions_of
from divescore.scoring.mini.pose import FramePose
from divescore.scoring.mini.temporal import Outputs, TemporalModel
from divescore.scoring.mini.turns import Turns, count_turns


@dataclass(frozen=True)
class Sight:
    """What was made of one clip."""

    outputs: Outputs
    """Of a batch of one."""
    flight: Flight
    turns: Turns
    positions: Values
    """[len(POSITIONS)] see `folds`."""
    signs: Values
    """[len(SIGNS)] see `evidence`."""
    overall: Values
    """[len(OVERALL)] features that hold for the whole dive."""
    deductions: Values
    """[len(FLAWS)] what each flaw takes at its worst, a share of the execution."""

    @property
    def execution(self) -> float:
        """The network's own, 0..1."""
        return float(self.outputs.execution[0])

    @property
    def flaws(self) -> Values:
        """[len(FLAWS)] amounts, 0..1."""
        return _values(self.outputs.flaws[0])

    @property
    def classes(self) -> dict[str, Values]:
        """Probabilities by head."""
        return {name: _values(logits[0].softmax(dim=0)) for name, logits in self.outputs.classes.items()}


def see(
    pose: FramePose,
    skeletons: FramePose | None,
    temporal: TemporalModel,
    aspect: float,
    seconds: float,
    times: Values,
) -> Sight:
    """Read what is seen in a clip's frames, of which `times` [T] are the seconds; `aspect` is width by height.

    The flight is read off the `skeletons`, or off the pose where there are none.
    """
    with torch.inference_mode():
        features = assemble_features(pose, torch.tensor([aspect]), torch.tensor([seconds]))
        outputs: Outputs = temporal(features)
    # How clearly the network sees is told by what it scores by.
    flight = see_flight(pose, times)
    signs = signs_of(pose, flight, outputs)
    if skeletons is not None:
        flight = see_flight(skeletons, times, others_may_fly=True)
    turns = count_turns(flight)
    return Sight(
        outputs=outputs,
        flight=flight,
        turns=turns,
        positions=positions_of(flight, turns),
        signs=signs,
        overall=_values(features[0, 0, OVERALL.start : OVERALL.stop]),
        deductions=_values(temporal.deductions),
    )


def _values(tensor: Tensor) -> Values:
    return np.asarray(tensor.detach().float().cpu().numpy(), dtype=np.float64)
