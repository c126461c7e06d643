"""The first few of a redrive, which have to be scored before the others follow."""

import time
from collections.abc import Callable, Sequence

from divescore.jobs.errors import JobNotFound
from divescore.jobs.table import JobTable
from divescore.ops.replay.planning import Action, Step
from divescore.views import FINAL, SETTLED

LOOK_EVERY_SECONDS = 0.5
_ENDS = SETTLED | {"REMOVED"}


def split(steps: Sequence[Step], canaries: int) -> tuple[list[Step], list[Step]]:
    """The first `canaries` dead letters that have a dive scored, and everything else.

    Those about videos that nobody waits for are none: they are sent so that the video is erased.
    """
    first = [step for step in steps if step.action is Action.SEND and _has_a_dive_scored(step)][:canaries]
    chosen = {step.letter.message_id for step in first}
    return first, [step for step in steps if step.letter.message_id not in chosen]


def wait_for(
    table: JobTable,
    job_ids: Sequence[str],
    seconds: float,
    stopped: Callable[[], bool] = lambda: False,
    clock: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], None] = time.sleep,
) -> dict[str, str]:
    """The states in which these jobs end, waiting at most `seconds`; what is still open then has its present state."""
    end = clock() + seconds
    states: dict[str, str] = {}
    while True:
        states |= {job_id: _state(table, job_id) for job_id in job_ids if states.get(job_id) not in _ENDS}
        if _ENDS.issuperset(states.values()) or clock() >= end or stopped():
            return states
        sleep(LOOK_EVERY_SECONDS)


def _has_a_dive_scored(step: Step) -> bool:
    return all(
        state.job is not None
        and state.job.status not in FINAL
        and state.job.object_version in (None, state.upload.object_version)
        for state in step.diagnosis.uploads
    )


def _state(table: JobTable, job_id: str) -> str:
    try:
        return table.get(job_id).status
    except JobNotFound:
        return "REMOVED"
