"""Training and measuring `c3d-avg` on real dives, by the published recipe where nothing is said.

Six clips of 16 frames out of the dive's last 103, scaled to 171 x 128, the middle 112 x 112; the end shifted by up to 3
frames and half the dives mirrored; score / 17 by squared and absolute error, five class heads by cross entropy. (Parmar
and Morris, CVPR 2019. There Adam at a constant rate, here AdamW with warm-up and cosine; no captions.)
"""

import hashlib
import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from divescore.lab.datasets.mtlaqa import LabelledDive, RealDives, read_frame
from divescore.lab.evaluation.agreement import agreement
from divescore.lab.training.loop import Batch, LoopSettings, OnProgress, Running, device_of, fit
from divescore.scoring.c3d.network import CLASS_HEADS, CLIP, SIZE, C3dAvg, C3dOutputs

SCORE_UNIT = 17.0
"""Points of one unit of the regressor's output, as published."""
LENGTH = 103
"""Frames of a dive, counted back from its end."""
WIDTH, HEIGHT = 171, 128
MEAN, STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
_SHIFT = 3
_LABELS = {
    "position": "position",
    "armstand": "armstand",
    "rot_type": "rotation_type",
    "ss_no": "ss_no",
    "tw_no": "tw_no",
}
"""Head of the network: label of the data."""
_INTERPOLATIONS = (cv2.INTER_NEAREST, cv2.INTER_LINEAR, cv2.INTER_CUBIC, cv2.INTER_LANCZOS4)


