"""What each command of an operator does, from taking the letters to the account of it."""

import signal
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import Any

from divescore.ops.replay import canary, exports, reports
from divescore.ops.replay.dead_letters import Source
from divescore.ops.replay.errors import NoSuchLetter
from divescore.ops.replay.in_flight import LOOK_SECONDS, RUN_SECONDS, Desk, desk, reclaim, reclaim_before_a_look, survey
from divescore.ops.replay.journal import Journal
from divescore.ops.replay.planning import Action, Confirmed, Step, plan, to_do
from divescore.ops.replay.queues import Pacer
from divescore.ops.replay.redrive import Outcome, Result, Run, summary
from divescore.ops.replay.resources import Place, open_place
from divescore.ops.replay.selection import Filter


@dataclass(frozen=True)
class Selection:
    """Which letters, and of which system."""

    queues: Sequence[str]
    wanted: Filter
    stack: str | None

    @property
    def sources(self) -> list[Source]:
        """The queues in their own order."""
        return [source for source in Source if source in self.queues]


@dataclass(frozen=True)
class Orders:
    """How to carry a plan out."""

    rate: float | None
    canaries: int
    canary_seconds: float
    limit: int | None
    quiet: bool  # nothing for people
    clock: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep


def look(selection: Selection) -> dict[str, Any]:
    """All chosen letters and what a run would do with them."""
    place = open_place(selection.stack)
    steps, now = _look(place, selection)
    letters = [reports.item(step, now) for step in steps]
    return {"place": place.name, "groups": reports.groups(steps, now), "letters": letters}


def find(selection: Selection, identity: str) -> list[dict[str, Any]]:
    """Everything about one letter, or about all letters of one job. Raises NoSuchLetter."""
    steps, now = _look(open_place(selection.stack), selection)
    found = [step for step in steps if identity in (step.letter.message_id, *step.case.jobs)]
    if not found:
        raise NoSuchLetter(f"No letter here is, or is about, {identity}; `divescore replay list --each` names them.")
    return [reports.whole(step, now) for step in found]


def export(selection: Selection, path: Path, settled: bool) -> int:
    """Write the chosen letters to a file; how many. Failed jobs without a letter have none to write."""
    steps, _ = _look(open_place(selection.stack), selection)
    return exports.write([step.letter for step in _purgeable(steps, settled)], path)


def purge(selection: Selection, path: Path, settled: bool, yes: bool) -> dict[str, Any]:
    """Delete those of the chosen letters that the file at `path` holds."""
    exported = exports.read(path)
    place = open_place(selection.stack)
    reclaim_before_a_look(place)
    with desk(place, LOOK_SECONDS) as here:
        steps, _ = _plan(here, selection, Confirmed())
        inside, outside = exports.split([step.letter for step in _purgeable(steps, settled)], exported)
        failed = here.delete(inside) if yes else {}
    deleted = len(inside) - len(failed) if yes else 0
    document = {"found": len(inside), "notExported": len(outside), "deleted": deleted, "failed": failed}
    return {"place": place.name, "dryRun": not yes, **document, "ok": not failed and not (yes and outside)}


def rehearse(selection: Selection, orders: Orders) -> dict[str, Any]:
    """What `send` would do; nothing changes."""
    place = open_place(selection.stack)
    steps, now = _look(place, selection)
    steps = _limited(steps, orders.limit)
    if not orders.quiet:
        _show_plan(steps, now, "Nothing was changed; add --yes to do it.")
    letters = [reports.item(step, now) for step in steps]
    rows = reports.groups(steps, now)
    return {
        "place": place.name,
        "dryRun": True,
        "toDo": len(to_do(steps)),
        "groups": rows,
        "letters": letters,
        "ok": True,
    }


