"""The command group `divescore replay`."""

import json as json_module
from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from divescore.ops.replay.operations import Selection

DONE, FAILED, USAGE = 0, 1, 2
QUEUES = ("uploads", "scoring", "stream", "jobs")
Command = Callable[..., Any]


def _choosing(command: Command) -> Command:
    """The options that choose letters; the command gets them as one Selection."""
    options = [
        click.option(
            "--queue",
            "queues",
            type=click.Choice(QUEUES),
            multiple=True,
            help="Only this dead-letter queue; jobs: FAILED jobs without a letter. May be given again; default all.",
        ),
        click.option("--job", "jobs", multiple=True, metavar="ID", help="Only letters about this job. Again for more."),
        click.option("--code", "codes", multiple=True, metavar="CODE", help="Only this cause, such as INTERNAL."),
        click.option("--older-than", metavar="AGE", help="Only letters at least this old: 90s, 10m, 2h, 3d."),
        click.option("--newer-than", metavar="AGE", help="Only letters younger than this."),
        click.option("--match", metavar="EXPR", help="Only where this JMESPath expression is true of the body."),
        click.option("--stack", metavar="NAME", help="A stack deployed on AWS; default: the system on this machine."),
        click.option("--json", "as_json", is_flag=True, help="Print one JSON document."),
    ]

    @wraps(command)
    def chosen(
        *arguments: Any,
        queues: tuple[str, ...],
        jobs: tuple[str, ...],
        codes: tuple[str, ...],
        older_than: str | None,
        newer_than: str | None,
        match: str | None,
        stack: str | None,
        as_json: bool,
        **more: Any,
    ) -> None:
        from divescore.ops.replay.errors import BadFilter
        from divescore.ops.replay.operations import Selection
        from divescore.ops.replay.selection import Filter

        try:
            wanted = Filter.parse(jobs, codes, older_than, newer_than, match)
        except BadFilter as error:
            raise click.UsageError(error.message) from error
        _told(lambda: command(*arguments, Selection(queues or QUEUES, wanted, stack), as_json, **more), as_json)

    for option in reversed(options):
        chosen = option(chosen)
    return chosen


def _told(work: Callable[[], int], as_json: bool) -> None:
    """Run a command's work; what keeps it from it is told in a sentence, and in the document if there is to be one."""
    from botocore.exceptions import BotoCoreError, ClientError

    from divescore.ops.replay.errors import ReplayError, explained
    from divescore.stack.errors import NoSystem

    try:
        raise SystemExit(work())
    except (NoSystem, ReplayError) as error:
        code, message = error.code, error.message
    except (BotoCoreError, ClientError) as error:
        problem = explained(error, getattr(error, "kwargs", {}).get("endpoint_url"))
        code, message = problem.code, problem.message
    click.echo(message, err=True)
    if as_json:
        _print({"error": {"code": code, "message": message}})
    raise SystemExit(FAILED)


def _print(document: Any) -> None:
    click.echo(json_module.dumps(document, indent=2, ensure_ascii=False))


@click.group()
def replay() -> None:
    """Look at dead letters, send them again, put them away.

    \b
    divescore replay list                     what lies there, and why
    divescore replay show ID                  one letter in full
    divescore replay run                      what a run would do
    divescore replay run --yes --canary 3     do it; the first three have to be scored
    divescore replay export letters.jsonl
    divescore replay purge --exported letters.jsonl --yes
    """


@replay.command("list")
@click.option("--each", is_flag=True, help="A line for each letter instead of groups.")
@_choosing
def list_letters(selection: "Selection", as_json: bool, each: bool) -> int:
    """Count dead letters by queue, cause and what a run would do with them. Nothing is consumed.

    \b
    divescore replay list
    divescore replay list --queue scoring --code INTERNAL --older-than 1h --each
    divescore replay list --match "starts_with(jobId, '3f')" --json
    """
    from divescore.ops.replay import operations

    document = operations.look(selection)
    if as_json:
        _print(document)
        return DONE
    from rich.console import Console

    from divescore.ops.replay import reports

    console = Console(soft_wrap=True)
    if not document["letters"]:
        click.echo("There is nothing: no such letter, and no failed job without one.")
    elif each:
        reports.show_items(console, document["letters"])
    else:
        reports.show_groups(console, document["groups"])
    return DONE


