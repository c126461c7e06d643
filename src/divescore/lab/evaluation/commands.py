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
    device: str,
    as_json: bool,
) -> None:
    """Measure a model on rendered clips that no training has seen, or on the test split of real dives.

    \b
    Example:
      divescore evaluate --clips 300 --divers 20 --plots build/plots
      divescore evaluate --data ~/mtl-aqa --weights weights
    """
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
            dives = checked_dives(data)
            measured = measure_folder(folder, manifest, dives, device, on_progress)
            measured_on = f"{len(dives.test)} real dives of the test split"
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
