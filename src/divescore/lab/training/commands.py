"""`divescore render`, `train` and `evaluate`."""

import json
import shlex
import sys
import tempfile
import time
from dataclasses import asdict
from pathlib import Path
from typing import Any

import click

HEIGHTS = ("1", "3", "5", "7.5", "10")
NEGATIVE_KINDS = ("noise", "still", "pan", "shapes", "person", "pool", "cuts", "cut-off")
_REPORT_EVERY = 2.0
_DATA = click.Path(exists=True, file_okay=False, path_type=Path)


@click.command()
@click.option("--dive", "number", metavar="NUMBER", help="Dive number, such as 107B; drawn by the seed if not given.")
@click.option("--seed", type=click.IntRange(0), default=0, show_default=True, help="Decides everything else.")
@click.option("--height", type=click.Choice(HEIGHTS), help="Metres above the water; drawn by the seed if not given.")
@click.option("--execution", type=click.FloatRange(0, 30), help="Points of execution to draw flaws for.")
@click.option("--negative", type=click.Choice(NEGATIVE_KINDS), help="Draw a film that is no dive instead.")
@click.option("--out", required=True, type=click.Path(dir_okay=False, path_type=Path), help="File to write, .webm.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
def render(
    number: str | None,
    seed: int,
    height: str | None,
    execution: float | None,
    negative: str | None,
    out: Path,
    as_json: bool,
) -> None:
    """Draw a synthetic dive as a video file and say what was drawn.

    \b
    Example:
      divescore render --dive 107B --seed 7 --out dive.webm
    """
    from divescore.lab.rendering.films import write_film
    from divescore.lab.rendering.negatives import build_negative

    if out.suffix.lower() != ".webm":
        raise click.BadParameter("the file's name must end in .webm", param_hint="--out")
    if negative is not None:
        film: Any = build_negative(negative, seed)
        drawn: dict[str, Any] = {"negative": negative}
    else:
        film = _build_dive(number, seed, height, execution)
        drawn = _describe(film)
    try:
        frames = write_film(film, out)
    except OSError as error:
        raise click.ClickException(str(error)) from error
    document = {"file": str(out), "seed": seed, "frames": frames, **drawn}
    if as_json:
        click.echo(json.dumps(document, indent=2))
    elif negative is not None:
        click.echo(f"{out}: no dive ({negative}), {frames} frames")
    else:
        click.echo(
            f"{out}: dive {drawn['dive']} from {drawn['height']:g} m, difficulty {drawn['difficulty']}, "
            f"execution {drawn['execution']}, score {drawn['score']:.2f}, {frames} frames"
        )


def _build_dive(number: str | None, seed: int, height: str | None, execution: float | None) -> Any:
    import numpy as np

    from divescore.dives import parse_dive
    from divescore.lab.rendering.dive import RenderedDive
    from divescore.lab.rendering.flaws import draw_execution, draw_flaws
    from divescore.lab.rendering.random_dives import draw_dive, draw_height

    rng = np.random.default_rng([seed, 0])
    drawn = draw_dive(rng)
    if number is not None:
        try:
            drawn = parse_dive(number)
        except ValueError as error:
            raise click.BadParameter(str(error), param_hint="--dive") from error
    points = draw_execution(rng)
    flaws = draw_flaws(rng, points if execution is None else execution)
    metres = draw_height(rng, drawn)
    return RenderedDive(drawn, flaws, float(height) if height else metres, seed)


def _describe(film: Any) -> dict[str, Any]:
    drawn = film.drawn
    return {
        "dive": drawn.dive.number,
        "height": drawn.height,
        "difficulty": drawn.difficulty,
        "execution": drawn.execution,
        "score": drawn.score,
        "marks": drawn.marks,
        "flaws": {name: round(value, 3) for name, value in asdict(drawn.flaws).items()},
    }


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
    from divescore.lab.errors import TrainingError
    from divescore.lab.training.loop import Running
    from divescore.scoring.errors import ScoringError

    if data is None and (architecture != "mini-focus" or source or epochs or batch or rate):
        raise click.UsageError("--architecture c3d-avg, --from, --epochs, --batch and --rate need --data.")
    command = shlex.join(["divescore", *sys.argv[1:]])
    running = Running(device, threads, checkpoints)
    try:
        if data is not None:
            from divescore.lab.evaluation.real_dives import Choices, train_on_real

            choices = Choices(seed, epochs, batch, rate)
            manifest = train_on_real(architecture, out, data, source, choices, running, command, Reporter())
        else:
            from divescore.lab.training.mini import Settings, train

            settings = Settings(seed, clips, validation, frame_steps, judge_steps)
            manifest = train(out, settings, command, Reporter(), running, workers, cache)
    except (TrainingError, ScoringError) as error:
        raise click.ClickException(error.message) from error
    if as_json:
        click.echo(json.dumps(manifest.model_dump(mode="json", by_alias=True), indent=2))
    else:
        click.echo(f"{out}: {manifest.id} {manifest.version}, sha256 {manifest.sha256[:12]}")
        for name, value in manifest.figures.items():
            click.echo(f"  {name.replace('_', ' ')}: {value}")


@click.command()
@click.option("--weights", type=click.Path(exists=True, file_okay=False, path_type=Path), help="Folder of the model.")
@click.option("--seed", type=click.IntRange(0), default=77, show_default=True, help="Seed of the unseen clips.")
@click.option("--clips", type=click.IntRange(20), default=300, show_default=True, help="Rendered clips to judge by.")
@click.option("--divers", type=click.IntRange(0), default=0, help="Dives to sweep each flaw on, from none to gross.")
@click.option("--plots", type=click.Path(file_okay=False, path_type=Path), help="Folder to write pictures to, .svg.")
@click.option("--workers", type=click.IntRange(0), default=2, show_default=True, help="Processes that draw; 0: none.")
@click.option("--cache", type=click.Path(file_okay=False, path_type=Path), help="Folder that keeps rendered clips.")
@click.option("--data", type=_DATA, help="Folder of real dives to measure on instead, on its test split.")
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
    from divescore.lab.datasets.rendered import Shape, build_dataset
    from divescore.lab.errors import TrainingError
    from divescore.lab.evaluation.figures import draw_plots, figures, read
    from divescore.lab.evaluation.flaw_sweeps import sweep_flaws
    from divescore.lab.training.mini import VALIDATION_SEEDS, load_network
    from divescore.scoring.commands import default_weights
    from divescore.scoring.errors import ScoringError
    from divescore.scoring.manifest import read_manifest
    from divescore.scoring.mini.preprocessing import Preprocessing

    folder = weights or default_weights()
    try:
        manifest = read_manifest(folder)
        if data is not None:
            from divescore.lab.evaluation.real_dives import measure_on_real

            where, found = measure_on_real(folder, manifest, data, device, Reporter())
            _tell(manifest, where, found, as_json)
            return
        network = load_network(folder, manifest)
    except (ScoringError, TrainingError) as error:
        raise click.ClickException(error.message) from error
    wanted = manifest.preprocessing_as(Preprocessing)
    first = VALIDATION_SEEDS + seed * 1_000_000
    reporter = Reporter()
    with tempfile.TemporaryDirectory(prefix="divescore-evaluate-") as scratch:
        dataset = build_dataset(
            range(first, first + clips),
            Shape(wanted.frames, wanted.width, wanted.height),
            cache or Path(scratch),
            workers,
            lambda done, total: reporter("drawing", done / total, f"{done} of {total} clips"),
        )
        readings = read(network, dataset, wanted, manifest.execution_scale)
    measured: dict[str, Any] = figures(readings, manifest.gate.threshold, manifest.interval.factor)
    swept = (
        sweep_flaws(
            network,
            wanted,
            manifest.execution_scale,
            first + clips,
            divers,
            lambda done, total: reporter("sweeping flaws", done / total, f"{done} of {total}"),
        )
        if divers
        else {}
    )
    for name, one in swept.items():
        measured[f"{name}_sweep_correlation"] = round(one.correlation, 4)
    if plots is not None:
        sweeps = {name: one.sweep for name, one in swept.items()}
        draw_plots(plots, readings, manifest.gate.threshold, manifest.interval.factor, sweeps)
    _tell(manifest, f"{clips} unseen rendered clips (seed {seed})", measured, as_json)


def _tell(manifest: Any, where: str, measured: dict[str, Any], as_json: bool) -> None:
    document = {"model": {"id": manifest.id, "version": manifest.version, "sha256": manifest.sha256}, **measured}
    if as_json:
        click.echo(json.dumps(document, indent=2))
        return
    click.echo(f"{manifest.id} {manifest.version} on {where}")
    for name, value in measured.items():
        click.echo(f"  {name.replace('_', ' ')}: {value}")


class Reporter:
    """Prints progress to standard error: a line every other second, and one at each stage's end."""

    def __init__(self) -> None:
        self._last = 0.0

    def __call__(self, stage: str, fraction: float, note: str) -> None:
        """Report a share of a stage."""
        now = time.monotonic()
        if fraction < 1.0 and now - self._last < _REPORT_EVERY:
            return
        self._last = now
        click.echo(f"{stage}: {fraction:.0%}, {note}", err=True)
