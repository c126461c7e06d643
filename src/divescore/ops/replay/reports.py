"""What the commands say of dead letters, a plan, a run: the parts of their JSON documents, and tables of these."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from divescore.jobs.items import to_item
from divescore.ops.replay.exports import document
from divescore.ops.replay.planning import SENTENCES, Action, SkipReason, Step
from divescore.ops.replay.redrive import StepOutcome, StepResult
from divescore.ops.replay.streams import StreamPosition
from divescore.views import iso

_COLOURS = {Action.REMOVE: "cyan", Action.DUPLICATE: "cyan", Action.SKIP: "yellow"}
_ENDS = {
    StepOutcome.FAILED: "bold red",
    StepOutcome.UNDELETED: "red",
    StepOutcome.LEFT: "yellow",
    StepOutcome.SKIPPED: "yellow",
}
_BAD = (StepOutcome.FAILED, StepOutcome.UNDELETED)
NOTHING_TO_DO = "There is nothing to do."


def age(milliseconds: int) -> str:
    """A duration for people: its largest unit, and the next where it says something."""
    seconds = max(0, milliseconds // 1000)
    for unit, length, smaller, part in (("d", 86_400, "h", 3600), ("h", 3600, "m", 60), ("m", 60, "s", 1)):
        if seconds >= length:
            rest = seconds % length // part
            return f"{seconds // length}{unit}" + (f" {rest}{smaller}" if rest else "")
    return f"{seconds}s"


def item(step: Step, now: int) -> dict[str, Any]:
    """One dead letter and what is to be done with it."""
    diagnosis, letter = step.diagnosis, step.letter
    one: dict[str, Any] = {
        "queue": letter.queue,
        "messageId": letter.message_id if letter.receipt else None,
        "jobs": list(diagnosis.jobs),
        "cause": diagnosis.cause,
        "attempts": diagnosis.attempts,
        "sentAt": iso(letter.sent_at),
        "ageSeconds": max(0, now - letter.sent_at) // 1000,
        "action": step.action,
    }
    if step.reason is not None:
        one |= {"reason": step.reason, "because": SENTENCES[step.reason]}
    return one | ({"duplicateOf": step.of} if step.of else {})


def groups(steps: Iterable[Step], now: int) -> list[dict[str, Any]]:
    """Dead letters of one queue, cause and plan together: how many, how old, after how many attempts."""
    found: dict[tuple[str, str, str, str], list[Step]] = {}
    for step in steps:
        key = (step.letter.queue, step.diagnosis.cause, step.action, step.reason or "")
        found.setdefault(key, []).append(step)
    rows = []
    for (queue, cause, action, reason), members in sorted(found.items()):
        ages = [max(0, now - step.letter.sent_at) // 1000 for step in members]
        attempts = Counter(str(number) for step in members if (number := step.diagnosis.attempts) is not None)
        row: dict[str, Any] = {"queue": queue, "cause": cause, "action": action, "letters": len(members)}
        row |= {"oldestSeconds": max(ages), "newestSeconds": min(ages), "attempts": dict(sorted(attempts.items()))}
        rows.append(row | ({"reason": reason, "because": SENTENCES[SkipReason(reason)]} if reason else {}))
    return rows


def whole(step: Step, now: int) -> dict[str, Any]:
    """Everything that is known of one dead letter: itself, its jobs' records, what would be done with it."""
    diagnosis = step.diagnosis
    jobs = [state.job for state in diagnosis.uploads if state.job] or list(diagnosis.watched)
    return {
        **item(step, now),
        "letter": document(step.letter) if step.letter.receipt else None,
        "position": _position(diagnosis.position) if diagnosis.position else None,
        "videos": [
            {"jobId": state.upload.job_id, "version": state.upload.object_version, "there": state.video}
            for state in diagnosis.uploads
        ],
        "records": [
            {name: next(iter(value.values())) for name, value in sorted(to_item(job).items()) if name != "result"}
            for job in jobs
        ],
        "problem": diagnosis.problem,
    }


