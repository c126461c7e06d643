"""Records of the jobs table's stream as changes of jobs, and which of them are worth telling. Pure."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from divescore.jobs.items import RECORD_SORT_KEY, from_item
from divescore.jobs.model import Job


@dataclass(frozen=True, slots=True)
class Change:
    """One record of the stream: the job after the write, and its version before it (0 for a new job)."""

    sequence: str
    job: Job
    version_before: int


def read_changes(records: Iterable[Mapping[str, Any]]) -> tuple[list[Change], list[tuple[str, Exception]]]:
    """The changes of job records in a batch, in order; beside them the records that could not be read, and why.

    Removals and other rows of the table (subscriptions, counters) are passed over.
    """
    changes: list[Change] = []
    unreadable: list[tuple[str, Exception]] = []
    for record in records:
        stream = record["dynamodb"]
        sequence = stream["SequenceNumber"]
        try:
            if stream["Keys"]["sk"].get("S") != RECORD_SORT_KEY or "NewImage" not in stream:
                continue
            # Only the version of the old image matters: one that cannot be read otherwise must not hide the new one.
            before = int(stream["OldImage"]["version"]["N"]) if stream.get("OldImage") else 0
            changes.append(Change(sequence, from_item(stream["NewImage"]), before))
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            # One record that nobody can read must not keep the rest of its batch from the browsers.
            unreadable.append((sequence, error))
    return changes, unreadable


def conflate(changes: Iterable[Change]) -> dict[str, list[Change]]:
    """The changes worth telling by job, in order: never a status less, of each run of progress only the newest.

    Drops records whose version did not grow (lease renewals) and records that the same batch repeats.
    """
    news: dict[str, list[Change]] = {}
    for change in changes:
        if change.job.version <= change.version_before:
            continue
        earlier = news.setdefault(change.job.job_id, [])
        if earlier and earlier[-1].job.version >= change.job.version:
            continue
        if earlier and _same_state(earlier[-1].job, change.job):
            earlier[-1] = change
        else:
            earlier.append(change)
    return news


def _same_state(before: Job, after: Job) -> bool:
    # A new attempt is news even though the status reads the same.
    return before.status is after.status and before.attempt == after.attempt