@dataclass(frozen=True)
class C3dSettings:
    """What determines a trained `c3d-avg`, together with data, initial weights and code."""

    seed: int = 0
    epochs: int = 100
    batch: int = 3
    clips: int = 6
    rate: float = 1e-4
    decay: float = 1e-4
    bfloat16: bool = False

    def loop(self, dives: int) -> LoopSettings:
        """The loop's settings for so many dives."""
        steps = max(self.epochs * dives // self.batch, 1)
        return LoopSettings(
            steps, self.seed, self.rate, self.decay, warmup=0.02, clip=10.0, bfloat16=self.bfloat16, average=None
        )


class DiveBatches:
    """Batches of real dives for C3D-AVG: each dive once in an epoch, in an order of its own."""

    def __init__(self, data: RealDives, settings: C3dSettings) -> None:
        self._data, self._settings = data, settings
        # Reading pictures lets other threads run, and one alone would keep a GPU waiting.
        self._readers = ThreadPoolExecutor(min(8, os.cpu_count() or 1), thread_name_prefix="frames")

    def __call__(self, step: int) -> Batch:
        """uint8 [B, N, 16, 112, 112, 3], float32 [B, 6]: score in units, then the classes in the heads' order."""
        dives = [self._chosen(step * self._settings.batch + place) for place in range(self._settings.batch)]
        rng = np.random.default_rng([self._settings.seed, 11, step])
        pictures = [self._draw(dive, rng) for dive in dives]
        return torch.from_numpy(np.stack(pictures)), torch.tensor([labels_of(dive) for dive in dives])

    def _chosen(self, place: int) -> LabelledDive:
        epoch, place = divmod(place, len(self._data.train))
        order = np.random.default_rng([self._settings.seed, 10, epoch]).permutation(len(self._data.train))
        return self._data.train[int(order[place])]

    def _draw(self, dive: LabelledDive, rng: np.random.Generator) -> NDArray[np.uint8]:
        shift = int(rng.integers(-_SHIFT, _SHIFT + 1))
        mirrored, interpolation = rng.random() < 0.5, _INTERPOLATIONS[rng.integers(len(_INTERPOLATIONS))]
        paths = self._data.paths(dive, LENGTH, shift)[: self._settings.clips * CLIP]
        frames = np.stack(list(self._readers.map(lambda path: middle(read_frame(path), interpolation), paths)))
        return into_clips(frames[:, :, ::-1] if mirrored else frames)


def labels_of(dive: LabelledDive) -> list[float]:
    """Score in units of the regressor, then the classes in the order of the network's heads."""
    return [dive.score / SCORE_UNIT, *(float(dive.classes[_LABELS[head]]) for head in CLASS_HEADS)]


def middle(picture: NDArray[np.uint8], interpolation: int = cv2.INTER_LINEAR) -> NDArray[np.uint8]:
    """A picture scaled to 171 x 128, of that the middle 112 x 112."""
    scaled = cv2.resize(picture, (WIDTH, HEIGHT), interpolation=interpolation)
    top, left = HEIGHT // 2 - SIZE // 2, WIDTH // 2 - SIZE // 2
    return np.asarray(scaled[top : top + SIZE, left : left + SIZE], dtype=np.uint8)


def into_clips(frames: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Frames [16 x N, 112, 112, 3] as clips [N, 16, 112, 112, 3]."""
    return np.ascontiguousarray(frames).reshape(-1, CLIP, *frames.shape[1:])


def normalise(clips: Tensor) -> Tensor:
    """uint8 RGB [B, N, 16, 112, 112, 3] to float32 [B, N, 3, 16, 112, 112]."""
    mean = 255.0 * torch.tensor(MEAN, device=clips.device)
    std = 255.0 * torch.tensor(STD, device=clips.device)
    return ((clips.float() - mean) / std).permute(0, 1, 5, 2, 3, 4)


def loss_of(outputs: C3dOutputs, labels: Tensor) -> Tensor:
    """Squared and absolute error of the score and the cross entropy of each head, for `DiveBatches`' labels."""
    score = outputs.score.float()
    loss = functional.mse_loss(score, labels[:, 0]) + functional.l1_loss(score, labels[:, 0])
    for column, logits in enumerate(outputs.classes.values(), start=1):
        loss = loss + functional.cross_entropy(logits.float(), labels[:, column].long())
    return loss


def fit_c3d(
    network: C3dAvg, data: RealDives, settings: C3dSettings, running: Running, on_progress: OnProgress, origin: str
) -> None:
    """Train `network` in place on the training dives; `origin` names its initial weights. Raises TrainingError."""
    data.check(LENGTH)
    loop = settings.loop(len(data.train))
    identity = {"data": fingerprint(data), "origin": origin, **asdict(settings)}
    fit(network, DiveBatches(data, settings), loss_of, loop, running, on_progress, normalise, identity)


@dataclass(frozen=True)
class C3dReadings:
    """What a network says of N dives, beside the judges: points, and by class head whether it was right."""

    guess: NDArray[np.float64]
    truth: NDArray[np.float64]
    right: dict[str, NDArray[np.bool_]]

    def figures(self) -> dict[str, float]:
        """Agreement with the judges, and the share of dives that each head names rightly."""
        shares = {f"{name}_accuracy": round(float(right.mean()), 4) for name, right in self.right.items()}
        return {"dives": float(len(self.truth)), **agreement(self.guess, self.truth), **shares}

    def interval_factor(self, level: float) -> float:
        """Half width, in units of the score, that a share `level` of the dives stays within (conformal prediction)."""
        errors = np.abs(self.guess - self.truth) / SCORE_UNIT
        return round(float(np.quantile(errors, min(level * (1 + 1 / len(errors)), 1.0))), 4)


@torch.inference_mode()
def read_c3d(
    network: C3dAvg, data: RealDives, dives: Sequence[LabelledDive], device: str, on_progress: OnProgress
) -> C3dReadings:
    """Run `network` over `dives`: the six clips that training sees, without shift. The scorer adds the seventh."""
    place = device_of(device)
    network.to(place).eval()
    guesses = []
    right: dict[str, list[bool]] = {name: [] for name in network.heads}
    for index, dive in enumerate(dives):
        paths = data.paths(dive, LENGTH)[: LENGTH // CLIP * CLIP]
        frames = into_clips(np.stack([middle(read_frame(path)) for path in paths]))
        outputs: C3dOutputs = network(normalise(torch.from_numpy(frames)[None].to(place)))
        guesses.append(SCORE_UNIT * float(outputs.score[0]))
        for name, logits in outputs.classes.items():
            right[name].append(int(logits[0].argmax()) == dive.classes[_LABELS[name]])
        on_progress("measuring", (index + 1) / len(dives), f"{index + 1} of {len(dives)} dives")
    network.to("cpu")
    truth = np.array([dive.score for dive in dives])
    return C3dReadings(np.array(guesses), truth, {name: np.array(values) for name, values in right.items()})


def fingerprint(data: RealDives) -> str:
    """A short hash of the dives and their labels; the pictures are taken on trust."""
    text = repr([(d.name, d.end_frame, d.score, sorted(d.classes.items())) for d in (*data.train, *data.test)])
    return hashlib.sha256(text.encode()).hexdigest()[:16]
