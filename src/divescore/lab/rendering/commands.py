"""`divescore render`."""

import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from divescore.difficulty import HEIGHTS
from divescore.dives import parse_dive

if TYPE_CHECKING:
    from divescore.lab.rendering.dive import GroundTruth

NEGATIVE_KINDS = ("noise", "still", "pan", "shapes", "person", "pool", "cuts", "cut-off")
_HEIGHTS = [f"{height:g}" for height in HEIGHTS]


@click.command()
@click.option("--dive", "number", metavar="NUMBER", help="Dive number, such as 107B; drawn by the seed if not given.")
@click.option("--seed", type=click.IntRange(0), default=0, show_default=True, help="Decides everything else.")
@click.option("--height", type=click.Choice(_HEIGHTS), help="Metres above the water; drawn by the seed if not given.")
@click.option("--execution", type=click.FloatRange(0, 30), help="Points of execution to draw flaws for.")
@click.option("--negative", type=click.Choice(NEGATIVE_KINDS), help="Draw a film that is no dive instead.")
@click.option("--out", required=True, type=click.Path(dir_okay=False, path_type=Path), help="File to write, .webm.")
@click.option("--still", type=click.Path(dir_okay=False, path_type=Path), help="Also write a picture of it, .jpg.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
def render(
    number: str | None,
    seed: int,
    height: str | None,
    execution: float | None,
    negative: str | None,
    out: Path,
    still: Path | None,
    as_json: bool,
) -> None:
    """Draw a synthetic dive as a video file and say what was drawn.

    \b
    Example:
      divescore render --dive 107B --seed 7 --out dive.webm
    """
    from divescore.lab.rendering.films import write_film, write_still
    from divescore.lab.rendering.negatives import Film, build_negative
    from divescore.lab.rendering.random_dives import random_rendered_dive

    if out.suffix.lower() != ".webm":
        raise click.BadParameter("the file's name must end in .webm", param_hint="--out")
    film: Film
    if negative is not None:
        film = build_negative(negative, seed)
        shown: dict[str, Any] = {"negative": negative}
        sentence = f"no dive ({negative})"
    else:
        try:
            dive = parse_dive(number) if number is not None else None
        except ValueError as error:
            raise click.BadParameter(str(error), param_hint="--dive") from error
        film = rendered = random_rendered_dive(seed, dive, float(height) if height else None, execution)
        shown = _document(rendered.truth)
        sentence = (
            f"dive {shown['dive']} from {shown['height']:g} m, difficulty {shown['difficulty']}, "
            f"execution {shown['execution']}, score {shown['score']:.2f}"
        )
    try:
        frames = write_film(film, out)
        if still is not None:
            write_still(film, still)
    except OSError as error:
        raise click.ClickException(str(error)) from error
    document = {"file": str(out), "seed": seed, "frames": frames, **shown}
    click.echo(json.dumps(document, indent=2) if as_json else f"{out}: {sentence}, {frames} frames")


def _document(truth: "GroundTruth") -> dict[str, Any]:
    return {
        "dive": truth.dive.number,
        "height": truth.height,
        "difficulty": truth.difficulty,
        "execution": truth.execution,
        "score": truth.score,
        "marks": truth.marks,
        "flaws": {name: round(value, 3) for name, value in asdict(truth.flaws).items()},
    }
