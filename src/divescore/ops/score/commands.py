"""`divescore score` and `divescore watch`."""

import asyncio
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from divescore.difficulty import HEIGHTS
from divescore.printable import printable, printable_json

if TYPE_CHECKING:
    from divescore.client.errors import ClientError
    from divescore.client.models import Job
    from divescore.client.submit import Submission
    from divescore.declaration import Declaration

# Below the number of open jobs that the service allows one client, so that many files do not hinder each other.
AT_ONCE = 16
SCORED, FAILED, REJECTED = 0, 1, 3
BAD_INPUT = frozenset({400, 413, 415})


@click.command()
@click.argument(
    "files", nargs=-1, required=True, type=click.Path(exists=True, dir_okay=False, readable=True, path_type=Path)
)
@click.option("--json", "as_json", is_flag=True, help="Print {job, events} as JSON; an array for several files.")
@click.option("--dive", metavar="NUMBER", help="The dive's number, such as 107B, if you know it.")
@click.option("--height", type=click.Choice([f"{height:g}" for height in HEIGHTS]), help="Metres of board or platform.")
@click.option("--difficulty", type=float, metavar="DD", help="The dive's degree of difficulty, if you know it.")
@click.option("--reference", metavar="TEXT", help="Your name for the dive; servers that are told of its score get it.")
@click.option("--marks", metavar="M,M,M,M,M,M,M", help="Judges' seven marks; or execution=25.5, or score=84.15.")
@click.option("--consent", is_flag=True, help="With --marks: film and marks may be copied to adapt models.")
@click.option(
    "--csv",
    "table",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Many files: a table of what is declared of each (file, dive, height, difficulty, reference).",
)
@click.option("--jobs", "at_once", type=click.IntRange(1, 100), help="Many files: so many at a time (16).")
@click.option("--jsonl", "lines", is_flag=True, help="Many files: print each as a line of JSON as it ends.")
@click.option("--resume", is_flag=True, help="Go on where an earlier run ended: what is done is not done again.")
@click.option("--content-type", metavar="TYPE", help="Instead of what the file's suffix suggests.")
@click.option("--stack", metavar="NAME", help="Use this stack deployed on AWS (its ApiUrl output).")
@click.option("--api", metavar="URL", envvar="DIVESCORE_API", help="Use the API at this address.")
@click.option("--timeout", type=float, default=600.0, show_default=True, help="Seconds allowed for each file.")
@click.pass_context
def score(
    context: click.Context,
    files: tuple[Path, ...],
    as_json: bool,
    dive: str | None,
    height: str | None,
    difficulty: float | None,
    reference: str | None,
    marks: str | None,
    consent: bool,
    table: Path | None,
    at_once: int | None,
    lines: bool,
    resume: bool,
    content_type: str | None,
    stack: str | None,
    api: str | None,
    timeout: float,
) -> None:
    """Upload videos through the whole system and follow each to its score, live.

    \b
    divescore score dive.webm
    divescore score --dive 107B --height 3 --json dive.webm
    divescore score --marks 8.5,8.5,8,9,8.5,8.5,7.5 --consent dive.webm
    divescore score --stack divescore one.mp4 two.mp4
    divescore score videos/*.mp4 --csv dives.csv --jobs 8
    divescore score videos/*.mp4 --csv dives.csv --resume --jsonl
    divescore score --resume long.mp4

    Large videos are sent in parts: what was confirmed is not sent again, neither over a line that breaks nor, with
    --resume, after an interruption.

    Exit code: 0 scored, 1 failed, 2 wrong usage, 3 the input was rejected; of several files the worst.
    """
    from divescore.client.errors import ClientError
    from divescore.client.submit import Submission
    from divescore.declaration import Declaration
    from divescore.stack.deployed import api_address
    from divescore.stack.errors import NoSystem

    declared = Declaration(dive, float(height) if height else None, difficulty)
    given = None if marks is None else _marks(marks, consent, len(files))
    many = bool(table or at_once or lines or (resume and len(files) > 1))
    if lines and as_json:
        raise click.UsageError("--jsonl prints a line for each file, --json one document: choose one.")
    if many and marks is not None:
        raise click.UsageError("--marks are of one dive; score one file at a time with them.")
    try:
        address = api_address(api, stack)
        if many:
            options = {"resume": resume, "at_once": at_once or AT_ONCE, "timeout": timeout, "lines": lines}
            runs = _score_many(address, files, table, declared, reference, content_type, as_json, options)
        else:
            runs = asyncio.run(
                _score(address, files, as_json, declared, content_type, timeout, given, reference, resume)
            )
    except NoSystem as error:
        click.echo(error.message, err=True)
        runs = [Submission(path, error=ClientError(error.code, error.message)) for path in files]
    if as_json:
        documents = [run.document() for run in runs]
        _print_json(documents[0] if len(files) == 1 else documents)
    codes = {exit_code(run.job, run.error) for run in runs}
    context.exit(next(code for code in (FAILED, REJECTED, SCORED) if code in codes))


