"""`divescore train`."""

import json
import shlex
import sys
from pathlib import Path
from typing import Any

import click

from divescore import __version__

_DATA = click.Path(exists=True, file_okay=False, path_type=Path)


@click.command()
@click.option("--out", required=True, type=click.Path(file_okay=False, path_type=Path), help="Weights folder to write.")
@click.option("--seed", type=click.IntRange(0), default=0, show_default=True, help="Decides all.")
@click.option("--clips", type=click.IntRange(32), default=20_000, show_default=True, help="Rendered clips to train on.")
@click.option("--validation", type=click.IntRange(20), default=2000, show_default=True, help="Unseen clips.")
@click.option("--frame-steps", type=click.IntRange(1), default=18_000, show_default=True, help="Steps on frames.")
@click.option("--judge-steps", type=click.IntRange(1), default=5000, show_default=True, help="Steps of the judge.")
@click.option("--device", type=click.Choice(["auto", "cpu", "cuda"]), default="auto", show_default=True)
@click.option("--threads", type=click.IntRange(1), default=2, show_default=True, help="Threads to train on.")
@click.option("--workers", type=click.IntRange(0), default=2, show_default=True, help="Processes that draw; 0: none.")
@click.option("--cache", type=click.Path(file_okay=False, path_type=Path), help="Folder that keeps rendered clips.")
@click.option(
    "--checkpoints", type=click.Path(file_okay=False, path_type=Path), help="Folder to write to, and to go on from."
)
@click.option("--data", type=_DATA, help="Folder of real dives to train on instead; docs/training.md has its layout.")
@click.option("--architecture", type=click.Choice(["mini-focus", "c3d-avg"]), default="mini-focus", show_default=True)
@click.option("--from", "source", type=click.Path(exists=True, path_type=Path), help="Initial weights, with --data.")
@click.option("--epochs", type=click.IntRange(1), help="Times each real dive is seen.")
@click.option("--batch", type=click.IntRange(1), help="Real dives a step.")
@click.option("--rate", type=click.FloatRange(0, min_open=True), help="Highest learning rate, with --data.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document: the manifest.")
def train(
    out: Path,
    seed: int,
    clips: int,
    validation: int,
    frame_steps: int,
    judge_steps: int,
    device: str,
    threads: int,
    workers: int,
    cache: Path | None,
    checkpoints: Path | None,
    data: Path | None,
    architecture: str,
    source: Path | None,
    epochs: int | None,
    batch: int | None,
    rate: float | None,
    as_json: bool,
) -> None:
    """Train the shipped network on rendered dives, or it or the published one on real dives.

    An interrupted training goes on from its --checkpoints; the result is the same.

    \b
    Example:
      divescore train --out model_weights --seed 1 --cache build/clips --checkpoints build/training
      divescore train --architecture c3d-avg --data ~/mtl-aqa --from ~/c3d.pickle --out weights --checkpoints build/c3d
    """
    from divescore.lab.datasets.mtlaqa import checked_dives
    from divescore.lab.errors import LabError
    from divescore.lab.progress import PrintedProgress
    from divescore.lab.training.c3d import C3dSettings, train_c3d
    from divescore.lab.training.fine_tuning import FineTuningSettings, fine_tune_folder
    from divescore.lab.training.loop import RunOptions
    from divescore.lab.training.mini import MiniSettings, train_mini
    from divescore.scoring.commands import default_weights
    from divescore.scoring.errors import ScoringError

    given = {"epochs": epochs, "batch": batch, "rate": rate}
    chosen: dict[str, Any] = {name: value for name, value in given.items() if value is not None}
    if data is None and (architecture != "mini-focus" or source or chosen):
        raise click.UsageError("--architecture c3d-avg, --from, --epochs, --batch and --rate need --data.")
    training = {"command": shlex.join(["divescore", *sys.argv[1:]])}
    running = (RunOptions(device, threads, checkpoints), PrintedProgress())
    try:
        if data is None:
            settings = MiniSettings(seed, clips, validation, frame_steps, judge_steps)
            manifest = train_mini(out, settings, training, *running, workers, cache)
        else:
            dives, training["trainedWith"] = checked_dives(data), __version__
            if architecture == "c3d-avg":
                manifest = train_c3d(out, dives, source, C3dSettings(seed, **chosen), training, *running)
            else:
                begun, tuning = source or default_weights(), FineTuningSettings(seed, **chosen)
                manifest = fine_tune_folder(out, dives, begun, tuning, training, *running)
    except (LabError, ScoringError) as error:
        raise click.ClickException(error.message) from error
    if as_json:
        click.echo(json.dumps(manifest.model_dump(mode="json", by_alias=True), indent=2))
    else:
        click.echo(f"{out}: {manifest.id} {manifest.version}, sha256 {manifest.sha256[:12]}")
        for name, value in manifest.figures.items():
            click.echo(f"  {name.replace('_', ' ')}: {value}")