@replay.command()
@click.argument("identity", metavar="ID")
@_choosing
def show(selection: "Selection", as_json: bool, identity: str) -> int:
    """Show letters in full, by message id or job id: body, all attributes, the jobs' records. Nothing is consumed.

    \b
    divescore replay show 3f2a7c9e1b5d4f60a8c7e6d5b4a39281
    """
    from divescore.ops.replay import operations

    found = operations.find(selection, identity)
    if as_json:
        _print(found)
        return DONE
    from rich.console import Console

    from divescore.ops.replay import reports

    for one in found:
        reports.show_whole(Console(soft_wrap=True), one)
    return DONE


@replay.command()
@click.option("--yes", is_flag=True, help="Do it. Without this the plan is shown and nothing changes.")
@click.option("--rate", type=click.FloatRange(0, min_open=True), metavar="N", help="At most N messages per second.")
@click.option(
    "--canary", type=click.IntRange(0), default=0, metavar="N", help="Send N first; go on once all are scored."
)
@click.option(
    "--canary-timeout", type=float, default=300, show_default=True, metavar="S", help="Seconds they may take."
)
@click.option("--limit", type=click.IntRange(1), metavar="N", help="At most N letters, the oldest.")
@_choosing
def run(
    selection: "Selection",
    as_json: bool,
    yes: bool,
    rate: float | None,
    canary: int,
    canary_timeout: float,
    limit: int | None,
) -> int:
    """Send dead letters again: a dry run unless --yes.

    A letter goes back to its queue unchanged and is deleted once that is confirmed; its job goes from FAILED to
    QUEUED, which its browser sees. What was scored, rejected or removed in the meantime is left where it is, and said.
    An interrupted run is taken up by the next.

    \b
    divescore replay run                                 what would happen
    divescore replay run --yes --canary 3 --rate 20
    divescore replay run --queue jobs --code QUEUE_TIMEOUT --yes --stack divescore

    Exit code: 0 all was done (or there was nothing to do), 1 something was not, 2 wrong usage.
    """
    from divescore.ops.replay import operations
    from divescore.ops.replay.operations import Orders

    orders = Orders(rate, canary, canary_timeout, limit, quiet=as_json)
    document = operations.send(selection, orders) if yes else operations.rehearse(selection, orders)
    if as_json:
        _print(document)
    return DONE if document["ok"] else FAILED


@replay.command()
@click.argument("file", type=click.Path(dir_okay=False, writable=True, path_type=Path))
@click.option("--settled", is_flag=True, help="Only what a run would skip.")
@_choosing
def export(selection: "Selection", as_json: bool, file: Path, settled: bool) -> int:
    """Write letters to FILE, one JSON object per line. Nothing is consumed.

    \b
    divescore replay export letters.jsonl
    """
    from divescore.ops.replay import operations

    count = operations.export(selection, file, settled)
    if as_json:
        _print({"file": str(file), "letters": count})
    else:
        click.echo(f"{count} letter{'' if count == 1 else 's'} written to {file}.")
    return DONE


@replay.command()
@click.option(
    "--exported",
    type=click.Path(dir_okay=False, path_type=Path),
    required=True,
    metavar="FILE",
    help="What `export` wrote; only letters that it holds are removed.",
)
@click.option("--yes", is_flag=True, help="Do it. Without this the letters are only counted.")
@click.option("--settled", is_flag=True, help="Only what a run would skip.")
@_choosing
def purge(selection: "Selection", as_json: bool, exported: Path, yes: bool, settled: bool) -> int:
    """Delete letters for good, those alone that lie in an export exactly as they lie in the queue.

    \b
    divescore replay export letters.jsonl --settled
    divescore replay purge --exported letters.jsonl --settled --yes
    """
    from divescore.ops.replay import operations

    document = operations.purge(selection, exported, settled, yes)
    if as_json:
        _print(document)
        return DONE if document["ok"] else FAILED
    if not yes:
        click.echo(f"{document['found']} would be deleted. Nothing was changed; add --yes to do it.")
    else:
        click.echo(f"{document['deleted']} deleted.")
    if document["notExported"]:
        click.echo(f"{document['notExported']} kept, since {exported} does not hold them.", err=True)
    for message_id, why in document["failed"].items():
        click.echo(f"{message_id} was not deleted: {why}", err=True)
    return DONE if document["ok"] else FAILED
