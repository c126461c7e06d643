"""What the judges gave for a dive: a row of its own beside the job's record, for adaptation and nothing else.

It changes nothing that anybody watches: no version, no push. It goes with the job, by its time to live or when the job
is erased.
"""

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from divescore.jobs.errors import MarkedTooOften
from divescore.jobs.items import Item, record_key
from divescore.jobs.model import Job
from divescore.jobs.table import now_ms
from divescore.judging import execution_of

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

CONSENT = (
    "The film and its marks may be copied out of the service to adapt models. They are erased with the job; "
    "copies that were made before are not."
)
"""What whoever gives marks agrees to, in the words that they are shown."""
MARKS_SORT_KEY = "MARKS"
MAX_WRITES = 20  # of one job's marks


@dataclass(frozen=True, slots=True)
class Marks:
    """One of three: seven marks in halves from 0 to 10, the execution from 0 to 30, or the score in points."""

    marks: tuple[float, ...] | None = None
    execution: float | None = None
    score: float | None = None

    @property
    def known_execution(self) -> float | None:
        """The execution, given or by the judges' rule; None where only the score is known."""
        return self.execution if self.marks is None else execution_of(self.marks)


@dataclass(frozen=True, slots=True)
class Marked:
    """The marks of a job and when they were given, in ms since the epoch."""

    job_id: str
    marks: Marks
    given_at: int


class MarksTable:
    """Writes and reads the rows; in the table of the jobs."""

    def __init__(self, name: str, dynamodb: "DynamoDBClient", clock: Callable[[], int] = now_ms) -> None:
        self._name = name
        self._dynamodb = dynamodb
        self._clock = clock

    def put(self, job: Job, marks: Marks) -> None:
        """Write the marks of a job, over earlier ones. Raises MarkedTooOften."""
        given = {"marks": list(marks.marks) if marks.marks else None, "execution": marks.execution}
        text = json.dumps({**given, "score": marks.score}, separators=(",", ":"))
        try:
            self._dynamodb.update_item(
                TableName=self._name,
                Key=_key(job.job_id),
                UpdateExpression="SET #given = :given, #at = :at, #ttl = :ttl ADD #writes :one",
                ConditionExpression="attribute_not_exists(#writes) OR #writes < :limit",
                ExpressionAttributeNames={"#given": "given", "#at": "givenAt", "#ttl": "ttl", "#writes": "writes"},
                ExpressionAttributeValues={
                    ":given": {"S": text},
                    ":at": {"N": str(self._clock())},
                    ":ttl": {"N": str(job.expires_at // 1000)},
                    ":one": {"N": "1"},
                    ":limit": {"N": str(MAX_WRITES)},
                },
            )
        except ClientError as error:
            if error.response["Error"]["Code"] != "ConditionalCheckFailedException":
                raise
            raise MarkedTooOften(MAX_WRITES) from error

    def erase(self, job_id: str) -> None:
        """Delete a job's marks, if there are any."""
        self._dynamodb.delete_item(TableName=self._name, Key=_key(job_id))

    def since(self, moment: int) -> Iterator[Marked]:
        """All marks that were given at `moment` (ms) or later, by a scan of the table: for operators alone."""
        pages = self._dynamodb.get_paginator("scan").paginate(
            TableName=self._name,
            ConsistentRead=True,
            FilterExpression="sk = :marks AND givenAt >= :moment",
            ExpressionAttributeValues={":marks": {"S": MARKS_SORT_KEY}, ":moment": {"N": str(moment)}},
        )
        for page in pages:
            yield from map(_read, page["Items"])


def _key(job_id: str) -> Item:
    return record_key(job_id) | {"sk": {"S": MARKS_SORT_KEY}}


def _read(item: Mapping[str, Mapping[str, Any]]) -> Marked:
    given = json.loads(item["given"]["S"])
    marks = Marks(tuple(given["marks"]) if given["marks"] else None, given["execution"], given["score"])
    return Marked(item["pk"]["S"].removeprefix("JOB#"), marks, int(item["givenAt"]["N"]))
