"""Each flaw alone, from none to gross, over several divers: does the predicted execution follow it down?"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch

from divescore.lab.datasets.rendered import Clip, Shape, film_clip, read_frame
from divescore.lab.evaluation.agreement import rank_correlation
from divescore.lab.evaluation.plots import Sweep
from divescore.lab.rendering.dive import RenderedDive
from divescore.lab.rendering.flaws import Flaws
from divescore.lab.rendering.random_dives import draw_dive, draw_height
from divescore.scoring.mini.network import MiniNetwork
from divescore.scoring.mini.preprocessing import Preprocessing
from divescore.scoring.mini.temporal import FLAWS, Outputs

_STEPS = 9


@dataclass(frozen=True)
class Swept:
    """What a sweep of one flaw gave."""

    sweep: Sweep
    correlation: float
    """Spearman's rank correlation between the amount and the execution, the mean over the divers."""


def sweep_flaws(
    network: MiniNetwork,
    preprocessing: Preprocessing,
    scale: float,
    first: int,
    divers: int,
    on_progress: Callable[[int, int], None],
) -> dict[str, Swept]:
    """Sweep every flaw over `divers` dives of the seeds from `first` on; all else about a dive stays as it is."""
    amounts = np.linspace(0.0, 1.0, _STEPS)
    shape = Shape(preprocessing.frames, preprocessing.width, preprocessing.height)
    result = {}
    for index, flaw in enumerate(FLAWS):
        executions = np.empty((divers, _STEPS))
        for diver in range(divers):
            seed = first + diver
            for step, amount in enumerate(amounts):
                clip = _clip(seed, Flaws(**{flaw: float(amount)}), shape)
                executions[diver, step] = scale * _execution(network, clip, preprocessing)
            on_progress(index * divers + diver + 1, len(FLAWS) * divers)
        correlations = [rank_correlation(amounts, row) for row in executions]
        low, high = np.quantile(executions, [0.1, 0.9], axis=0)
        result[flaw] = Swept(Sweep(amounts, executions.mean(axis=0), low, high), float(np.mean(correlations)))
    return result


def _clip(seed: int, flaws: Flaws, shape: Shape) -> Clip:
    rng = np.random.default_rng([seed, 0])
    dive = draw_dive(rng)
    film = RenderedDive(dive, flaws, draw_height(rng, dive), seed)
    return film_clip(film, np.random.default_rng([seed, 3]), shape)


def _execution(network: MiniNetwork, clip: Clip, preprocessing: Preprocessing) -> float:
    pictures = np.stack([read_frame(np.frombuffer(frame, dtype=np.uint8)) for frame in clip.frames])
    aspects, seconds = torch.tensor([clip.aspect]), torch.tensor([clip.seconds])
    with torch.inference_mode():
        outputs: Outputs = network(torch.from_numpy(pictures)[None], aspects, seconds, preprocessing)
    return float(outputs.execution[0])