def _score_many(
    api: str,
    files: tuple[Path, ...],
    table: Path | None,
    declared: "Declaration",
    reference: str | None,
    content_type: str | None,
    as_json: bool,
    options: dict[str, Any],
) -> list["Submission"]:
    from rich.console import Console

    from divescore.ops.score import many
    from divescore.ops.score.declarations import BadTable

    try:
        entries, without = many.entries_of(files, table, declared, reference)
    except BadTable as error:
        raise click.UsageError(str(error)) from error
    if table is not None:
        many.warn_of_files_without_a_row(Console(stderr=True, soft_wrap=True), table, without)
    try:
        outcomes = asyncio.run(many.score_many(api, entries, content_type=content_type, quiet=as_json, **options))
    except KeyboardInterrupt:
        click.echo("Interrupted; --resume goes on from here.", err=True)
        raise
    return [outcome.run for outcome in outcomes]


async def _score(
    api: str,
    files: tuple[Path, ...],
    as_json: bool,
    declared: "Declaration",
    content_type: str | None,
    timeout: float,
    marks: dict[str, Any] | None,
    reference: str | None,
    resume: bool,
) -> list["Submission"]:
    """All files at once over one socket, as far as the service allows one client."""
    from divescore.client.http import Http
    from divescore.client.live import Live
    from divescore.client.submit import submit
    from divescore.ops.score.trace import JobTrace, Trace, label

    trace = Trace([label(path) for path in files], quiet=as_json)
    places = asyncio.Semaphore(AT_ONCE)

    async with Http(api) as http, Live(http, trace.notice) as live:

        async def one(path: Path) -> "Submission":
            watcher = JobTrace(trace, label(path), path)
            async with places:
                run = await submit(
                    http, live, path, declared, content_type, timeout, marks, reference, watcher, resume=resume
                )
            if run.error is not None and run.error.code == "UNREACHABLE":
                run.error.message += _hint(api)
            trace.outcome(watcher.name, run.job, run.error, watcher.ended_after)
            return run

        try:
            return await asyncio.gather(*(one(path) for path in files))
        finally:
            trace.uploads.stop()


def _marks(text: str, consent: bool, files: int) -> dict[str, Any]:
    """What `--marks` says, as arguments of `Http.mark`; the API checks the numbers. Raises UsageError."""
    from divescore.jobs.marks import CONSENT

    if files > 1:
        raise click.UsageError("--marks are of one dive; score one file at a time with them.")
    if not consent:
        raise click.UsageError(f"--marks are kept with --consent alone. It means: {CONSENT}")
    name, _, number = text.rpartition("=")
    try:
        if name in ("execution", "score"):
            return {name: float(number), "consent": True}
        return {"marks": [float(mark) for mark in text.split(",")], "consent": True}
    except ValueError:
        problem = f"{text!r} is neither seven numbers with commas nor execution=N nor score=N."
        raise click.UsageError(f"--marks {problem}") from None


