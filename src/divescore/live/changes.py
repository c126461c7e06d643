"""Records of the jobs table's stream as changes of jobs."""

from collections.abc import Iterable, Mapping
from typing import Any

from divescore.jobs.items import RECORD_SORT_KEY, from_item
from divescore.live.fanout import Change


def read_changes(records: Iterable[Mapping[str, Any]]) -> tuple[list[Change], list[tuple[str, Exception]]]:
    """The changes of job records in a batch, in order; beside them the records that could not be read, and why.

    Removals and other rows of the table (subscriptions, counters) are passed over.
    """
    changes: list[Change] = []
    unreadable: list[tuple[str, Exception]] = []
    for record in records:
        stream = record["dynamodb"]
        if stream["Keys"]["sk"].get("S") != RECORD_SORT_KEY or "NewImage" not in stream:
            continue
        try:
            before = stream.get("OldImage")
            version_before = from_item(before).version if before else 0
            changes.append(Change(stream["SequenceNumber"], from_item(stream["NewImage"]), version_before))
        except (KeyError, TypeError, ValueError) as error:
            # One record that nobody can read must not keep the rest of its batch from the browsers.
            unreadable.append((stream["SequenceNumber"], error))
    return changes, unreadable
