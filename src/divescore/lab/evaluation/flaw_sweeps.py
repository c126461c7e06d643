"""Each flaw alone, from none to gross, over several divers: does the predicted execution follow it down?"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from divescore.lab.datasets.dataset import ClipShape, decode_frame
from divescore.lab.datasets.rendered import Clip, clip_of
from divescore.lab.evaluation.figures import rank_correlation
from divescore.lab.evaluation.predictions import estimate_of, sight_of
from divescore.lab.progress import OnProgress
from divescore.lab.rendering.dive import RenderedDive
from divescore.lab.rendering.flaws import Flaws
from divescore.lab.rendering.random_dives import random_dive, random_height
from divescore.scoring.manifest import IntervalScaling
from divescore.scoring.mini.calibration import Calibration
from divescore.scoring.mini.network import MiniNetwork
from divescore.scoring.mini.preprocessing import Preprocessing
from divescore.scoring.mini.temporal import FLAWS

_STEPS = 9
_ANY = IntervalScaling(level=0.9, factor=1.0, difficulty_margin=0.0)
"""The interval does not matter here."""


@dataclass(frozen=True)
class FlawSweep:
    """Predicted execution, in points, by the amount of one flaw: arrays of the same length."""

    amounts: NDArray[np.float64]
    mean: NDArray[np.float64]
    low: NDArray[np.float64]
    high: NDArray[np.float64]
    """A tenth of the divers each lie under `low` and over `high`."""
    correlation: float
    """Spearman's rank correlation between the amount and the execution, the mean over the divers."""


def sweep_flaws(
    network: MiniNetwork,
    preprocessing: Preprocessing,
    scale: float,
    first: int,
    divers: int,
    on_progress: OnProgress,
    calibration: Calibration | None = None,
) -> dict[str, FlawSweep]:
    """Sweep every flaw over `divers` dives of the seeds from `first` on; all else about a dive stays as it is."""
    amounts = np.linspace(0.0, 1.0, _STEPS)
    shape = ClipShape.of(preprocessing)
    total = len(FLAWS) * divers
    sweeps = {}
    for index, flaw in enumerate(FLAWS):
        executions = np.empty((divers, _STEPS))
        for diver in range(divers):
            for step, amount in enumerate(amounts):
                clip = _clip(first + diver, Flaws(**{flaw: float(amount)}), shape)
                executions[diver, step] = _execution(network, clip, preprocessing, scale, calibration)
            done = index * divers + diver + 1
            on_progress("sweeping flaws", done / total, f"{done} of {total}")
        correlation = float(np.mean([rank_correlation(amounts, row) for row in executions]))
        low, high = np.quantile(executions, [0.1, 0.9], axis=0)
        sweeps[flaw] = FlawSweep(amounts, executions.mean(axis=0), low, high, correlation)
    return sweeps


def _clip(seed: int, flaws: Flaws, shape: ClipShape) -> Clip:
    rng = np.random.default_rng([seed, 0])
    dive = random_dive(rng)
    film = RenderedDive(dive, flaws, random_height(rng, dive), seed)
    return clip_of(film, np.random.default_rng([seed, 3]), shape)


def _execution(
    network: MiniNetwork, clip: Clip, preprocessing: Preprocessing, scale: float, calibration: Calibration | None
) -> float:
    """The posterior's where there is a calibration, else the network's own."""
    pictures = np.stack([decode_frame(frame) for frame in clip.frames])
    sight = sight_of(network, pictures, clip.aspect, clip.seconds, preprocessing)
    return estimate_of(sight, scale, calibration, _ANY).middle
