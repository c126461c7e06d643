"""Training of the shipped network on rendered dives, from a seed to a weights folder."""

import json
import math
import tempfile
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

import cv2
import numpy as np
import torch
from safetensors.torch import load_file, save_file

from divescore.scoring.errors import WeightsInvalid
from divescore.scoring.judging import MAX_EXECUTION
from divescore.scoring.manifest import MANIFEST, Gate, IntervalScaling, Manifest, WeightFile, sha256_of
from divescore.scoring.networks import MiniNetwork
from divescore.scoring.preprocessing import Preprocessing, normalise
from divescore.training.augment import augment
from divescore.training.dataset import Dataset, Shape, build_dataset
from divescore.training.evaluate import difficulty_margin, figures, gate_threshold, interval_factor, read
from divescore.training.losses import loss_of

MODEL_ID = "divescore-mini"
ARCHITECTURE = "mini-tsm"
WEIGHTS = "model.safetensors"
INTERVAL_LEVEL = 0.9
VALIDATION_SEEDS = 1_000_000_000
"""Seeds from here on are never trained on."""
_MEAN, _STD = (0.45, 0.45, 0.45), (0.25, 0.25, 0.25)

OnProgress = Callable[[str, float, str], None]
"""Stage, share of it done, a note."""


@dataclass(frozen=True)
class Settings:
    """What determines a trained model, together with the code; `minutes` only cuts training short."""

    seed: int = 0
    clips: int = 4000
    epochs: int = 5
    validation: int = 400
    batch: int = 8
    rate: float = 1e-3
    decay: float = 0.02
    minutes: float | None = None
    threads: int = 1
    workers: int = 2


def train(
    out: Path,
    settings: Settings,
    version: str,
    command: str,
    on_progress: OnProgress,
    shape: Shape | None = None,
) -> Manifest:
    """Draw the data, train, calibrate on unseen clips and write the weights folder `out`."""
    shape = shape or Shape()
    preprocessing = Preprocessing(frames=shape.frames, width=shape.width, height=shape.height, mean=_MEAN, std=_STD)
    began = time.monotonic()
    torch.set_num_threads(settings.threads)
    first = settings.seed * 1_000_000
    unseen = VALIDATION_SEEDS + first
    with tempfile.TemporaryDirectory(prefix="divescore-train-") as folder:
        drawn = build_dataset(
            range(first, first + settings.clips),
            shape,
            Path(folder),
            settings.workers,
            lambda done, total: on_progress("drawing", done / total, f"{done} of {total} clips"),
        )
        held = build_dataset(
            range(unseen, unseen + settings.validation),
            shape,
            Path(folder),
            settings.workers,
            lambda done, total: on_progress("drawing unseen", done / total, f"{done} of {total} clips"),
        )
        network = fit(drawn, preprocessing, settings, on_progress)
        readings = read(network, held, preprocessing, MAX_EXECUTION)
    factor, threshold = interval_factor(readings, INTERVAL_LEVEL), gate_threshold(readings)
    out.mkdir(parents=True, exist_ok=True)
    state = {name: tensor.contiguous() for name, tensor in network.state_dict().items()}
    save_file(state, out / WEIGHTS)
    # safetensors writes files for their owner alone; a container may run as another user.
    (out / WEIGHTS).chmod(0o644)
    manifest = Manifest(
        id=MODEL_ID,
        version=version,
        architecture=ARCHITECTURE,
        files=(WeightFile(name=WEIGHTS, sha256=sha256_of(out / WEIGHTS), bytes=(out / WEIGHTS).stat().st_size),),
        preprocessing=preprocessing,
        execution_scale=MAX_EXECUTION,
        interval=IntervalScaling(
            level=INTERVAL_LEVEL, factor=factor, difficulty_margin=difficulty_margin(readings, INTERVAL_LEVEL)
        ),
        gate=Gate(threshold=threshold),
        trained_on="synthetic",
        training={"command": command, **asdict(settings), "seconds": round(time.monotonic() - began)},
        figures={"on": f"{settings.validation} unseen rendered clips", **figures(readings, threshold, factor)},
    )
    document = manifest.model_dump(mode="json", by_alias=True)
    (out / MANIFEST).write_text(json.dumps(document, indent=2) + "\n", encoding="utf-8")
    return manifest


def fit(dataset: Dataset, preprocessing: Preprocessing, settings: Settings, on_progress: OnProgress) -> MiniNetwork:
    """A network fitted to `dataset`; the same on the same machine for the same settings."""
    torch.manual_seed(settings.seed)
    cv2.setNumThreads(1)
    changes = np.random.default_rng([settings.seed, 5])
    order = np.random.default_rng([settings.seed, 4])
    network = MiniNetwork()
    optimiser = torch.optim.AdamW(network.parameters(), lr=settings.rate, weight_decay=settings.decay)
    per_epoch = max(len(dataset) // settings.batch, 1)
    steps = per_epoch * settings.epochs
    began = time.monotonic()
    smoothed = math.nan
    network.train()
    for step in range(steps):
        if step % per_epoch == 0:
            shuffled = order.permutation(len(dataset))
        share = step / steps
        if settings.minutes is not None:
            share = max(share, (time.monotonic() - began) / (60.0 * settings.minutes))
            if share >= 1.0:
                break
        for group in optimiser.param_groups:
            group["lr"] = settings.rate * _schedule(share)
        begin = step % per_epoch * settings.batch
        chosen = np.sort(shuffled[begin : begin + settings.batch])
        clips = torch.from_numpy(augment(dataset.clips[chosen], changes))
        labels = torch.from_numpy(dataset.labels[chosen])
        # bfloat16 is several times faster where the processor has instructions for it, and no worse here.
        with torch.autocast("cpu", torch.bfloat16):
            outputs = network(normalise(clips, preprocessing))
        loss = loss_of(outputs.float(), labels, MAX_EXECUTION)
        optimiser.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]  # torch has no types for it
        torch.nn.utils.clip_grad_norm_(network.parameters(), 2.0)
        optimiser.step()
        value = float(loss.detach())
        smoothed = value if math.isnan(smoothed) else 0.97 * smoothed + 0.03 * value
        on_progress("training", (step + 1) / steps, f"step {step + 1} of {steps}, loss {smoothed:.3f}")
    network.eval()
    return network


def load_network(folder: Path, manifest: Manifest) -> MiniNetwork:
    """The trained network of a weights folder; raises WeightsInvalid for another architecture."""
    if manifest.architecture != ARCHITECTURE:
        raise WeightsInvalid(f"Only {ARCHITECTURE} can be evaluated on rendered dives, not {manifest.architecture}.")
    network = MiniNetwork()
    network.load_state_dict(load_file(folder / WEIGHTS))
    network.eval()
    return network


def _schedule(share: float) -> float:
    """A short climb, then half a cosine down to a hundredth."""
    if share < 0.08:
        return max(share / 0.08, 0.05)
    return 0.01 + 0.99 * 0.5 * (1.0 + math.cos(math.pi * (share - 0.08) / 0.92))
