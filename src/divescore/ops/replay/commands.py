"""The command group `divescore replay`."""

from collections.abc import Callable
from dataclasses import replace
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, NoReturn

import click

from divescore.printable import printable, printable_json

if TYPE_CHECKING:
    from rich.console import Console

    from divescore.ops.replay.resources import Resources
    from divescore.ops.replay.selection import Selection

DONE, FAILED, USAGE = 0, 1, 2
QUEUES = ("uploads", "scoring", "stream", "settled", "jobs")


class Answer(NamedTuple):
    """What a command found or did: as a document for programs, and by which function people are shown it."""

    document: Any
    show: "Callable[[Console], None]"


def _age(_context: click.Context, _parameter: click.Parameter, text: str | None) -> int | None:
    from divescore.ops.replay.selection import parse_age

    return None if text is None else parse_age(text)


def _expression(_context: click.Context, _parameter: click.Parameter, text: str | None) -> Any:
    from divescore.ops.replay.selection import parse_expression

    return None if text is None else parse_expression(text)


def _choosing(command: Callable[..., Answer]) -> Callable[..., NoReturn]:
    """The options that choose dead letters. The command gets the system's Resources and the Selection."""
    options = [
        click.option(
            "--queue",
            "queues",
            type=click.Choice(QUEUES),
            multiple=True,
            help="Only this dead-letter queue; jobs: FAILED jobs that have no dead letter. Repeat for more; "
            "default: all.",
        ),
        click.option("--job", "jobs", multiple=True, metavar="ID", help="Only about this job. Repeat for more."),
        click.option(
            "--code", "codes", multiple=True, metavar="CODE", help="Only this cause, such as INTERNAL. Repeat for more."
        ),
        click.option("--older-than", callback=_age, metavar="AGE", help="Only at least this old: 90s, 10m, 2h, 3d."),
        click.option("--newer-than", callback=_age, metavar="AGE", help="Only younger than this."),
        click.option(
            "--match",
            callback=_expression,
            metavar="EXPR",
            help="Only where this JMESPath expression is true of the body.",
        ),
        click.option("--stack", metavar="NAME", help="A stack deployed on AWS; default: the system on this machine."),
        click.option("--json", "as_json", is_flag=True, help="Print one JSON document."),
    ]

    @wraps(command)
    def chosen(
        *,
        queues: tuple[str, ...],
        jobs: tuple[str, ...],
        codes: tuple[str, ...],
        older_than: int | None,
        newer_than: int | None,
        match: Any,
        stack: str | None,
        as_json: bool,
        **more: Any,
    ) -> NoReturn:
        from divescore.ops.replay.resources import open_resources
        from divescore.ops.replay.selection import Selection

        selection = Selection(queues or QUEUES, jobs, codes, older_than, newer_than, match)
        _answer(lambda: command(open_resources(stack), selection, **more), as_json)

    for option in reversed(options):
        chosen = option(chosen)
    return chosen


def _answer(work: Callable[[], Answer], as_json: bool) -> NoReturn:
    """Do the work and print the answer; or a sentence about what kept us from it, which is in the document too."""
    from botocore.exceptions import BotoCoreError, ClientError
    from rich.console import Console

    from divescore.ops.replay.errors import ReplayError, explained
    from divescore.stack.errors import NoSystem

    try:
        document, show = work()
    except (NoSystem, ReplayError, BotoCoreError, ClientError) as error:
        problem = error if isinstance(error, NoSystem | ReplayError) else explained(error)
        click.echo(printable(problem.message), err=True)
        if as_json:
            _print({"error": {"code": problem.code, "message": problem.message}})
        raise SystemExit(FAILED) from error
    if as_json:
        _print(document)
    else:
        show(Console(soft_wrap=True))
    raise SystemExit(FAILED if isinstance(document, dict) and not document.get("ok", True) else DONE)


def _print(document: Any) -> None:
    click.echo(printable_json(document))


@click.group()
def replay() -> None:
    """Look at dead letters, send them again, delete them.

    A dead letter is a message that the system gave up on. It waits in a dead-letter queue until somebody sends it again
    to its source queue, the one that it came from, or deletes it. No queue and no job changes without --yes.

    \b
    queue     its dead letters are
    uploads   notifications of uploads, for `enqueue`
    scoring   dives to score, for the workers
    stream    changes of jobs to push to browsers, for `notify`
    settled   settled jobs to tell the subscribers of `DiveSettled` of, for `settle`
    jobs      none: FAILED jobs that have no dead letter, but can be scored again

    \b
    divescore replay list                     how many there are, and why
    divescore replay show ID                  one dead letter in full
    divescore replay run                      what a run would do
    divescore replay run --yes --canary 3     do it; the first three have to be scored
    divescore replay export letters.jsonl
    divescore replay purge --exported letters.jsonl --yes
    """


