"""The worker as chaos deploys it: the product's own handler, and a hand that kills its process where the plan says."""

import importlib
import random
import threading
from pathlib import Path
from typing import Any

from divescore.jobs.model import Job
from divescore.jobs.table import JobTable
from divescore.jobs.transitions import Claimed, Event, Finished, Refusal
from divescore.views import Status
from divescore.worker.attempt import Attempt
from divescore.worker.model import import_scorer
from tests.chaos.injected.faults import POISON, Faults

INFERENCE_SECONDS = 0.03  # the kill comes within this time of its start; a longer wait often ends in the write

# Before the product's module, which reads the environment when it is imported.
faults = Faults.beside(str(Path(__file__).parents[3] / "app.py"))


class Reaper:
    """Follows the one attempt that this process is at, and ends both when it is due."""

    def __init__(self) -> None:
        self.job_id = ""
        self.attempt = 0
        self.stage = ""
        self.due: str | None = None
        self.mark = 0.0  # share of the decoding at which a kill in it comes

    def claimed(self, job: Job) -> None:
        """An attempt begins."""
        self.job_id, self.attempt, self.stage = job.job_id, job.attempt, ""
        self.due = faults.kill_of(job.job_id)
        self.mark = random.uniform(0, 0.9)
        faults.note("claimed", job=job.job_id, attempt=job.attempt)

    def reached(self, stage: str, fraction: float) -> None:
        """The attempt reports progress."""
        if stage != self.stage:
            self.stage = stage
            faults.note("stage", job=self.job_id, attempt=self.attempt, stage=stage)
        if stage == "downloading" and self.due == "download":
            self.die("download")
        if stage == "decoding" and self.due == "decode" and fraction >= self.mark:
            self.die("decode")
        if stage == "scoring" and self.due == "inference":
            self.due = "inference, waiting"
            threading.Timer(random.uniform(0, INFERENCE_SECONDS), self.die, ["inference"]).start()

    def at(self, point: str) -> None:
        """The attempt is about to write its score, or has."""
        if self.due == "inference, waiting":
            self.die("before write" if point == "before write" else "after write")
        if self.due == point:
            self.die(point)

    def die(self, stage: str) -> None:
        """End the process."""
        faults.die(stage, self.job_id, self.attempt)


reaper = Reaper()
Scorer = import_scorer()
apply, progress, score = JobTable.apply, Attempt.progress, Scorer.score


def watched_apply(table: JobTable, job: Job, event: Event) -> Job | Refusal:
    if isinstance(event, Finished):
        reaper.at("before write")
    outcome = apply(table, job, event)
    if isinstance(outcome, Job) and isinstance(event, Claimed) and outcome.status is Status.PROCESSING:
        reaper.claimed(outcome)
    if isinstance(outcome, Job) and isinstance(event, Finished):
        faults.note("scored", job=outcome.job_id, attempt=outcome.attempt)
        reaper.at("after write")
    return outcome


def watched_progress(attempt: Attempt, stage: str, fraction: float) -> None:
    progress(attempt, stage, fraction)
    reaper.reached(stage, fraction)


def deadly_score(scorer: Any, path: Path, *rest: Any, **named: Any) -> Any:
    if path.read_bytes().endswith(POISON):
        reaper.die("poison")
    return score(scorer, path, *rest, **named)


JobTable.apply = watched_apply  # type: ignore[method-assign, assignment]
Attempt.progress = watched_progress  # type: ignore[method-assign, assignment]
Scorer.score = deadly_score  # type: ignore[method-assign, assignment]

handler = importlib.import_module("product").handler
