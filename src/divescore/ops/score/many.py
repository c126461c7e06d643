"""`divescore score` of many files: the run, and what it prints of it."""

import json
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from divescore.client.http import Http
from divescore.client.live import Live
from divescore.declaration import Declaration
from divescore.ops.score import phrases
from divescore.ops.score.batch import Batch, Outcome
from divescore.ops.score.declarations import Entry, read_table
from divescore.ops.score.journal import ScoreJournal, journal_of
from divescore.ops.score.trace import COLOURS, JobTrace, Trace, label
from divescore.printable import printable


def entries_of(
    files: Sequence[Path], table: Path | None, declared: Declaration, reference: str | None
) -> tuple[list[Entry], list[Path]]:
    """What is declared of each file, and the files that the table says nothing of. Raises BadTable."""
    if table is None:
        return [Entry(path, declared, reference) for path in files], []
    return read_table(table, files, declared, reference)


async def score_many(
    api: str,
    entries: Sequence[Entry],
    *,
    resume: bool,
    at_once: int,
    timeout: float,
    content_type: str | None,
    lines: bool,
    quiet: bool,
) -> list[Outcome]:
    """Score the entries. `lines`: print each as a line of JSON as it ends; `quiet`: no table at the end."""
    trace = Trace([label(entry.path) for entry in entries], quiet=lines or quiet)
    path = journal_of(api)
    journal = ScoreJournal.load(path) if resume else ScoreJournal(path)

    def told(outcome: Outcome) -> None:
        if lines:
            print(json.dumps(document(outcome)), flush=True)  # noqa: T201 - what the option is for
        elif outcome.before:
            trace.line(label(outcome.entry.path), "", Text("scored before", "dim"))
        elif outcome.run.error is not None:
            problem = f"{outcome.run.error.code}: {outcome.run.error.message}"
            trace.line(label(outcome.entry.path), "", Text(printable(problem), "bold red"))

    async with Http(api) as http, Live(http, trace.notice) as live:
        batch = Batch(http, live, journal, resume, at_once, timeout, told, lambda entry: _watcher(trace, entry))
        batch.content_type = content_type
        try:
            outcomes = await batch.score(entries)
        finally:
            trace.uploads.stop()
    if not (lines or quiet):
        trace.result.print(table(outcomes))
    trace.log.print(Text(f"  {summary(outcomes)}", "dim"))
    return outcomes


def document(outcome: Outcome) -> dict[str, Any]:
    """A line of `--jsonl`: `{file, job}`, with `error` where there is one, and `before` where it was scored before."""
    body: dict[str, Any] = {"file": printable(str(outcome.entry.path)), **outcome.run.document()}
    del body["events"]
    if outcome.entry.reference is not None:
        body["reference"] = outcome.entry.reference
    return body | ({"before": True} if outcome.before else {})


def table(outcomes: Sequence[Outcome]) -> Table:
    """A row for each file: how it ended, the points, and what they rest on or what went wrong."""
    rows = Table(box=None, pad_edge=False, header_style="dim")
    rows.add_column("file", style="bold", no_wrap=True)
    rows.add_column("ended")
    rows.add_column("points", justify="right")
    rows.add_column("dive")
    rows.add_column("")
    for outcome in outcomes:
        run = outcome.run
        status = run.job.status if run.job is not None and run.error is None else "NOT SCORED"
        result = run.job.read_result() if run.job is not None else None
        if run.error is not None:
            said = f"{run.error.code}: {run.error.message}"
        elif run.job is not None and run.job.error is not None:
            said = f"{run.job.error.code}: {run.job.error.message}"
        else:
            said = "before" if outcome.before else ""
        rows.add_row(
            label(outcome.entry.path),
            Text(status, COLOURS.get(status, "bold red")),
            f"{run.job.score:.2f}" if run.job is not None and run.job.score is not None else "",
            (result.dive.number or phrases.dive(result.dive)) if result is not None else "",
            printable(said),
        )
    return rows


def summary(outcomes: Sequence[Outcome]) -> str:
    """How many ended how, in a line."""
    counts = Counter(
        outcome.run.job.status.lower() if outcome.run.job is not None and outcome.run.error is None else "not scored"
        for outcome in outcomes
    )
    before = sum(outcome.before for outcome in outcomes)
    told = ", ".join(f"{count} {status}" for status, count in counts.most_common())
    return f"{len(outcomes)} files: {told}{f' ({before} of them before)' if before else ''}"


def _watcher(trace: Trace, entry: Entry) -> JobTrace:
    return JobTrace(trace, label(entry.path))


def warn_of_files_without_a_row(console: Console, table: Path, files: Sequence[Path]) -> None:
    """Say which files go without what the table declares, if any do."""
    if files:
        names = ", ".join(label(path) for path in files[:5]) + (", ..." if len(files) > 5 else "")
        console.print(Text(f"  {table} has no row for {len(files)} of the files: {names}", "yellow"))
