"""Training of the shipped network on rendered dives, from a seed to a weights folder.

First locator and looker learn from single frames what is drawn in them, then the judge learns from what they see of
whole clips. To train all together after that makes the judge worse: a step holds too few clips. Both parts' results
depend on the settings and the code, not on the clock.
"""

import hashlib
import tempfile
from copy import deepcopy
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors.torch import load_file

from divescore.lab.datasets.rendered import Dataset, Shape, build_dataset
from divescore.lab.evaluation.figures import (
    INTERVAL_LEVEL,
    difficulty_margin,
    figures,
    gate_threshold,
    interval_factor,
    read,
)
from divescore.lab.training.batches import (
    FrameBatches,
    FrameTraining,
    JudgeTraining,
    SeenBatches,
    look_through,
)
from divescore.lab.training.folders import write_folder
from divescore.lab.training.loop import LoopSettings, OnProgress, Running, fit
from divescore.lab.training.losses import loss_of, loss_of_seen
from divescore.scoring import mini
from divescore.scoring.errors import WeightsInvalid
from divescore.scoring.judging import MAX_EXECUTION
from divescore.scoring.manifest import DiveGate, IntervalScaling, Manifest
from divescore.scoring.mini.network import MiniNetwork
from divescore.scoring.mini.preprocessing import Preprocessing

MODEL_ID, MODEL_VERSION = "divescore-mini", "0.5.0"
ARCHITECTURE = "mini-focus"
WEIGHTS = "model.safetensors"
VALIDATION_SEEDS = 1_000_000_000
"""Seeds from here on are never trained on."""
LAB = Path(__file__).resolve().parents[1]
_NETWORK = ("localisation", "pose", "features", "temporal", "network", "preprocessing")
_MEAN, _STD = (0.45, 0.45, 0.45), (0.25, 0.25, 0.25)


@dataclass(frozen=True)
class Settings:
    """What determines a trained model, together with the code."""

    seed: int = 0
    clips: int = 20_000
    validation: int = 2000
    frame_steps: int = 18_000
    """Of four frames of each of 32 clips."""
    judge_steps: int = 5000
    """Of 64 clips each."""
    ways: int = 2
    """In which the judge is shown each clip: other framing, light and grain."""
    bfloat16: bool = True
    frames: int = 32
    judged: int = 64


def train(
    out: Path,
    settings: Settings,
    command: str,
    on_progress: OnProgress,
    running: Running | None = None,
    workers: int = 2,
    cache: Path | None = None,
    shape: Shape | None = None,
) -> Manifest:
    """Draw the data, train, calibrate on unseen clips and write the weights folder `out`.

    `running` says on what, and where checkpoints go; `workers` processes draw the clips, which `cache` keeps. None of
    these changes the result, but for rounding on another machine.
    """
    running, shape = running or Running(), shape or Shape()
    preprocessing = Preprocessing(frames=shape.frames, width=shape.width, height=shape.height, mean=_MEAN, std=_STD)
    first = settings.seed * 1_000_000
    unseen = VALIDATION_SEEDS + first

    def draw(stage: str, seeds: range, folder: Path) -> Dataset:
        def report(done: int, total: int) -> None:
            on_progress(stage, done / total, f"{done} of {total} clips")

        return build_dataset(seeds, shape, folder, workers, report)

    with tempfile.TemporaryDirectory(prefix="divescore-train-") as scratch:
        folder = cache or Path(scratch)
        drawn = draw("drawing", range(first, first + settings.clips), folder)
        held = draw("drawing unseen", range(unseen, unseen + settings.validation), folder)
        network = fit_all(drawn, preprocessing, settings, running, on_progress)
        readings = read(network, held, preprocessing, MAX_EXECUTION)
    factor, threshold = interval_factor(readings, INTERVAL_LEVEL), gate_threshold(readings)
    return write_folder(
        out,
        {WEIGHTS: network.state_dict()},
        id=MODEL_ID,
        version=MODEL_VERSION,
        architecture=ARCHITECTURE,
        preprocessing=preprocessing,
        execution_scale=MAX_EXECUTION,
        interval=IntervalScaling(
            level=INTERVAL_LEVEL, factor=factor, difficulty_margin=difficulty_margin(readings, INTERVAL_LEVEL)
        ),
        gate=DiveGate(threshold=threshold),
        trained_on="synthetic",
        training={"command": command, "code": code_digest(), "data": drawn.identity, **asdict(settings)},
        figures={"on": f"{settings.validation} unseen rendered clips", **figures(readings, threshold, factor)},
    )


def code_digest() -> str:
    """Digest of the code that decides what is trained: the laboratory's modules, and the network's."""
    digest = hashlib.sha256()
    modules = [path for part in ("evaluation", "rendering", "training") for path in sorted((LAB / part).glob("*.py"))]
    for path in (*modules, *(Path(mini.__file__).parent / f"{name}.py" for name in _NETWORK)):
        digest.update(path.name.encode() + path.read_bytes())
    return digest.hexdigest()[:16]


def fit_all(
    dataset: Dataset, preprocessing: Preprocessing, settings: Settings, running: Running, on_progress: OnProgress
) -> MiniNetwork:
    """A network fitted to `dataset` in two parts; the same on the same machine for the same settings."""
    torch.manual_seed(settings.seed)
    network = MiniNetwork()
    identity = {"data": dataset.identity, "preprocessing": preprocessing.model_dump(mode="json")}

    def part(name: str, steps: int, rate: float, decay: float) -> tuple[LoopSettings, Running, OnProgress]:
        loop = LoopSettings(
            steps=steps, seed=settings.seed, rate=rate, decay=decay, bfloat16=settings.bfloat16, average=0.998
        )
        place = running.checkpoints / name if running.checkpoints else None

        def report(_stage: str, share: float, note: str) -> None:
            on_progress(name, share, note)

        return loop, replace(running, checkpoints=place), report

    fit(
        FrameTraining(network.pose, preprocessing),
        FrameBatches(dataset, settings.frames, settings.seed),
        loss_of_seen,
        *part("frames", settings.frame_steps, 2e-3, 0.02),
        identity=identity | {"batch": settings.frames},
    )

    def look() -> NDArray[np.float16]:
        on_progress("looking", 0.0, f"{len(dataset)} clips")
        copy = deepcopy(network.pose)  # this runs in the loop's other thread, while the loop holds the network
        return look_through(copy, dataset, preprocessing, settings.seed, settings.bfloat16, settings.ways)

    fit(
        JudgeTraining(network.temporal),
        SeenBatches(look, dataset.labels, settings.judged, settings.seed),
        lambda outputs, labels: loss_of(outputs.float(), labels, MAX_EXECUTION),
        *part("judge", settings.judge_steps, 1e-3, 0.05),
        identity=identity | {"batch": settings.judged, "ways": settings.ways, "after": settings.frame_steps},
    )
    return network.eval()


def load_network(folder: Path, manifest: Manifest) -> MiniNetwork:
    """The trained network of a weights folder; raises WeightsInvalid for another architecture."""
    if manifest.architecture != ARCHITECTURE:
        raise WeightsInvalid(f"Only {ARCHITECTURE} can be evaluated on rendered dives, not {manifest.architecture}.")
    network = MiniNetwork()
    network.load_state_dict(load_file(folder / WEIGHTS))
    return network.eval()
