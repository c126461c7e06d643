"""Joins letters with the jobs they are about, and finds failed jobs that no letter is about."""

from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from divescore.jobs.errors import JobNotFound
from divescore.jobs.items import RECORD_SORT_KEY, from_item
from divescore.jobs.model import Job
from divescore.ops.replay.dead_letters import Letter, Source, Unreadable, Work, for_job, works_of
from divescore.ops.replay.planning import Case, Found
from divescore.ops.replay.resources import Place
from divescore.ops.replay.streams import Position, parse_position
from divescore.views import Status

LANES = 8  # requests at a time
# Nothing is left to do with the video of these, whether or not it is still there.
_SETTLED = frozenset({Status.SCORED, Status.REJECTED})
Key = TypeVar("Key")
Value = TypeVar("Value")


class Lookup:
    """Reads what letters speak of, many at a time, each job and video once."""

    def __init__(self, place: Place) -> None:
        self._place = place

    def cases(self, letters: Iterable[Letter]) -> list[Case]:
        """Each letter with its jobs and whether their videos are there."""
        read = [(letter, *_read(letter)) for letter in letters]
        works = {work for _, works, _, _ in read for work in works}
        behind = self._behind({position for _, _, position, _ in read if position})
        job_ids = {work.job_id for work in works} | {job_id for ids in behind.values() for job_id in ids}
        jobs = _each(self._job, job_ids)
        videos = _each(lambda work: self._video(work, jobs[work.job_id]), works)
        return [
            Case(
                letter,
                tuple(Found(work, jobs[work.job_id], videos[work]) for work in works),
                position,
                tuple(job for job_id in behind.get(position, ()) if (job := jobs[job_id])) if position else (),
                problem,
            )
            for letter, works, position, problem in read
        ]

    def failed_jobs(self, but: Iterable[str]) -> list[Letter]:
        """FAILED jobs that are not among `but`, each with the message that would have it scored.

        Reads the whole table: there is no index of failed jobs, since in a healthy system there are none.
        """
        known = set(but)
        pages = (
            self._place.clients["dynamodb"]
            .get_paginator("scan")
            .paginate(
                TableName=self._place.names["table"],
                FilterExpression="sk = :job AND #status = :failed",
                ExpressionAttributeNames={"#status": "status"},
                ExpressionAttributeValues={":job": {"S": RECORD_SORT_KEY}, ":failed": {"S": Status.FAILED}},
            )
        )
        jobs = [from_item(item) for page in pages for item in page["Items"]]
        return [for_job(job) for job in jobs if job.job_id not in known]

    def _behind(self, positions: set[Position]) -> dict[Position, list[str]]:
        return _each(self._place.stream.jobs_at, positions) if positions else {}

    def _job(self, job_id: str) -> Job | None:
        try:
            return self._place.table.get(job_id)
        except JobNotFound:
            return None

    def _video(self, work: Work, job: Job | None) -> bool:
        if job and job.status in _SETTLED and job.object_version == work.object_version:
            return False
        return bool(work.object_version) and self._place.store.has(work.job_id, work.object_version)


def _read(letter: Letter) -> tuple[tuple[Work, ...], Position | None, str | None]:
    try:
        if letter.source is Source.STREAM:
            return (), parse_position(letter.body), None
        return works_of(letter), None, None
    except Unreadable as error:
        return (), None, str(error)


def _each(read: Callable[[Key], Value], keys: Iterable[Key]) -> dict[Key, Value]:
    ordered = list(keys)
    with ThreadPoolExecutor(LANES, "lookup") as pool:
        return dict(zip(ordered, pool.map(read, ordered), strict=True))
