"""Training of `c3d-avg` on real dives, by the published recipe where nothing is said.

Six clips of 16 frames out of the dive's last 103, scaled to 171 x 128, the middle 112 x 112; the end shifted by up to 3
frames and half the dives mirrored; score / 17 by squared and absolute error, five class heads by cross entropy. (Parmar
and Morris, CVPR 2019. There Adam at a constant rate, here AdamW with warm-up and cosine; no captions.)
"""

import hashlib
import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from divescore.lab.datasets.c3d_clips import c3d_labels, cropped, into_clips, normalised
from divescore.lab.datasets.mtlaqa import DIVE_FRAMES, NAME, LabelledDive, RealDives, read_frame
from divescore.lab.evaluation.c3d import predict_c3d
from divescore.lab.evaluation.calibration import INTERVAL_LEVEL
from divescore.lab.evaluation.networks import load_c3d
from divescore.lab.progress import OnProgress
from divescore.lab.training.loop import Batch, LoopSettings, RunOptions, fit
from divescore.scoring.c3d.network import CLIP, C3dAvg, C3dOutputs, C3dShape
from divescore.scoring.errors import WeightsInvalid
from divescore.scoring.manifest import IntervalScaling, Manifest, read_manifest, sha256_of
from divescore.scoring.weights.checkpoints import read_checkpoint
from divescore.scoring.weights.folder import Identity, write_network

_SHIFT = 3
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


def train_c3d(
    out: Path,
    data: RealDives,
    source: Path | None,
    settings: C3dSettings,
    training: dict[str, Any],
    options: RunOptions,
    on_progress: OnProgress,
) -> Manifest:
    """Train `c3d-avg` from `source`, as `initial_c3d` takes it, and write the folder `out`.

    `training` is what else the manifest is to say of it. Raises WeightsInvalid and LabError.
    """
    network, origin = initial_c3d(source, settings.seed)
    rest, held = data.held_out()
    fit_c3d(network, rest, settings, options, on_progress, origin)
    factor = predict_c3d(network, data, held, options.device, on_progress).interval_factor()
    figures = predict_c3d(network, data, data.test, options.device, on_progress).figures()
    identity = Identity(
        id="c3d-avg-trained",
        trained_on=NAME,
        training={**training, "from": origin, **asdict(settings)},
        figures={"on": data.tested_on, **figures},
        interval=IntervalScaling(level=INTERVAL_LEVEL, factor=max(factor, 1e-4), difficulty_margin=0.0),
    )
    return write_network(out, network, identity)


def initial_c3d(source: Path | None, seed: int) -> tuple[C3dAvg, str]:
    """A network of a weights folder, or with the trunk of a checkpoint file, or at random; and a name of its weights.

    Raises WeightsInvalid when `source` is neither.
    """
    torch.manual_seed(seed)
    if source is None:
        return C3dAvg(), "random"
    if source.is_dir():
        manifest = read_manifest(source)
        return load_c3d(source, manifest), manifest.sha256
    tensors = read_checkpoint(source)
    try:
        network = C3dAvg(C3dShape(width=len(tensors["conv1.weight"])))
        network.trunk.load_state_dict({name: tensors[name] for name in network.trunk.state_dict()})
    except (KeyError, RuntimeError) as error:
        raise WeightsInvalid(f"{source} holds no trunk of C3D: {error}.") from error
    return network, sha256_of(source)


def fit_c3d(
    network: C3dAvg, data: RealDives, settings: C3dSettings, options: RunOptions, on_progress: OnProgress, origin: str
) -> None:
    """Train `network` in place on the training dives; `origin` names its initial weights. Raises LabError."""
    loop = settings.loop(len(data.train))
    identity = {"data": _fingerprint(data), "origin": origin, **asdict(settings)}
    fit(network, DiveBatches(data, settings), c3d_loss, loop, options, on_progress, normalised, identity)


def c3d_loss(outputs: C3dOutputs, labels: Tensor) -> Tensor:
    """Squared and absolute error of the score and the cross entropy of each head, for `DiveBatches`' labels."""
    score = outputs.score.float()
    loss = functional.mse_loss(score, labels[:, 0]) + functional.l1_loss(score, labels[:, 0])
    for column, logits in enumerate(outputs.classes.values(), start=1):
        loss = loss + functional.cross_entropy(logits.float(), labels[:, column].long())
    return loss


def _fingerprint(data: RealDives) -> str:
    """A short hash of the dives and their labels; the pictures are taken on trust."""
    text = repr([(d.name, d.end_frame, d.score, sorted(d.classes.items())) for d in (*data.train, *data.test)])
    return hashlib.sha256(text.encode()).hexdigest()[:16]


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
        return torch.from_numpy(np.stack(pictures)), torch.tensor([c3d_labels(dive) for dive in dives])

    def _chosen(self, place: int) -> LabelledDive:
        epoch, place = divmod(place, len(self._data.train))
        order = np.random.default_rng([self._settings.seed, 10, epoch]).permutation(len(self._data.train))
        return self._data.train[int(order[place])]

    def _draw(self, dive: LabelledDive, rng: np.random.Generator) -> NDArray[np.uint8]:
        shift = int(rng.integers(-_SHIFT, _SHIFT + 1))
        mirrored, interpolation = rng.random() < 0.5, _INTERPOLATIONS[rng.integers(len(_INTERPOLATIONS))]
        paths = self._data.paths(dive, DIVE_FRAMES, shift)[: self._settings.clips * CLIP]
        frames = np.stack(list(self._readers.map(lambda path: cropped(read_frame(path), interpolation), paths)))
        return into_clips(frames[:, :, ::-1] if mirrored else frames)
