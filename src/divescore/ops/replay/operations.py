"""What each command does, from receiving the dead letters to a JSON document that says what was found or done."""

import signal
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from types import FrameType
from typing import Any

from divescore.ops.replay import canary, exports, reports
from divescore.ops.replay.errors import AlreadyRunning, DeadLetterNotFound
from divescore.ops.replay.in_flight import LOOK_SECONDS, RUN_SECONDS, InFlight
from divescore.ops.replay.journal import Journal
from divescore.ops.replay.lookup import survey
from divescore.ops.replay.planning import Action, Confirmed, Step, plan, to_do
from divescore.ops.replay.queues import RateLimiter
from divescore.ops.replay.redrive import Redrive, StepOutcome, summary
from divescore.ops.replay.resources import Resources
from divescore.ops.replay.selection import Selection
from divescore.views import Status

# Shows how far a run is: given how many steps there are, a context that takes how many more are done.
Progress = Callable[[int], AbstractContextManager[Callable[[int], None]]]


@dataclass(frozen=True)
class RedriveOptions:
    """How a run sends what was chosen. `progress` and `say` are for people, on standard error."""

    rate: float | None = None  # messages per second
    canaries: int = 0
    canary_seconds: float = 300
    limit: int | None = None  # steps
    progress: Progress = lambda _steps: nullcontext(lambda _done: None)
    say: Callable[[str], None] = lambda _sentence: None
    clock: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep


def look(resources: Resources, selection: Selection) -> dict[str, Any]:
    """All chosen dead letters and what a run would do with them."""
    steps, now = _look(resources, selection)
    return {"place": resources.name, **_rows(steps, now)}


def find(resources: Resources, selection: Selection, identity: str) -> list[dict[str, Any]]:
    """Everything about one dead letter, or about all of one job. Raises DeadLetterNotFound."""
    steps, now = _look(resources, selection)
    found = [step for step in steps if identity in (step.letter.message_id, *step.diagnosis.jobs)]
    if not found:
        raise DeadLetterNotFound(
            f"No dead letter here is, or is about, {identity}; `divescore replay list --each` names them."
        )
    return [reports.whole(_seen(resources, step), now) for step in found]


def _seen(resources: Resources, step: Step) -> Step:
    """A step that knows of every video whether it is there, those of settled dives too, which no plan asks for."""
    uploads = tuple(
        replace(state, video=resources.store.has(state.upload.job_id, state.upload.object_version))
        for state in step.diagnosis.uploads
    )
    return replace(step, diagnosis=replace(step.diagnosis, uploads=uploads))


def export(resources: Resources, selection: Selection, path: Path, settled: bool) -> int:
    """Write the chosen dead letters to a file; how many. Failed jobs without one have nothing to write."""
    steps, _ = _look(resources, selection)
    return exports.write([step.letter for step in _purgeable(steps, settled)], path)


def purge(resources: Resources, selection: Selection, path: Path, settled: bool, yes: bool) -> dict[str, Any]:
    """Delete those of the chosen dead letters that the file at `path` holds exactly as they are."""
    exported = exports.read(path)
    with _looking(resources) as in_flight:
        steps, _ = _plan(resources, in_flight, selection, Confirmed())
        letters = [step.letter for step in _purgeable(steps, settled)]
        inside = [letter for letter in letters if exports.content(exports.document(letter)) in exported]
        failed = in_flight.delete(inside) if yes else {}
    outside = len(letters) - len(inside)
    return {
        "place": resources.name,
        "dryRun": not yes,
        "found": len(inside),
        "notExported": outside,
        "deleted": len(inside) - len(failed) if yes else 0,
        "failed": failed,
        "ok": not failed and not (yes and outside),
    }


def dry_run(resources: Resources, selection: Selection, limit: int | None) -> dict[str, Any]:
    """What `run` would do; nothing changes."""
    steps, now = _look(resources, selection)
    steps = _first(steps, limit)
    return {
        "place": resources.name,
        "dryRun": True,
        "toDo": len(to_do(steps)),
        **_rows(steps, now),
        "ok": True,
    }