def send(selection: Selection, orders: Orders) -> dict[str, Any]:
    """Carry the plan out. Interrupted by Ctrl-C, it ends after the batch that it is at and still gives its account."""
    place = open_place(selection.stack)
    begun = orders.clock()
    with (
        Journal(place.journal) as journal,
        desk(place, RUN_SECONDS, journal.held, orders.clock) as here,
        _interruptible() as stopped,
    ):
        if reclaim(place, journal) and not orders.quiet:
            _say("Taking up a run that was interrupted.")
        steps, now = _plan(here, selection, journal.confirmed)
        steps = _limited(steps, orders.limit)
        # What is not meant must not wait for the end of a long run.
        meant = {step.letter.message_id for step in to_do(steps)}
        here.give_back([message_id for message_id in here.in_hand if message_id not in meant])
        first, rest = canary.split(steps, orders.canaries)
        verdict = canary.Verdict()
        with _progress(len(meant), orders.quiet) as advance:
            pacer = Pacer(orders.rate, orders.clock, orders.sleep)
            run = Run(place, here, journal, pacer, stopped, advance, orders.clock)
            if first:
                run.carry_out(first)
                sent = [job for step in first if run.ended(step, Outcome.SENT) for job in step.case.jobs]
                verdict = canary.wait_for(
                    place.table, sent, orders.canary_seconds, run.interrupted, orders.clock, orders.sleep
                )
            good = verdict.well and all(run.ended(step, Outcome.SENT) for step in first)
            if good:
                run.carry_out(rest)
            else:
                run.leave(rest, "the canaries were not all scored")
        results = list(run.results.values())
        account = summary(results)
        ok = good and not account[Outcome.FAILED] and not account[Outcome.UNDELETED] and not account[Outcome.LEFT]
        # Whatever was sent is deleted, so the next run has nothing to know.
        here.give_back(here.in_hand)
        if not account[Outcome.UNDELETED]:
            journal.close(ended=True)
    seconds = orders.clock() - begun
    if not orders.quiet:
        _show_end(results, account, seconds, verdict, now)
    return {
        "place": place.name,
        "dryRun": False,
        **account,
        "canary": verdict.states or None,
        "seconds": round(seconds, 3),
        "letters": [reports.result_item(result, now) for result in results],
        "ok": ok,
    }


def _look(place: Place, selection: Selection) -> tuple[list[Step], int]:
    reclaim_before_a_look(place)
    with desk(place, LOOK_SECONDS) as here:
        return _plan(here, selection, Confirmed())


def _plan(here: Desk, selection: Selection, confirmed: Confirmed) -> tuple[list[Step], int]:
    cases = survey(here, selection.sources)
    now = here.place.table.now()
    return plan([case for case in cases if selection.wanted.takes(case, now)], confirmed, now), now


def _purgeable(steps: Sequence[Step], settled: bool) -> list[Step]:
    return [step for step in steps if step.letter.receipt and (not settled or step.action is Action.SKIP)]


def _limited(steps: list[Step], limit: int | None) -> list[Step]:
    """The first `limit` steps that change something; what would be skipped is told all the same."""
    if limit is None:
        return steps
    chosen = {step.letter.message_id for step in to_do(steps)[:limit]}
    return [step for step in steps if step.action is Action.SKIP or step.letter.message_id in chosen]


@contextmanager
def _interruptible() -> Iterator[Callable[[], bool]]:
    """Within this, Ctrl-C and SIGTERM ask to stop instead of stopping; the second one does not ask."""
    asked: list[int] = []
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}

    def ask(number: int, _frame: FrameType | None) -> None:
        if asked:
            raise KeyboardInterrupt
        asked.append(number)

    for number in before:
        signal.signal(number, ask)
    try:
        yield lambda: bool(asked)
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextmanager
def _progress(total: int, quiet: bool) -> Iterator[Callable[[int], None]]:
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    console = Console(stderr=True)
    columns = (TextColumn("replaying"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    hidden = quiet or not console.is_terminal
    with Progress(*columns, console=console, transient=True, disable=hidden) as progress:
        task = progress.add_task("replaying", total=total)
        yield lambda count: progress.advance(task, count)


def _show_plan(steps: Sequence[Step], now: int, end: str) -> None:
    from rich.console import Console

    console = Console(soft_wrap=True)
    if steps:
        reports.show_groups(console, reports.groups(steps, now))
    console.print(end if to_do(steps) else "There is nothing to do.")


def _show_end(
    results: Sequence[Result], account: dict[str, Any], seconds: float, verdict: canary.Verdict, now: int
) -> None:
    from rich.console import Console

    console = Console(soft_wrap=True)
    if not results:
        console.print("There is nothing to do.")
        return
    for job_id, state in verdict.states.items():
        console.print(f"canary {job_id}: {state}")
    bad = [result for result in results if result.outcome in (Outcome.FAILED, Outcome.UNDELETED)]
    if bad:
        reports.show_items(console, [reports.result_item(result, now) for result in bad])
    reports.show_outcome(console, account, seconds)


def _say(text: str) -> None:
    from rich.console import Console

    Console(stderr=True).print(text)