@replay.command("list")
@click.option("--each", is_flag=True, help="A line for each dead letter instead of groups.")
@_choosing
def list_letters(resources: "Resources", selection: "Selection", each: bool) -> Answer:
    """Count dead letters by queue, cause and plan.

    The plan is what `divescore replay run` would do with them. Nothing changes; while they are read, at most a minute,
    they are hidden from others.

    \b
    divescore replay list
    divescore replay list --queue scoring --code INTERNAL --older-than 1h --each
    divescore replay list --match "starts_with(jobId, '3f')" --json
    """
    from divescore.ops.replay import operations, reports

    document = operations.look(resources, selection)

    def show(console: "Console") -> None:
        if not document["letters"]:
            click.echo("There is nothing: no such dead letter, and no failed job without one.")
        elif each:
            reports.show_items(console, document["letters"])
        else:
            reports.show_groups(console, document["groups"])

    return Answer(document, show)


@replay.command()
@click.argument("identity", metavar="ID")
@_choosing
def show(resources: "Resources", selection: "Selection", identity: str) -> Answer:
    """Show dead letters in full, by message or job ID.

    For each its body, all attributes, its jobs' records, whether their videos are there, and the plan. Nothing changes.

    \b
    divescore replay show 3f2a7c9e1b5d4f60a8c7e6d5b4a39281
    """
    from divescore.ops.replay import operations

    found = operations.find(resources, selection, identity)

    def show_all(console: "Console") -> None:
        for one in found:
            console.print(printable_json(one), highlight=False, markup=False)

    return Answer(found, show_all)


@replay.command()
@click.option("--yes", is_flag=True, help="Do it. Without this the plan is shown, and nothing changes.")
@click.option("--rate", type=click.FloatRange(0, min_open=True), metavar="N", help="At most N messages per second.")
@click.option(
    "--canary",
    type=click.IntRange(0),
    default=0,
    metavar="N",
    help="Send the N oldest first; go on only once all are scored.",
)
@click.option(
    "--canary-timeout", type=float, default=300, show_default=True, metavar="S", help="Seconds to wait for that."
)
@click.option("--limit", type=click.IntRange(1), metavar="N", help="At most N dead letters, the oldest first.")
@_choosing
def run(
    resources: "Resources",
    selection: "Selection",
    yes: bool,
    rate: float | None,
    canary: int,
    canary_timeout: float,
    limit: int | None,
) -> Answer:
    """Send dead letters again (redrive): a dry run unless --yes.

    A dead letter goes back to its source queue unchanged, and is deleted once that is confirmed. Its job goes from
    FAILED to QUEUED, which its browser sees. Where the dive was scored, rejected or removed meanwhile, the dead letter
    is skipped, with the reason. The next run takes up an interrupted one.

    \b
    divescore replay run                                 what would happen
    divescore replay run --yes --canary 3 --rate 20
    divescore replay run --queue jobs --code QUEUE_TIMEOUT --yes --stack divescore

    Exit code: 0 all was done (or there was nothing to do), 1 something was not, 2 wrong usage.
    """
    from divescore.ops.replay import operations, reports

    if not yes:
        document = operations.dry_run(resources, selection, limit)
        return Answer(document, lambda console: reports.show_dry_run(console, document))
    options = operations.RedriveOptions(rate, canary, canary_timeout, limit)
    if not click.get_current_context().params["as_json"]:
        options = replace(options, progress=reports.progress_bar, say=lambda text: click.echo(text, err=True))
    document = operations.run(resources, selection, options)
    return Answer(document, lambda console: reports.show_run(console, document))


@replay.command()
@click.argument("file", type=click.Path(dir_okay=False, writable=True, path_type=Path))
@click.option("--settled", is_flag=True, help="Only what a run would skip, such as dives that have their score.")
@_choosing
def export(resources: "Resources", selection: "Selection", file: Path, settled: bool) -> Answer:
    """Write dead letters to FILE, one JSON object per line.

    Nothing changes in the queues.

    \b
    divescore replay export letters.jsonl
    """
    from divescore.ops.replay import operations

    count = operations.export(resources, selection, file, settled)
    sentence = f"{count} dead letter{'' if count == 1 else 's'} written to {file}."
    return Answer({"file": str(file), "letters": count}, lambda _: click.echo(sentence))


@replay.command()
@click.option(
    "--exported",
    type=click.Path(dir_okay=False, path_type=Path),
    required=True,
    metavar="FILE",
    help="What `export` wrote; nothing else is deleted.",
)
@click.option("--yes", is_flag=True, help="Do it. Without this the dead letters are only counted.")
@click.option("--settled", is_flag=True, help="Only what a run would skip, such as dives that have their score.")
@_choosing
def purge(resources: "Resources", selection: "Selection", exported: Path, yes: bool, settled: bool) -> Answer:
    """Delete dead letters for good that were exported.

    Only those are deleted that the export holds exactly as they lie in the queue.

    \b
    divescore replay export letters.jsonl --settled
    divescore replay purge --exported letters.jsonl --settled --yes
    """
    from divescore.ops.replay import operations

    document = operations.purge(resources, selection, exported, settled, yes)

    def show(_console: "Console") -> None:
        if yes:
            click.echo(f"{document['deleted']} deleted.")
        else:
            click.echo(f"{document['found']} would be deleted. Nothing was changed; add --yes to do it.")
        if document["notExported"]:
            click.echo(f"{document['notExported']} kept, since {exported} does not hold them.", err=True)
        for message_id, why in document["failed"].items():
            click.echo(f"{message_id} was not deleted: {why}", err=True)

    return Answer(document, show)