def run(resources: Resources, selection: Selection, options: RedriveOptions) -> dict[str, Any]:
    """Carry the plan out. Interrupted by Ctrl-C, it ends after the batch that it is at and still gives its account."""
    begun = options.clock()
    queues, sqs = resources.dead_letter_queues, resources.sqs
    with (
        Journal(resources.journal) as journal,
        InFlight(queues, sqs, RUN_SECONDS, journal.in_flight, options.clock) as in_flight,
        _interruptible() as stopped,
    ):
        if in_flight.release(journal.receipts.values()):
            options.say("Taking up a run that was interrupted.")
        steps, now = _plan(resources, in_flight, selection, journal.confirmed)
        steps = _first(steps, options.limit)
        # What is not meant must not wait for the end of a long run.
        meant = {step.letter.message_id for step in to_do(steps)}
        in_flight.release([receipt for receipt in in_flight.receipts if receipt.message_id not in meant])
        with options.progress(len(meant)) as progress:
            limiter = RateLimiter(options.rate, options.clock, options.sleep)
            redrive = Redrive(resources, in_flight, journal, limiter, stopped, progress, options.clock)
            states, passed = _send_canaries_first(redrive, steps, options)
        results = list(redrive.results.values())
        account = summary(results)
        # Whatever was sent is deleted, so the next run has nothing to know.
        in_flight.release(in_flight.receipts)
        if not account[StepOutcome.UNDELETED]:
            journal.close(ended=True)
    bad = (StepOutcome.FAILED, StepOutcome.UNDELETED, StepOutcome.LEFT)
    return {
        "place": resources.name,
        "dryRun": False,
        **account,
        "canary": states or None,
        "seconds": round(options.clock() - begun, 3),
        "letters": [reports.result_item(result, now) for result in results],
        "ok": passed and not any(account[outcome] for outcome in bad),
    }


def _send_canaries_first(
    redrive: Redrive, steps: Sequence[Step], options: RedriveOptions
) -> tuple[dict[str, str], bool]:
    """Carry the steps out, the others once all canaries are scored; the canaries' states, and whether they were."""
    first, rest = canary.split(steps, options.canaries)
    states: dict[str, str] = {}
    if first:
        redrive.carry_out(first)
        sent = [job for step in first if redrive.ended(step, StepOutcome.SENT) for job in step.diagnosis.jobs]
        states = canary.wait_for(
            redrive.resources.table, sent, options.canary_seconds, redrive.interrupted, options.clock, options.sleep
        )
    passed = all(redrive.ended(step, StepOutcome.SENT) for step in first)
    if passed and all(state == Status.SCORED for state in states.values()):
        redrive.carry_out(rest)
        return states, True
    redrive.leave(rest, "the canaries were not all scored")
    return states, False


@contextmanager
def _looking(resources: Resources) -> Iterator[InFlight]:
    """To receive and release again, after releasing what a run that was killed still hides.

    Without a journal nothing is hidden, and a run that is still alive keeps what it has in flight.
    """
    with InFlight(resources.dead_letter_queues, resources.sqs, LOOK_SECONDS) as in_flight:
        if resources.journal.exists():
            with suppress(AlreadyRunning), Journal(resources.journal) as journal:
                in_flight.release(journal.receipts.values())
        yield in_flight


def _look(resources: Resources, selection: Selection) -> tuple[list[Step], int]:
    with _looking(resources) as in_flight:
        return _plan(resources, in_flight, selection, Confirmed())


def _plan(
    resources: Resources, in_flight: InFlight, selection: Selection, confirmed: Confirmed
) -> tuple[list[Step], int]:
    diagnoses = survey(resources, in_flight, selection.queues)
    now = resources.table.now()
    return plan([each for each in diagnoses if selection.takes(each, now)], confirmed, now), now


def _rows(steps: Sequence[Step], now: int) -> dict[str, Any]:
    return {"groups": reports.groups(steps, now), "letters": [reports.item(step, now) for step in steps]}


def _purgeable(steps: Sequence[Step], settled: bool) -> list[Step]:
    return [step for step in steps if step.letter.receipt and (not settled or step.action is Action.SKIP)]


def _first(steps: list[Step], limit: int | None) -> list[Step]:
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