def result_item(result: StepResult, now: int) -> dict[str, Any]:
    """One dead letter of a run and what became of it."""
    return item(result.step, now) | {"outcome": result.outcome} | ({"why": result.why} if result.why else {})


def show_groups(console: Console, rows: Sequence[dict[str, Any]]) -> None:
    """The groups as a table."""
    table = Table(box=None, pad_edge=False, header_style="dim")
    for name in ("queue", "cause", "letters", "oldest", "newest", "attempts", "a run would"):
        table.add_column(name, justify="right" if name in ("letters", "oldest", "newest") else "left")
    for row in rows:
        attempts = ", ".join(f"{count}x {number}" for number, count in row["attempts"].items())
        planned = row["action"] + (f": {row['because']}" if "because" in row else "")
        ages = (age(row["oldestSeconds"] * 1000), age(row["newestSeconds"] * 1000))
        style = _COLOURS.get(row["action"], "green")
        table.add_row(
            row["queue"], row["cause"], str(row["letters"]), *ages, attempts or "-", f"[{style}]{planned}[/{style}]"
        )
    console.print(table)


def show_items(console: Console, items: Sequence[dict[str, Any]]) -> None:
    """One line for each dead letter, never wrapped or cut, so that ids can be copied; with its outcome after a run."""
    rows = [("queue", "message", "job", "cause", "age", "attempts", "action")]
    for one in items:
        more = one.get("why") or one.get("because") or one.get("duplicateOf") or ""
        outcome = one.get("outcome", one["action"]) + (f": {more}" if more else "")
        attempts = "-" if one["attempts"] is None else str(one["attempts"])
        message, jobs = one["messageId"] or "-", " ".join(one["jobs"]) or "-"
        rows.append((one["queue"], message, jobs, one["cause"], age(one["ageSeconds"] * 1000), attempts, outcome))
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]) - 1)] + [0]
    for row in rows:
        line = "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        console.print(line, soft_wrap=True, highlight=False, markup=False)


def show_dry_run(console: Console, document: dict[str, Any]) -> None:
    """What a run would do."""
    if document["groups"]:
        show_groups(console, document["groups"])
    console.print("Nothing was changed; add --yes to do it." if document["toDo"] else NOTHING_TO_DO)


def show_run(console: Console, document: dict[str, Any]) -> None:
    """The account of a run: how the canaries ended, what went wrong, and how many ended how."""
    if not document["letters"]:
        console.print(NOTHING_TO_DO)
        return
    for job_id, state in (document["canary"] or {}).items():
        console.print(f"canary {job_id}: {state}")
    if bad := [one for one in document["letters"] if one["outcome"] in _BAD]:
        show_items(console, bad)
    table = Table(box=None, pad_edge=False, header_style="dim")
    table.add_column("outcome")
    table.add_column("letters", justify="right")
    for outcome in StepOutcome:
        if document[outcome.value]:
            style = _ENDS.get(outcome, "green")
            table.add_row(f"[{style}]{outcome.value}[/{style}]", str(document[outcome.value]))
    for reason, count in document["skippedBy"].items():
        table.add_row(f"  {SENTENCES[SkipReason(reason)]}", f"[dim]{count}[/dim]")
    console.print(table)
    console.print(f"[dim]in {document['seconds']:.1f} s[/dim]")


@contextmanager
def progress_bar(steps: int) -> Iterator[Callable[[int], None]]:
    """A bar on standard error while a run goes on, if that is a terminal."""
    console = Console(stderr=True)
    columns = (TextColumn("replaying"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as progress:
        task = progress.add_task("replaying", total=steps)
        yield lambda done: progress.advance(task, done)


def _position(position: StreamPosition) -> dict[str, Any]:
    return {
        "stream": position.stream,
        "shard": position.shard,
        "start": position.start,
        "end": position.end,
        "firstAt": iso(position.first_at),
        "lastAt": iso(position.last_at),
        "records": position.records,
    }
