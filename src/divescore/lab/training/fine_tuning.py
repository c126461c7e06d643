"""The shipped network trained further on real dives: the same loop, the same losses, no rendered frame.

Real dives tell their score, their difficulty and what they were, but neither joints nor flaws, and none of them is no
dive: what sees, the flaws and the gate are moved by the dive's own losses only.
"""

from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from torch import Tensor

from divescore.judging import MAX_EXECUTION
from divescore.lab.datasets.dataset import ClipShape
from divescore.lab.datasets.labels import FLAW_LABELS
from divescore.lab.datasets.mtlaqa import NAME, RealDives
from divescore.lab.datasets.real import real_dataset
from divescore.lab.evaluation.calibration import interval_scaling
from divescore.lab.evaluation.measurements import measure_mini
from divescore.lab.evaluation.networks import load_mini
from divescore.lab.evaluation.predictions import predict_clips
from divescore.lab.progress import OnProgress
from divescore.lab.training.batches import ClipBatches, ClipTraining
from divescore.lab.training.loop import LoopSettings, RunOptions, fit
from divescore.lab.training.losses import clip_loss
from divescore.lab.training.mini import write_mini
from divescore.scoring.manifest import IntervalScaling, Manifest, read_manifest
from divescore.scoring.mini.network import MiniNetwork
from divescore.scoring.mini.preprocessing import Preprocessing
from divescore.scoring.mini.temporal import Outputs


@dataclass(frozen=True)
class FineTuningSettings:
    """What determines the result, together with data, initial weights and code."""

    seed: int = 0
    epochs: int = 30
    batch: int = 8
    rate: float = 2e-4
    decay: float = 0.03
    bfloat16: bool = True

    def loop(self, dives: int) -> LoopSettings:
        """The loop's settings for so many dives."""
        steps = max(self.epochs * dives // self.batch, 1)
        return LoopSettings(steps, self.seed, self.rate, self.decay, bfloat16=self.bfloat16, average=0.998)


def fine_tune_folder(
    out: Path,
    data: RealDives,
    source: Path,
    settings: FineTuningSettings,
    training: dict[str, Any],
    options: RunOptions,
    on_progress: OnProgress,
) -> Manifest:
    """Train the shipped model of the folder `source` further and write the folder `out`.

    `training` is what else the manifest is to say of it. Raises WeightsInvalid and LabError.
    """
    manifest = read_manifest(source)
    network, wanted = load_mini(source, manifest), manifest.preprocessing_as(Preprocessing)
    interval = fine_tune(network, wanted, data, settings, options, on_progress, manifest.sha256)
    return write_mini(
        out,
        network,
        id=f"{manifest.id}-tuned",
        version=manifest.version,
        preprocessing=manifest.preprocessing,
        execution_scale=manifest.execution_scale,
        interval=interval,
        gate=manifest.gate,
        trained_on=f"{manifest.trained_on}, then {NAME}",
        training={**training, "from": manifest.sha256, **asdict(settings)},
        figures={"on": data.tested_on, **measure_mini(network, wanted, data, interval, on_progress)},
    )


def fine_tune(
    network: MiniNetwork,
    preprocessing: Preprocessing,
    data: RealDives,
    settings: FineTuningSettings,
    options: RunOptions,
    on_progress: OnProgress,
    origin: str,
) -> IntervalScaling:
    """Train `network` in place; `origin` names its initial weights. Returns the interval's. Raises LabError."""
    shape = ClipShape.of(preprocessing)
    rest, held = data.held_out()
    dataset = real_dataset(rest.train, data, shape, on_progress)
    fit(
        ClipTraining(network, preprocessing),
        ClipBatches(dataset, settings.batch, settings.seed),
        _loss,
        settings.loop(len(dataset)),
        options,
        on_progress,
        identity={"data": dataset.identity, "origin": origin, **asdict(settings)},
    )
    held_out = real_dataset(held, data, shape, on_progress)
    return interval_scaling(predict_clips(network, held_out, preprocessing, MAX_EXECUTION))


def _loss(outputs: Outputs, labels: Tensor) -> Tensor:
    outputs, labels = outputs.float(), labels.clone()
    # What the network says of flaws counts as true, and nothing flows into the gate: neither is known.
    labels[:, FLAW_LABELS] = outputs.flaws.detach()
    return clip_loss(replace(outputs, gate=outputs.gate.detach()), labels, MAX_EXECUTION)
