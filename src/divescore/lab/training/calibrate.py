"""Calibration of trained weights on clips that no training sees; `train` ends with it, and it can be done again.

`python -m divescore.lab.training.calibrate WEIGHTS` fits evidence, names, measures, interval and gate anew and writes
them, with the figures of half of the clips that they were not fitted on, into the manifest of the folder WEIGHTS.
"""

import json
from pathlib import Path
from typing import Any

import click
import numpy as np

from divescore.lab.datasets.dataset import ClipShape
from divescore.lab.datasets.labels import LABEL
from divescore.lab.datasets.rendered import clip_seeds, render_clip, rendered_dataset
from divescore.lab.evaluation.calibrating import CalibrationClips, Seen, fit_calibration
from divescore.lab.evaluation.calibration import gate_threshold
from divescore.lab.evaluation.calibration_clips import foreign_clip, guised_clip, second_style_clip
from divescore.lab.evaluation.figures import figures
from divescore.lab.evaluation.networks import load_mini
from divescore.lab.evaluation.predictions import predictions_of, sights_of
from divescore.lab.progress import OnProgress, PrintedProgress
from divescore.lab.rendering.random_dives import random_rendered_dive
from divescore.scoring.manifest import MANIFEST, DiveGate, IntervalScaling, read_manifest
from divescore.scoring.mini.calibration import Calibration
from divescore.scoring.mini.network import MiniNetwork
from divescore.scoring.mini.preprocessing import Preprocessing

SEED = 55
"""Of the clips; other than those that trainings and evaluations draw by default."""
_PARTS = {
    "drawn": (1.0, render_clip, 0),
    "second": (0.5, second_style_clip, 100_000),
    "guised": (0.45, guised_clip, 200_000),
    "foreign": (0.2, foreign_clip, 300_000),
}
"""How many clips of a kind for each that is drawn, what draws them, and where their seeds begin."""
_STYLE_FIGURES = (
    "execution_mean_error",
    "seen_mean_error",
    "seen_rank_correlation",
    "interval_coverage",
    "interval_coverage_as_competed",
    "evidence_median",
    "dives_passed",
    "half_somersaults_accuracy",
    "position_accuracy",
)


def calibrate(
    network: MiniNetwork,
    preprocessing: Preprocessing,
    scale: float,
    clips: int,
    cache: Path,
    workers: int,
    on_progress: OnProgress,
) -> dict[str, Any]:
    """`calibration`, `interval`, `gate`, `figures` of a manifest; fitted on half of the clips, measured on the rest."""
    seen: dict[str, Seen] = {}
    seeds: dict[str, range] = {}
    for kind, (share, draw, offset) in _PARTS.items():
        first = clip_seeds(SEED, 1, unseen=True).start + offset
        seeds[kind] = range(first, first + max(round(share * clips), 8))
        shape = ClipShape.of(preprocessing)
        dataset = rendered_dataset(seeds[kind], shape, cache, workers, on_progress, "drawing to calibrate", draw)
        on_progress("calibrating", 0.0, f"{len(dataset)} clips, {kind}")
        seen[kind] = Seen(sights_of(network, dataset, preprocessing), dataset.labels)
    even = {kind: np.arange(len(part.sights)) % 2 == 0 for kind, part in seen.items()}
    fitted_on = CalibrationClips(**{kind: part.where(even[kind]) for kind, part in seen.items()})
    kept = CalibrationClips(**{kind: part.where(~even[kind]) for kind, part in seen.items()})
    is_dive = seen["drawn"].labels[:, LABEL["is_dive"]] > 0.5
    chosen = np.array(seeds["drawn"])[is_dive & even["drawn"]]
    films = [random_rendered_dive(int(seed)) for seed in chosen]
    calibration, interval = fit_calibration(fitted_on, films, scale)
    gate = DiveGate(threshold=_gate(fitted_on, scale))
    return {
        "calibration": calibration,
        "interval": interval,
        "gate": gate,
        "figures": measured_figures(kept, calibration, interval, gate, scale),
    }


def _gate(clips: CalibrationClips, scale: float) -> float:
    """Between the other films of either style and the dives, those in guises and in the second style among them."""
    parts = (clips.drawn, clips.guised, clips.second, clips.foreign)
    sights = [sight for part in parts for sight in part.sights]
    return gate_threshold(predictions_of(sights, np.concatenate([part.labels for part in parts]), scale))


def measured_figures(
    clips: CalibrationClips, calibration: Calibration, interval: IntervalScaling, gate: DiveGate, scale: float
) -> dict[str, float]:
    """Figures of the clips as drawn, and some of the other kinds under names of their own."""

    def of(part: Seen) -> dict[str, float]:
        predictions = predictions_of(part.sights, part.labels, scale, calibration, interval)
        return figures(predictions, gate.threshold, interval.factor)

    drawn = of(clips.drawn)
    styles = {
        f"{style}_{name}": value
        for style, part in (("second_style", clips.second), ("guises", clips.guised))
        for name, value in of(part).items()
        if name in _STYLE_FIGURES
    }
    foreign = [calibration.weight(sight) for part in (clips.foreign, clips.second.others) for sight in part.sights]
    return {**drawn, **styles, "foreign_evidence": round(float(np.mean(foreign)), 4)}


@click.command()
@click.argument("weights", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("--clips", type=click.IntRange(40), default=400, show_default=True, help="As drawn; others besides.")
@click.option("--workers", type=click.IntRange(0), default=2, show_default=True, help="Processes that draw; 0: none.")
@click.option(
    "--cache",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path("build/calibration"),
    show_default=True,
    help="Folder that keeps the clips.",
)
def main(weights: Path, clips: int, workers: int, cache: Path) -> None:
    """Calibrate the model of the folder WEIGHTS anew, in place."""
    manifest = read_manifest(weights)
    network, wanted = load_mini(weights, manifest), manifest.preprocessing_as(Preprocessing)
    fields = calibrate(network, wanted, manifest.execution_scale, clips, cache, workers, PrintedProgress())
    fields["figures"] = {"on": f"half of {clips} unseen rendered clips, and others", **fields["figures"]}
    renewed = type(manifest).model_validate({**manifest.model_dump(by_alias=False), **fields})
    document = renewed.model_dump(mode="json", by_alias=True)
    (weights / MANIFEST).write_text(json.dumps(document, indent=2) + "\n", encoding="utf-8")
    for name, value in fields["figures"].items():
        click.echo(f"{name.replace('_', ' ')}: {value}")


if __name__ == "__main__":
    main()
