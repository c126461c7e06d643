"""Training of the shipped network on rendered dives, from a seed to a weights folder.

First the pose model, its localiser and its pose estimator, learns from single frames what is drawn in them. Then the
temporal model learns from what the pose model sees of whole clips. To train all together after that makes the temporal
model worse: a step holds too few clips. Both parts' results depend on the settings and the code, not on the clock.
"""

import hashlib
import json
import tempfile
from copy import deepcopy
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors.torch import save_file

from divescore import lab
from divescore.judging import MAX_EXECUTION
from divescore.lab.datasets.dataset import ClipShape, Dataset
from divescore.lab.datasets.rendered import clip_seeds, rendered_dataset
from divescore.lab.evaluation.figures import figures
from divescore.lab.evaluation.networks import MINI, MINI_WEIGHTS
from divescore.lab.evaluation.predictions import predict_clips
from divescore.lab.progress import OnProgress
from divescore.lab.training.batches import FeatureBatches, FrameBatches, FrameTraining, extract_features
from divescore.lab.training.calibrate import calibrate
from divescore.lab.training.loop import LoopSettings, RunOptions, fit
from divescore.lab.training.losses import clip_loss, frame_loss
from divescore.scoring import mini
from divescore.scoring.manifest import MANIFEST, Manifest, WeightFile, sha256_of
from divescore.scoring.mini.network import MiniNetwork
from divescore.scoring.mini.preprocessing import Preprocessing

MODEL_ID, MODEL_VERSION = "divescore-mini", "0.5.0"
_LAB = ("datasets", "evaluation", "rendering", "training")
_NETWORK = ("localisation", "pose", "features", "temporal", "network", "preprocessing")
_MEAN, _STD = (0.45, 0.45, 0.45), (0.25, 0.25, 0.25)


@dataclass(frozen=True)
class MiniSettings:
    """What determines a trained model, together with the code."""

    seed: int = 0
    clips: int = 20_000
    validation: int = 2000
    frame_steps: int = 18_000
    """Of four frames of each of 32 clips."""
    judge_steps: int = 5000
    """Of 64 clips each."""
    ways: int = 2
    """In which the temporal model is shown each clip: other crop, light and grain."""
    bfloat16: bool = True
    frames: int = 32
    judged: int = 64


