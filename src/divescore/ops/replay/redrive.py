"""Carries out a plan so that at whatever point it is killed no dead letter is lost and no dive scored twice.

The order for a FAILED job is: send its message *delayed*, set the job to QUEUED, delete the dead letter.

- Not "write, then send": killed in between, the job would be QUEUED without a message. `sweep` repairs that only once
  the scoring queue is empty, otherwise after a day; a job without a dead letter would have nobody else to remember it.
- Not "send, then write": an idle worker takes a message within milliseconds. It would find the job FAILED, send the
  message to the dead-letter queue and acknowledge it; then the write would make the job QUEUED without a message.
- With the delay nobody sees the message before the write. Killed before the write, the job is still FAILED and its
  dead letter still here; the message arrives, becomes a second dead letter, and the next run treats both as one.
  Killed after the write, the job is QUEUED and its message on the way; if the dead letter is still here, the next run
  deletes it.
- Should the write take longer than the delay, the message may have come too early: it is sent once more, after the
  write and before the dead letter is deleted. A message too many is harmless: one claim wins, the others find the job
  done.

A score cannot be written twice: a job leaves FAILED by a conditional write, and SCORED is left by nothing.
"""

import time
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from divescore.jobs.errors import JobsError
from divescore.jobs.transitions import Replayed
from divescore.ops.replay.dead_letters import QueueName
from divescore.ops.replay.in_flight import InFlight
from divescore.ops.replay.journal import Journal
from divescore.ops.replay.planning import Action, Step
from divescore.ops.replay.queues import RateLimiter, batches
from divescore.ops.replay.resources import Resources

DELAY_SECONDS = 5  # of a message whose job is still to become QUEUED
MARGIN_SECONDS = 1.5  # a queue's delay is in whole seconds, and not to the millisecond


class StepOutcome(StrEnum):
    """What became of a dead letter."""

    SENT = "sent"
    PUSHED = "pushed"
    REMOVED = "removed"  # it, or an older one about the same upload, was sent before
    SKIPPED = "skipped"
    FAILED = "failed"  # it is still where it was
    UNDELETED = "undeleted"  # sent, but still where it was
    LEFT = "left"  # the run was stopped before it


@dataclass(frozen=True)
class StepResult:
    """A step and what became of it, with the reason where it is not what was planned."""

    step: Step
    outcome: StepOutcome
    why: str | None = None


