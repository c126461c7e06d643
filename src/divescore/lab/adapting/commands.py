"""`divescore adapt`."""

import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from divescore.lab.adapting.adapting import Report

_FOLDER = click.Path(exists=True, file_okay=False, path_type=Path)


@click.command()
@click.option("--data", required=True, type=_FOLDER, help="Folder of films and the .csv that lists their marks.")
@click.option("--out", required=True, type=click.Path(file_okay=False, path_type=Path), help="Weights folder to write.")
@click.option("--weights", type=_FOLDER, help="Folder of the model to adapt.")
@click.option("--plot", type=click.Path(dir_okay=False, path_type=Path), help="Picture to write, .svg.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
def adapt(data: Path, out: Path, weights: Path | None, plot: Path | None, as_json: bool) -> None:
    """Fit the model's last layer to a club's own films and marks, 20 to 200 of them.

    Writes a weights folder only if that errs less than the club's mean, the prior and the unadapted model; exits with 1
    if it does not.

    \b
    Example:
      divescore adapt --data club --out club-weights
      divescore predict --weights club-weights dive.mp4
    """
    from divescore.lab.adapting.adapting import adapt as adapt_to
    from divescore.lab.adapting.adapting import write_adapted
    from divescore.lab.adapting.judged import judge
    from divescore.lab.datasets.films import read_films
    from divescore.lab.errors import LabError
    from divescore.lab.progress import PrintedProgress
    from divescore.scoring.commands import default_weights
    from divescore.scoring.errors import ScoringError

    source = weights or default_weights()
    try:
        judged = judge(read_films(data), source, PrintedProgress())
        adapted = adapt_to(judged)
    except (ScoringError, LabError) as error:
        raise click.ClickException(error.message) from error
    report = adapted.report
    if plot is not None:
        from divescore.lab.evaluation.plots import executions

        plot.parent.mkdir(parents=True, exist_ok=True)
        plot.write_text(executions(judged.marks, adapted.estimates), encoding="utf-8")
    if report.better:
        write_adapted(source, out, adapted, data.resolve().name, judged.films)
    if as_json:
        click.echo(json.dumps({**asdict(report), "written": report.better}, indent=2))
    else:
        click.echo(_text(report))
    if not report.better:
        raise click.ClickException("The adapted model is not better than all of these, so it was not written.")


def _text(report: "Report") -> str:
    lines = [
        f"{report.films} films of {report.groups} divers or events, cross-validated",
        f"  {'':<22}{'mean error':>12}{'rho':>8}{'by chance':>12}",
        f"  {'adapted':<22}{report.mean_error:>12.2f}{report.rank_correlation:>8.2f}",
    ]
    lines += [
        f"  {other.name:<22}{other.mean_error:>12.2f}{other.rank_correlation:>8.2f}{other.chance:>12.4f}"
        for other in report.baselines
    ]
    lines.append(f"  inside the interval {report.coverage:.0%}; shuffled marks do as well in {report.shuffled:.1%}")
    return "\n".join(lines)
