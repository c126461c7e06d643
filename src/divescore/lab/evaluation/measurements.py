"""How well a model does on the test split of real dives, or on rendered clips that no training has seen."""

from pathlib import Path

from divescore.judging import MAX_EXECUTION
from divescore.lab.datasets.dataset import ClipShape
from divescore.lab.datasets.mtlaqa import RealDives
from divescore.lab.datasets.real import real_dataset
from divescore.lab.datasets.rendered import rendered_dataset
from divescore.lab.evaluation.c3d import predict_c3d
from divescore.lab.evaluation.figures import agreement, figures
from divescore.lab.evaluation.flaw_sweeps import sweep_flaws
from divescore.lab.evaluation.networks import C3D, load_c3d, load_mini
from divescore.lab.evaluation.predictions import predict_clips
from divescore.lab.progress import OnProgress
from divescore.scoring.manifest import IntervalScaling, Manifest
from divescore.scoring.mini.calibration import Calibration
from divescore.scoring.mini.network import MiniNetwork
from divescore.scoring.mini.preprocessing import Preprocessing
from divescore.scoring.mini.temporal import FLAWS

_UNKNOWN = {f"{name}_mean_error" for name in FLAWS} | {"negatives", "negatives_passed"}
"""Figures that real labels do not tell."""


def measure_folder(
    folder: Path, manifest: Manifest, data: RealDives, device: str, on_progress: OnProgress
) -> dict[str, float]:
    """Figures of a folder's model on the test dives; raises WeightsInvalid and LabError."""
    if manifest.architecture == C3D:
        return predict_c3d(load_c3d(folder, manifest), data, data.test, device, on_progress).figures()
    wanted = manifest.preprocessing_as(Preprocessing)
    calibration = manifest.calibration_as(Calibration)
    return measure_mini(load_mini(folder, manifest), wanted, data, manifest.interval, on_progress, calibration)


def measure_mini(
    network: MiniNetwork,
    preprocessing: Preprocessing,
    data: RealDives,
    interval: IntervalScaling,
    on_progress: OnProgress,
    calibration: Calibration | None = None,
) -> dict[str, float]:
    """Figures of the shipped network on the test dives; scores with the labelled difficulty, as when it is declared."""
    dataset = real_dataset(data.test, data, ClipShape.of(preprocessing), on_progress)
    predictions = predict_clips(network, dataset, preprocessing, MAX_EXECUTION, calibration, interval)
    difficulty = predictions.labels["difficulty"]
    found = figures(predictions, 0.5, interval.factor)
    return {
        **agreement(predictions.execution * difficulty, predictions.labels["execution"] * difficulty),
        **{name: value for name, value in found.items() if name not in _UNKNOWN},
    }


def measure_rendered(
    network: MiniNetwork,
    manifest: Manifest,
    seeds: range,
    cache: Path,
    workers: int,
    on_progress: OnProgress,
    divers: int = 0,
    plots: Path | None = None,
) -> dict[str, float]:
    """Figures on the clips of `seeds`, and of each flaw alone on `divers` dives of the seeds after them.

    `workers` processes draw the clips, which `cache` keeps; `plots` is a folder to write pictures to.
    """
    wanted, scale = manifest.preprocessing_as(Preprocessing), manifest.execution_scale
    dataset = rendered_dataset(seeds, ClipShape.of(wanted), cache, workers, on_progress)
    calibration = manifest.calibration_as(Calibration)
    predictions = predict_clips(network, dataset, wanted, scale, calibration, manifest.interval)
    sweeps = sweep_flaws(network, wanted, scale, seeds.stop, divers, on_progress, calibration) if divers else {}
    threshold, factor = manifest.gate.threshold, manifest.interval.factor
    if plots is not None:
        from divescore.lab.evaluation.plots import write_plots

        write_plots(plots, predictions, threshold, factor, sweeps)
    correlations = {f"{name}_sweep_correlation": round(sweep.correlation, 4) for name, sweep in sweeps.items()}
    return figures(predictions, threshold, factor) | correlations
