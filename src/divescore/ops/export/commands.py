"""`divescore export`."""

import json
from datetime import UTC, datetime
from pathlib import Path

import click


@click.command()
@click.option(
    "--since",
    type=click.DateTime(["%Y-%m-%d", "%Y-%m-%dT%H:%M:%S"]),
    required=True,
    help="Dives that got their marks then or later (UTC).",
)
@click.option("--out", type=click.Path(file_okay=False, path_type=Path), required=True, help="Folder of the copies.")
@click.option("--stack", metavar="NAME", help="A stack deployed on AWS. Default: the system on this machine.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
def export(since: datetime, out: Path, stack: str | None, as_json: bool) -> None:
    """Copy films with judges' marks out of a system, for `divescore adapt --data DIR`.

    Only dives whose uploaders gave marks and agreed to this. A run that was stopped goes on where it was, and a folder
    may be exported into again. Jobs expire: run it more often than that. The copies stay when a job is erased.

    \b
    divescore export --since 2026-11-01 --out dives
    divescore export --since 2026-11-01 --out dives --stack divescore
    divescore adapt --data dives --out weights
    """
    from divescore.jobs.marks import MarksTable
    from divescore.jobs.table import JobTable
    from divescore.ops.export.films import Became, Export
    from divescore.ops.export.table import FILE, NotOurTable
    from divescore.stack.deployed import find_stack
    from divescore.stack.errors import NoSystem, as_no_system
    from divescore.uploads.store import UploadStore

    try:
        found = find_stack(stack)
        with as_no_system("The marks and films cannot be read"):
            dynamodb, name = found.client("dynamodb"), found.output("JobsTable")
            run = Export(
                jobs=JobTable(name, dynamodb),
                marks=MarksTable(name, dynamodb),
                store=UploadStore(found.output("UploadsBucket"), found.client("s3")),
                folder=out,
                notice=lambda text: click.echo(text, err=True),
            )
            counts = run.run(int(since.replace(tzinfo=UTC).timestamp() * 1000))
    except (NoSystem, NotOurTable) as error:
        raise click.ClickException(error.message) from error
    if as_json:
        click.echo(json.dumps({"table": str(out / FILE), **{one.value: counts[one] for one in Became}}))
        return
    skipped = counts.total() - counts[Became.COPIED] - counts[Became.THERE]
    click.echo(
        f"{counts[Became.COPIED]} films copied, {counts[Became.THERE]} there already, {skipped} skipped: {out / FILE}"
    )
