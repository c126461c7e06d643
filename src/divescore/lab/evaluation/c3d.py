"""What C3D-AVG says of real dives, and how far it agrees with the judges."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from divescore.lab.datasets.c3d_clips import class_of, cropped, into_clips, normalised
from divescore.lab.datasets.mtlaqa import DIVE_FRAMES, LabelledDive, RealDives, read_frame
from divescore.lab.evaluation.calibration import conformal_factor
from divescore.lab.evaluation.figures import agreement
from divescore.lab.evaluation.networks import device_of
from divescore.lab.progress import OnProgress
from divescore.scoring.c3d.manifest import SCALE
from divescore.scoring.c3d.network import CLIP, C3dAvg, C3dOutputs


@dataclass(frozen=True)
class C3dPredictions:
    """What a network says of N dives, beside the judges: points, and by class head whether it is right."""

    guess: NDArray[np.float64]
    truth: NDArray[np.float64]
    right: dict[str, NDArray[np.bool_]]

    def figures(self) -> dict[str, float]:
        """Agreement with the judges, and the share of dives that each head names rightly."""
        shares = {f"{name}_accuracy": round(float(right.mean()), 4) for name, right in self.right.items()}
        return {"dives": float(len(self.truth)), **agreement(self.guess, self.truth), **shares}

    def interval_factor(self) -> float:
        """Half width of the interval, in units of the score."""
        return conformal_factor(np.abs(self.guess - self.truth) / SCALE)


@torch.inference_mode()
def predict_c3d(
    network: C3dAvg, data: RealDives, dives: Sequence[LabelledDive], device: str, on_progress: OnProgress
) -> C3dPredictions:
    """Run `network` over `dives`: the six clips that training sees, without shift. The scorer adds the seventh."""
    place = device_of(device)
    network.to(place).eval()
    guesses = []
    right: dict[str, list[bool]] = {name: [] for name in network.heads}
    for index, dive in enumerate(dives):
        paths = data.paths(dive, DIVE_FRAMES)[: DIVE_FRAMES // CLIP * CLIP]
        frames = into_clips(np.stack([cropped(read_frame(path)) for path in paths]))
        outputs: C3dOutputs = network(normalised(torch.from_numpy(frames)[None].to(place)))
        guesses.append(SCALE * float(outputs.score[0]))
        for name, logits in outputs.classes.items():
            right[name].append(int(logits[0].argmax()) == class_of(dive, name))
        on_progress("measuring", (index + 1) / len(dives), f"{index + 1} of {len(dives)} dives")
    network.to("cpu")
    truth = np.array([dive.score for dive in dives])
    return C3dPredictions(np.array(guesses), truth, {name: np.array(values) for name, values in right.items()})
