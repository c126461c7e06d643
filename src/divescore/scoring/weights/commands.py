"""`divescore weights`: bring other weights, and see that a folder of them is what it says."""

import json
from pathlib import Path

import click

_FOLDER = click.Path(exists=True, file_okay=False, path_type=Path)


@click.group()
def weights() -> None:
    """Bring the published network's weights, and verify a folder of weights.

    \b
    Example:
      divescore weights import ~/mtl-aqa --out weights
      divescore up --weights weights
    """


@weights.command("import")
@click.argument("source", metavar="SRC", type=_FOLDER)
@click.option("--out", required=True, type=click.Path(file_okay=False, path_type=Path), help="Folder to write.")
@click.option("--half", is_flag=True, help="Store float16: half the size, an error near 2e-4 in fp32.")
@click.option("--no-int8", is_flag=True, help="Keep no int8 weights, which some processors run fastest.")
@click.option(
    "--padding",
    type=click.Choice(["published", "corrected"]),
    default="published",
    show_default=True,
    help="What fills a video's last clip: grey as published, or its last frame.",
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
def import_(source: Path, out: Path, half: bool, no_int8: bool, padding: str, as_json: bool) -> None:
    """Convert the C3D-AVG checkpoints in SRC to a weights folder.

    SRC holds model_CNN_*.pth, model_my_fc6_*.pth and model_score_regressor_*.pth, and if there are any
    model_dive_classifier_*.pth (names the dive) and c3d.pickle (turns away what is no dive).

    \b
    Example:
      divescore weights import ~/mtl-aqa --out weights --half
    """
    from divescore.scoring.c3d.manifest import C3dPreprocessing
    from divescore.scoring.errors import ScoringError
    from divescore.scoring.weights.importing import import_weights

    try:
        manifest = import_weights(
            source,
            out,
            half,
            not no_int8,
            C3dPreprocessing.model_validate({"padding": padding}),
            lambda line: click.echo(line, err=True),
        )
    except ScoringError as error:
        raise click.ClickException(error.message) from error
    except OSError as error:
        raise click.ClickException(f"{out} cannot be written: {error.strerror}.") from error
    if as_json:
        click.echo(json.dumps({"folder": str(out), "manifest": manifest.model_dump(mode="json", by_alias=True)}))
    else:
        total = sum(file.bytes for file in manifest.files)
        click.echo(f"{out}: {manifest.id} {manifest.version}, {len(manifest.files)} files, {total / 1e6:.0f} MB")


@weights.command()
@click.argument("folder", metavar="DIR", type=_FOLDER)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
def verify(folder: Path, as_json: bool) -> None:
    """Compare every file of a weights folder with its manifest; exits with 1 when one differs.

    \b
    Example:
      divescore weights verify weights
    """
    from divescore.scoring.errors import ScoringError
    from divescore.scoring.manifest import check_files, parse_manifest

    try:
        manifest = parse_manifest(folder)
    except ScoringError as error:
        raise click.ClickException(error.message) from error
    faults = check_files(folder, manifest)
    if as_json:
        click.echo(
            json.dumps({"folder": str(folder), "model": manifest.id, "sha256": manifest.sha256, "faults": faults})
        )
    else:
        for file in manifest.files:
            click.echo(f"{file.name}: {faults.get(file.name, 'as it should be')}")
    if faults:
        raise SystemExit(1)
