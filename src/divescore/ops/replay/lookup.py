"""Joins dead letters with the jobs they are about, and finds failed jobs that have no dead letter."""

from collections.abc import Callable, Collection, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from divescore.jobs.errors import JobNotFound
from divescore.jobs.items import RECORD_SORT_KEY, from_item
from divescore.jobs.model import Job
from divescore.ops.replay.dead_letters import (
    OF_THE_STREAM,
    DeadLetter,
    QueueName,
    UnreadableLetter,
    stand_in,
    uploads_of,
)
from divescore.ops.replay.in_flight import InFlight
from divescore.ops.replay.planning import Diagnosis, UploadState
from divescore.ops.replay.resources import Resources
from divescore.ops.replay.streams import StreamPosition, parse_position
from divescore.uploads.notifications import Upload
from divescore.views import Status

THREADS = 8  # requests at a time
# Nothing is left to do with the video of these, whether or not it is still there.
_SETTLED = frozenset({Status.SCORED, Status.REJECTED})
Key = TypeVar("Key")
Value = TypeVar("Value")


def survey(resources: Resources, in_flight: InFlight, queues: Collection[str]) -> list[Diagnosis]:
    """Receive and diagnose everything in these queues. `jobs` asks which failed jobs have no dead letter."""
    needed = {QueueName.UPLOADS, QueueName.SCORING} if QueueName.JOBS in queues else set()
    letters = in_flight.receive([name for name in in_flight.urls if name in needed.union(queues)])
    found = diagnose(resources, letters)
    if QueueName.JOBS in queues:
        known = {job_id for each in found if each.letter.queue not in OF_THE_STREAM for job_id in each.jobs}
        found += diagnose(resources, failed_jobs(resources, known))
    return [each for each in found if each.letter.queue in queues]


def diagnose(resources: Resources, letters: Iterable[DeadLetter]) -> list[Diagnosis]:
    """Each dead letter with its jobs and whether their videos are there; each job and video is read once."""
    read = [(letter, *_read(letter)) for letter in letters]
    uploads = {upload for _, uploads, _, _ in read for upload in uploads}
    behind = _each(resources.stream.jobs_at, {position for _, _, position, _ in read if position})
    job_ids = {upload.job_id for upload in uploads} | {job_id for ids in behind.values() for job_id in ids}

    def job_of(job_id: str) -> Job | None:
        try:
            return resources.table.get(job_id)
        except JobNotFound:
            return None

    jobs = _each(job_of, job_ids)

    def has_video(upload: Upload) -> bool:
        job = jobs[upload.job_id]
        if job and job.status in _SETTLED and job.object_version == upload.object_version:
            return False
        return bool(upload.object_version) and resources.store.has(upload.job_id, upload.object_version)

    videos = _each(has_video, uploads)
    return [
        Diagnosis(
            letter,
            tuple(UploadState(upload, jobs[upload.job_id], videos[upload]) for upload in uploads),
            position,
            tuple(job for job_id in behind.get(position, ()) if (job := jobs[job_id])) if position else (),
            problem,
        )
        for letter, uploads, position, problem in read
    ]


def failed_jobs(resources: Resources, known: Collection[str]) -> list[DeadLetter]:
    """FAILED jobs but those that are `known`, each as the message that would have it scored.

    Reads the whole table: there is no index of failed jobs, since in a healthy system there are none.
    """
    pages = resources.dynamodb.get_paginator("scan").paginate(
        TableName=resources.table.name,
        FilterExpression="sk = :job AND #status = :failed",
        ExpressionAttributeNames={"#status": "status"},
        ExpressionAttributeValues={":job": {"S": RECORD_SORT_KEY}, ":failed": {"S": Status.FAILED}},
    )
    jobs = [from_item(item) for page in pages for item in page["Items"]]
    return [stand_in(job) for job in jobs if job.job_id not in known]


def _read(letter: DeadLetter) -> tuple[Sequence[Upload], StreamPosition | None, str | None]:
    try:
        if letter.queue in OF_THE_STREAM:
            return (), parse_position(letter.body), None
        return uploads_of(letter), None, None
    except UnreadableLetter as error:
        return (), None, str(error)


def _each(read: Callable[[Key], Value], keys: Iterable[Key]) -> dict[Key, Value]:
    ordered = list(keys)
    with ThreadPoolExecutor(THREADS, "lookup") as pool:
        return dict(zip(ordered, pool.map(read, ordered), strict=True))