@click.command()
@click.argument("token", metavar="TOKEN|LINK|-")
@click.option("--json", "as_json", is_flag=True, help="Print {job, events} as JSON when it is over.")
@click.option("--stack", metavar="NAME", help="Use this stack deployed on AWS (its ApiUrl output).")
@click.option("--api", metavar="URL", envvar="DIVESCORE_API", help="Use the API at this address.")
@click.option("--timeout", type=float, metavar="S", help="Stop following after so many seconds.")
@click.pass_context
def watch(
    context: click.Context, token: str, as_json: bool, stack: str | None, api: str | None, timeout: float | None
) -> None:
    """Follow a job live by its token or by a link that was shared; - reads it from standard input.

    \b
    divescore watch 'https://d111.cloudfront.net/#share=eyJ...'
    divescore watch - < token.txt

    Exit code: 0 scored, 1 failed or refused, 2 wrong usage, 3 the input was rejected.
    """
    from divescore.client.errors import ClientError
    from divescore.client.submit import document
    from divescore.stack.errors import NoSystem

    text = sys.stdin.readline() if token == "-" else token  # noqa: S105  # an argument of the command, no secret
    job: Job | None = None
    events: list[Any] = []
    error: ClientError | None = None
    try:
        job, events = asyncio.run(_watch(text.strip(), api, stack, timeout, as_json))
    except ClientError as problem:
        error = problem
    except NoSystem as problem:
        error = ClientError(problem.code, problem.message)
    if error is not None:
        click.echo(printable(f"{error.code}: {error.message}"), err=True)
    if as_json:
        _print_json(document(job, events, error))
    context.exit(exit_code(job, error))


async def _watch(
    text: str, api: str | None, stack: str | None, timeout: float | None, quiet: bool
) -> "tuple[Job, list[Any]]":
    import time

    from divescore.client.errors import NotFinished
    from divescore.client.http import Http
    from divescore.client.links import job_of, parse_link
    from divescore.client.live import Event, Live
    from divescore.ops.score.addresses import api_of_link
    from divescore.ops.score.trace import JobTrace, Trace
    from divescore.stack.deployed import api_address

    link = parse_link(text)
    job_id = job_of(link.token)
    address = await api_of_link(link.site) if link.site and not (api or stack) else api_address(api, stack)
    trace = Trace([job_id], quiet)
    watcher = JobTrace(trace, f"job {job_id[:8]}")
    started = time.monotonic()
    events: list[Event] = []
    try:
        async with asyncio.timeout(timeout), Http(address) as http, Live(http, trace.notice) as live:
            answer = await http.get(job_id, link.token)
            job = answer.job
            if not job.final:
                async for event in live.watch(job_id, link.token, answer.live.url if answer.live else None):
                    events.append(event)
                    job = event.job
                    watcher.event(event, event.moment - started)
    except TimeoutError:
        raise NotFinished(f"The job was not finished within {timeout:g} s.") from None
    trace.outcome(watcher.name, job, None, None)
    return job, events


def exit_code(job: "Job | None", error: "ClientError | None") -> int:
    """What an ending means for the command's exit code."""
    from divescore.client.errors import ApiError, UploadRefused
    from divescore.client.files import NoVideo

    if isinstance(error, NoVideo):
        return REJECTED
    if isinstance(error, UploadRefused):
        return FAILED if error.code == "UPLOAD_EXPIRED" else REJECTED
    if isinstance(error, ApiError):
        return REJECTED if error.status in BAD_INPUT else FAILED
    if error is not None or job is None:
        return FAILED
    return {"SCORED": SCORED, "REJECTED": REJECTED}.get(job.status, FAILED)


def _hint(api: str) -> str:
    from divescore.client.loopback import on_this_machine
    from divescore.stack.errors import START_IT

    return f" {START_IT}" if on_this_machine(api) else ""


def _print_json(document: Any) -> None:
    click.echo(printable_json(document))
