"""`divescore predict`: the scorer alone, no stack."""

import os
from pathlib import Path
from typing import TYPE_CHECKING

import click

from divescore.declaration import Declaration
from divescore.difficulty import HEIGHTS, HIGHEST, LOWEST
from divescore.printable import printable, printable_json

if TYPE_CHECKING:
    from divescore.result import Result

FAILED, REJECTED = 1, 3
_REPOSITORY_WEIGHTS = Path(__file__).resolve().parents[3] / "model_weights"


def default_weights() -> Path:
    """The folder of MODEL_DIR, else the repository's `model_weights`."""
    named = os.environ.get("MODEL_DIR")
    return Path(named) if named else _REPOSITORY_WEIGHTS


@click.command()
@click.argument(
    "files", nargs=-1, required=True, metavar="FILE...", type=click.Path(exists=True, dir_okay=False, path_type=Path)
)
@click.option("--weights", type=click.Path(exists=True, file_okay=False, path_type=Path), help="Folder of the model.")
@click.option("--dive", metavar="NUMBER", help="The dive that was announced, such as 107B; gives its difficulty.")
@click.option(
    "--height", type=click.Choice([f"{height:g}" for height in HEIGHTS]), help="Metres of the board or platform."
)
@click.option("--difficulty", type=click.FloatRange(LOWEST, HIGHEST), help="The difficulty that was announced.")
@click.option("--no-gate", is_flag=True, help="Score it even if it does not look like a dive.")
@click.option("--threads", type=click.IntRange(1, 256), help="Threads to run on; as many as cores if not given.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
def predict(
    files: tuple[Path, ...],
    weights: Path | None,
    dive: str | None,
    height: str | None,
    difficulty: float | None,
    no_gate: bool,
    threads: int | None,
    as_json: bool,
) -> None:
    """Score videos with the network alone, without the stack.

    Exits with 3 when a video is rejected, with 1 when one cannot be read; of several, the others are scored all the
    same.

    \b
    Example:
      divescore predict dive.webm --dive 107B --height 3
    """
    from divescore.scoring.errors import ScoringError
    from divescore.scoring.scorer import Scorer
    from divescore.video.errors import VideoRejected
    from divescore.video.forkserver_connection import DecoderFailed

    metres = float(height) if height else None
    try:
        Declaration(dive, metres, difficulty).check()
    except ValueError as error:
        raise click.UsageError(str(error)) from error
    try:
        scorer = Scorer.load(weights or default_weights(), threads)
    except ScoringError as error:
        raise click.ClickException(error.message) from error
    documents: list[dict[str, object]] = []
    rejected = failed = False
    for file in files:
        name = printable(str(file))
        try:
            scored = scorer.score(file, dive, difficulty, gate=not no_gate, height=metres)
        except VideoRejected as error:
            rejected = True
            documents.append({"file": name, "error": {"code": error.code.value, "message": error.message}})
            click.echo(f"{name}: rejected ({error.code.value}): {error.message}", err=True)
            continue
        except (OSError, DecoderFailed) as error:
            failed = True
            code, sentence = _failure(error)
            documents.append({"file": name, "error": {"code": code, "message": sentence}})
            click.echo(f"{name}: {sentence}", err=True)
            continue
        documents.append({"file": name, "result": {**scored.result.to_json(), "raw": scored.raw}})
        if not as_json:
            click.echo(_line(name, scored.result))
    if as_json:
        click.echo(printable_json(documents[0] if len(documents) == 1 else documents))
    if failed:
        raise SystemExit(FAILED)
    if rejected:
        raise SystemExit(REJECTED)


def _failure(error: Exception) -> tuple[str, str]:
    if isinstance(error, OSError):
        return "FILE_UNREADABLE", f"The file cannot be read: {error.strerror or error}."
    return "INTERNAL", printable(f"Decoding failed by a fault of ours: {error}.")


def _line(file: str, result: "Result") -> str:
    interval = result.interval
    lines = [
        f"{file}: {result.score:.2f} points ({interval.low:.1f} to {interval.high:.1f} with {interval.level:.0%})",
        f"  execution {result.execution:.2f} of 30, difficulty {result.difficulty} ({result.difficulty_source})",
        f"  dive {result.dive.number or 'unnamed'} ({result.dive.source}), model {result.model.id} "
        f"{result.model.version}, trained on {result.model.trained_on} dives",
    ]
    lines += [f"  note: {warning}" for warning in result.warnings]
    return "\n".join(lines)