def train_mini(
    out: Path,
    settings: MiniSettings,
    training: dict[str, Any],
    options: RunOptions,
    on_progress: OnProgress,
    workers: int = 2,
    cache: Path | None = None,
) -> Manifest:
    """Draw the data, train, calibrate on unseen clips and write the weights folder `out`.

    `training` is what else the manifest is to say of it. `options` says on what, and where checkpoints go; `workers`
    processes draw the clips, which `cache` keeps. None of these changes the result, but for rounding on another
    machine.
    """
    shape = ClipShape()
    preprocessing = Preprocessing(frames=shape.frames, width=shape.width, height=shape.height, mean=_MEAN, std=_STD)
    seeds = clip_seeds(settings.seed, settings.clips)
    unseen = clip_seeds(settings.seed, settings.validation, unseen=True)
    with tempfile.TemporaryDirectory(prefix="divescore-train-") as scratch:
        kept = cache or Path(scratch)
        dataset = rendered_dataset(seeds, shape, kept, workers, on_progress)
        held = rendered_dataset(unseen, shape, kept, workers, on_progress, "drawing unseen")
        network = fit_mini(dataset, preprocessing, settings, options, on_progress)
        clips = max(settings.validation // 3, 24)
        fitted = calibrate(network, preprocessing, MAX_EXECUTION, clips, kept, workers, on_progress)
        predictions = predict_clips(
            network, held, preprocessing, MAX_EXECUTION, fitted["calibration"], fitted["interval"]
        )
    gate, others = fitted["gate"], fitted["figures"]
    return write_mini(
        out,
        network,
        id=MODEL_ID,
        version=MODEL_VERSION,
        preprocessing=preprocessing,
        execution_scale=MAX_EXECUTION,
        interval=fitted["interval"],
        gate=gate,
        calibration=fitted["calibration"],
        trained_on="synthetic",
        training={**training, "code": code_digest(), "data": dataset.identity, **asdict(settings)},
        figures={
            "on": f"{settings.validation} unseen rendered clips",
            **{name: value for name, value in others.items() if name.startswith(("second_style", "guises", "foreign"))},
            **figures(predictions, gate.threshold, fitted["interval"].factor),
        },
    )


def write_mini(out: Path, network: MiniNetwork, **fields: Any) -> Manifest:
    """Write the weights folder `out`: the network as safetensors, and the manifest of `fields` with its hash."""
    out.mkdir(parents=True, exist_ok=True)
    path = out / MINI_WEIGHTS
    save_file({name: tensor.detach().contiguous() for name, tensor in network.state_dict().items()}, path)
    # safetensors writes files for their owner alone; a container may run as another user.
    path.chmod(0o644)
    weights = WeightFile(name=MINI_WEIGHTS, sha256=sha256_of(path), bytes=path.stat().st_size)
    manifest = Manifest(architecture=MINI, files=(weights,), **fields)
    document = manifest.model_dump(mode="json", by_alias=True)
    (out / MANIFEST).write_text(json.dumps(document, indent=2) + "\n", encoding="utf-8")
    return manifest


def code_digest() -> str:
    """Digest of the code that decides what is trained: the laboratory's modules, and the network's."""
    digest = hashlib.sha256()
    modules = [path for part in _LAB for path in sorted((Path(lab.__file__).parent / part).glob("*.py"))]
    for path in (*modules, *(Path(mini.__file__).parent / f"{name}.py" for name in _NETWORK)):
        digest.update(path.name.encode() + path.read_bytes())
    return digest.hexdigest()[:16]


def fit_mini(
    dataset: Dataset, preprocessing: Preprocessing, settings: MiniSettings, options: RunOptions, on_progress: OnProgress
) -> MiniNetwork:
    """A network fitted to `dataset` in two parts; the same on the same machine for the same settings."""
    torch.manual_seed(settings.seed)
    network = MiniNetwork()
    identity = {"data": dataset.identity, "preprocessing": preprocessing.model_dump(mode="json")}

    def part(name: str, steps: int, rate: float, decay: float) -> tuple[LoopSettings, RunOptions, OnProgress]:
        loop = LoopSettings(
            steps=steps, seed=settings.seed, rate=rate, decay=decay, bfloat16=settings.bfloat16, average=0.998
        )
        checkpoints = options.checkpoints / name if options.checkpoints else None
        return loop, replace(options, checkpoints=checkpoints), lambda _, share, note: on_progress(name, share, note)

    fit(
        FrameTraining(network.pose, preprocessing),
        FrameBatches(dataset, settings.frames, settings.seed),
        frame_loss,
        *part("frames", settings.frame_steps, 2e-3, 0.02),
        identity=identity | {"batch": settings.frames},
    )

    def extract() -> NDArray[np.float16]:
        on_progress("looking", 0.0, f"{len(dataset)} clips")
        copy = deepcopy(network.pose)  # this runs in the loop's other thread, while the loop holds the network
        return extract_features(copy, dataset, preprocessing, settings.seed, settings.bfloat16, settings.ways)

    fit(
        network.temporal,
        FeatureBatches(extract, dataset.labels, settings.judged, settings.seed),
        lambda outputs, labels: clip_loss(outputs.float(), labels, MAX_EXECUTION),
        *part("judge", settings.judge_steps, 1e-3, 0.05),
        prepare=torch.Tensor.float,
        identity=identity | {"batch": settings.judged, "ways": settings.ways, "after": settings.frame_steps},
    )
    return network.eval()
