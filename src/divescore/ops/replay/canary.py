"""The first few of a replay, which have to be scored before the others follow."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from divescore.jobs.errors import JobNotFound
from divescore.jobs.table import JobTable
from divescore.ops.replay.planning import Action, Step
from divescore.views import FINAL, SETTLED, Status

LOOK_EVERY_SECONDS = 0.5


@dataclass(frozen=True)
class Verdict:
    """How the canaries ended: job id → its last state. All have to be SCORED."""

    states: dict[str, str] = field(default_factory=dict)

    @property
    def well(self) -> bool:
        """Whether the others may follow."""
        return all(state == Status.SCORED for state in self.states.values())


def split(steps: Sequence[Step], canaries: int) -> tuple[list[Step], list[Step]]:
    """The first `canaries` letters that have a dive scored, and everything else.

    Letters of videos that nobody waits for are none: they are sent so that the video is erased.
    """
    first = [step for step in steps if step.action is Action.SEND and _waits(step)][:canaries]
    chosen = {step.letter.message_id for step in first}
    return first, [step for step in steps if step.letter.message_id not in chosen]


def wait_for(
    table: JobTable,
    job_ids: Sequence[str],
    seconds: float,
    stopped: Callable[[], bool] = lambda: False,
    clock: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], None] = time.sleep,
) -> Verdict:
    """How these jobs end, waiting at most `seconds`; those that are still open then keep their present state."""
    end = clock() + seconds
    states: dict[str, str] = {}
    while True:
        states |= {job_id: _state(table, job_id) for job_id in job_ids if not _ended(states.get(job_id))}
        if all(map(_ended, states.values())) or clock() >= end or stopped():
            return Verdict(states)
        sleep(LOOK_EVERY_SECONDS)


def _waits(step: Step) -> bool:
    return all(
        found.job is not None
        and found.job.status not in FINAL
        and found.job.object_version in (None, found.work.object_version)
        for found in step.case.found
    )


def _state(table: JobTable, job_id: str) -> str:
    try:
        return table.get(job_id).status
    except JobNotFound:
        return "REMOVED"


def _ended(state: str | None) -> bool:
    return state == "REMOVED" or state in SETTLED