@dataclass
class Redrive:
    """Carries out steps; `results` holds what became of each, by message id."""

    resources: Resources
    in_flight: InFlight
    journal: Journal
    rate_limiter: RateLimiter
    stopped: Callable[[], bool] = lambda: False
    progress: Callable[[int], None] = lambda _: None
    clock: Callable[[], float] = time.monotonic
    results: dict[str, StepResult] = field(default_factory=dict)

    def carry_out(self, steps: Sequence[Step]) -> None:
        """Do what the steps say: send and push first, then delete what that, or an earlier run, has made superfluous.

        Stops between two batches when `stopped` says so. Raises what boto3 raises when a whole call fails: what was
        confirmed until then is done, everything else is as it was.
        """
        for queue in (QueueName.UPLOADS, QueueName.SCORING, QueueName.JOBS):
            mine = [step for step in steps if step.action is Action.SEND and step.letter.queue is queue]
            for batch in batches(mine, lambda step: step.letter, self.rate_limiter.batch):
                if self.rate_limiter.wait(len(batch), self.interrupted):
                    self._send(queue, batch)
        for step in steps:
            if step.action is Action.PUSH and self.rate_limiter.wait(1, self.interrupted):
                self._push(step)
        self._remove([step for step in steps if step.action in (Action.REMOVE, Action.DUPLICATE)])
        rest = [step for step in steps if step.letter.message_id not in self.results]
        self.leave(rest, "the run was stopped before it")

    def ended(self, step: Step, outcome: StepOutcome) -> bool:
        """Whether that became of the step."""
        result = self.results.get(step.letter.message_id)
        return result is not None and result.outcome is outcome

    def leave(self, steps: Iterable[Step], why: str) -> None:
        """Do nothing about these."""
        for step in steps:
            skipped = step.action is Action.SKIP
            self._settle(step, StepOutcome.SKIPPED if skipped else StepOutcome.LEFT, step.reason if skipped else why)

    def interrupted(self) -> bool:
        """Whether to stop; asked while the run waits, so it also keeps the dead letters hidden meanwhile."""
        self.in_flight.extend()
        return self.stopped()

    def _send(self, queue: QueueName, steps: Sequence[Step]) -> None:
        source = self.resources.source_queues[queue]
        begun = self.clock()
        failed = source.send([(step.letter, DELAY_SECONDS if step.requeue else 0) for step in steps])
        written: list[Step] = []
        for step in steps:
            if why := failed.get(step.letter.message_id) or self._requeue(step):
                self._settle(step, StepOutcome.FAILED, why)
            else:
                written.append(step)
        if self.clock() - begun > DELAY_SECONDS - MARGIN_SECONDS:
            again = [step for step in written if step.requeue]
            failed = source.send([(step.letter, 0) for step in again])
            for step in [step for step in again if step.letter.message_id in failed]:
                self._settle(step, StepOutcome.FAILED, failed[step.letter.message_id])
                written.remove(step)
        self._delete(written, StepOutcome.SENT)

    def _requeue(self, step: Step) -> str | None:
        """Set the step's failed jobs to QUEUED; why that did not work. Another's doing it first is as good."""
        try:
            for job in step.requeue:
                self.resources.table.apply(job, Replayed())
        except (ClientError, BotoCoreError, JobsError) as error:
            return f"its message was sent, but its job could not be set to QUEUED: {error}"
        return None

    def _push(self, step: Step) -> None:
        failed = self.resources.stream_functions[step.letter.queue].hand(step.diagnosis.watched)
        if failed:
            self._settle(step, StepOutcome.FAILED, "; ".join(f"{job_id}: {why}" for job_id, why in failed.items()))
            return
        self._delete([step], StepOutcome.PUSHED)

    def _remove(self, steps: Sequence[Step]) -> None:
        self._delete([s for s in steps if s.action is Action.REMOVE or self._sent(s.of)], StepOutcome.REMOVED)
        for step in steps:
            if step.letter.message_id not in self.results and step.of in self.results:
                older = self.results[step.of]
                self._settle(step, older.outcome, f"like the older dead letter about the same dive: {older.why}")

    def _sent(self, message_id: str | None) -> bool:
        known = self.results.get(message_id or "")
        return known is not None and known.outcome in (StepOutcome.SENT, StepOutcome.UNDELETED)

    def _delete(self, steps: Sequence[Step], outcome: StepOutcome) -> None:
        """Delete the dead letters of what is sure; first the journal is told that it is."""
        if not steps:
            return
        letters = [step.letter for step in steps]
        self.journal.done(letters, [state.upload for step in steps for state in step.diagnosis.uploads])
        failed = self.in_flight.delete(letters)
        for step in steps:
            why = failed.get(step.letter.message_id)
            self._settle(step, outcome if why is None else StepOutcome.UNDELETED, why and f"not deleted: {why}")

    def _settle(self, step: Step, outcome: StepOutcome, why: str | None = None) -> None:
        self.results[step.letter.message_id] = StepResult(step, outcome, why)
        if step.action is not Action.SKIP:
            self.progress(1)


def summary(results: Collection[StepResult]) -> dict[str, Any]:
    """The account of a run as JSON: how many ended how, skipped ones by reason."""
    outcomes = Counter(result.outcome for result in results)
    skipped = Counter(str(result.why) for result in results if result.outcome is StepOutcome.SKIPPED)
    return {outcome.value: outcomes[outcome] for outcome in StepOutcome} | {"skippedBy": dict(sorted(skipped.items()))}
