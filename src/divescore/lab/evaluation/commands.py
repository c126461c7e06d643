"""`divescore evaluate`."""

import json
import tempfile
from pathlib import Path

import click

_FOLDER = click.Path(exists=True, file_okay=False, path_type=Path)


@click.command()
@click.option("--weights", type=_FOLDER, help="Folder of the model.")
@click.option("--seed", type=click.IntRange(0), default=77, show_default=True, help="Seed of the unseen clips.")
@click.option("--clips", type=click.IntRange(20), default=300, show_default=True, help="Rendered clips to judge by.")
@click.option("--divers", type=click.IntRange(0), default=0, help="Dives to sweep each flaw on, from none to gross.")
@click.option("--plots", type=click.Path(file_okay=False, path_type=Path), help="Folder to write pictures to, .svg.")
@click.option("--workers", type=click.IntRange(0), default=2, show_default=True, help="Processes that draw; 0: none.")
@click.option("--cache", type=click.Path(file_okay=False, path_type=Path), help="Folder that keeps rendered clips.")
@click.option("--data", type=_FOLDER, help="Folder of real dives to measure on instead, on its test split.")
@click.option("--real", type=_FOLDER, help="Folder of films and the .csv of their marks to measure on instead.")
@click.option("--guises", is_flag=True, help="Measure how far guises move the execution, of rendered dives or --real.")
@click.option("--dives", type=click.IntRange(1), default=8, show_default=True, help="Rendered dives for --guises.")
@click.option("--device", type=click.Choice(["auto", "cpu", "cuda"]), default="auto", help="For --data.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
def evaluate(
    weights: Path | None,
    seed: int,
    clips: int,
    divers: int,
    plots: Path | None,
    workers: int,
    cache: Path | None,
    data: Path | None,
    real: Path | None,
    guises: bool,
    dives: int,
    device: str,
    as_json: bool,
) -> None:
    """Measure a model on rendered clips that no training has seen, or on the test split of real dives.

    \b
    Example:
      divescore evaluate --clips 300 --divers 20 --plots build/plots
      divescore evaluate --data ~/mtl-aqa --weights weights
      divescore evaluate --real films --plots build/real
      divescore evaluate --guises --dives 8 --plots build/guises
    """
    if real is not None or guises:
        _evaluate_films(weights, real, guises, dives, seed, plots, as_json)
        return
    from divescore.lab.datasets.mtlaqa import checked_dives
    from divescore.lab.datasets.rendered import clip_seeds
    from divescore.lab.errors import LabError
    from divescore.lab.evaluation.measurements import measure_folder, measure_rendered
    from divescore.lab.evaluation.networks import load_mini
    from divescore.lab.progress import PrintedProgress
    from divescore.scoring.commands import default_weights
    from divescore.scoring.errors import ScoringError
    from divescore.scoring.manifest import read_manifest

    folder, on_progress = weights or default_weights(), PrintedProgress()
    try:
        manifest = read_manifest(folder)
        if data is not None:
            labelled = checked_dives(data)
            measured = measure_folder(folder, manifest, labelled, device, on_progress)
            measured_on = f"{len(labelled.test)} real dives of the test split"
        else:
            network, seeds = load_mini(folder, manifest), clip_seeds(seed, clips, unseen=True)
            with tempfile.TemporaryDirectory(prefix="divescore-evaluate-") as scratch:
                kept = cache or Path(scratch)
                measured = measure_rendered(network, manifest, seeds, kept, workers, on_progress, divers, plots)
            measured_on = f"{clips} unseen rendered clips (seed {seed})"
    except (ScoringError, LabError) as error:
        raise click.ClickException(error.message) from error
    if as_json:
        model = {"id": manifest.id, "version": manifest.version, "sha256": manifest.sha256}
        click.echo(json.dumps({"model": model, **measured}, indent=2))
        return
    click.echo(f"{manifest.id} {manifest.version} on {measured_on}")
    for name, value in measured.items():
        click.echo(f"  {name.replace('_', ' ')}: {value}")


def _evaluate_films(
    weights: Path | None, real: Path | None, guises: bool, dives: int, seed: int, plots: Path | None, as_json: bool
) -> None:
    """Films instead of clips: real ones with marks, guises of these or of rendered ones, or both."""
    from dataclasses import asdict
    from typing import Any

    import numpy as np

    from divescore.lab.datasets.films import read_films
    from divescore.lab.datasets.rendered import clip_seeds
    from divescore.lab.errors import LabError
    from divescore.lab.evaluation.guise_measurements import (
        RealFilm,
        documents,
        guise_table,
        measure_guises,
        rendered_films,
    )
    from divescore.lab.evaluation.real_films import measure_real, real_table
    from divescore.lab.progress import PrintedProgress
    from divescore.scoring.commands import default_weights
    from divescore.scoring.errors import ScoringError
    from divescore.scoring.manifest import read_manifest

    folder, on_progress = weights or default_weights(), PrintedProgress()
    document: dict[str, Any] = {}
    tables: list[str] = []
    try:
        manifest = read_manifest(folder)
        threshold = manifest.gate.threshold
        films = read_films(real) if real is not None else []
        if films:
            figures = measure_real(films, folder, threshold, on_progress)
            document["real"] = asdict(figures)
            tables.append(real_table(figures))
        if guises:
            shown = [RealFilm(film.path) for film in films] or rendered_films(clip_seeds(seed, dives, unseen=True))
            kind = "real" if films else "rendered"
            moved = measure_guises(folder, threshold, list(shown), kind, on_progress)
            document["guises"] = documents(moved)
            tables.append(guise_table(moved))
    except (ScoringError, LabError) as error:
        raise click.ClickException(error.message) from error
    if plots is not None:
        from divescore.lab.evaluation.plots import executions, guise_differences

        plots.mkdir(parents=True, exist_ok=True)
        if "real" in document:
            judges, model_says = (
                np.array([getattr(one, name) for one in figures.each]) for name in ("judges", "model")
            )
            picture = executions(judges, model_says)
            (plots / "real.svg").write_text(picture, encoding="utf-8")
        if "guises" in document:
            columns = [np.array([getattr(one, name) for one in moved]) for name in ("mean", "worst", "bound")]
            picture = guise_differences([one.guise for one in moved], *columns)
            (plots / "guises.svg").write_text(picture, encoding="utf-8")
    if as_json:
        model = {"id": manifest.id, "version": manifest.version, "sha256": manifest.sha256}
        click.echo(json.dumps({"model": model, **document}, indent=2))
        return
    click.echo(f"{manifest.id} {manifest.version}")
    for table in tables:
        click.echo(table)
