"""How well the shipped network does on rendered clips that no training has seen."""

from pathlib import Path

from divescore.lab.datasets.dataset import ClipShape
from divescore.lab.datasets.rendered import rendered_dataset
from divescore.lab.evaluation.figures import figures
from divescore.lab.evaluation.flaw_sweeps import sweep_flaws
from divescore.lab.evaluation.predictions import predict_clips
from divescore.lab.progress import OnProgress
from divescore.scoring.manifest import Manifest
from divescore.scoring.mini.network import MiniNetwork
from divescore.scoring.mini.preprocessing import Preprocessing


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
    predictions = predict_clips(network, dataset, wanted, scale)
    sweeps = sweep_flaws(network, wanted, scale, seeds.stop, divers, on_progress) if divers else {}
    threshold, factor = manifest.gate.threshold, manifest.interval.factor
    if plots is not None:
        from divescore.lab.evaluation.plots import write_plots

        write_plots(plots, predictions, threshold, factor, sweeps)
    correlations = {f"{name}_sweep_correlation": round(sweep.correlation, 4) for name, sweep in sweeps.items()}
    return figures(predictions, threshold, factor) | correlations
