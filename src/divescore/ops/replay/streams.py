"""Letters of the stream: they hold positions, not records. Which jobs they are about, and how those are told again."""

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from botocore.exceptions import ClientError
from pydantic import BaseModel, ConfigDict, ValidationError
from pydantic.alias_generators import to_camel

from divescore.jobs.items import RECORD_SORT_KEY, record_key, to_item
from divescore.jobs.model import Job
from divescore.ops.replay.dead_letters import Unreadable

# The arrival times are approximate, and a job's own time is that of its writer's clock.
SLACK_MS = 60_000
# A record holds at most 400 KB, an invocation takes 6 MB.
JOBS_PER_CALL = 10
# A page in the middle of a shard may be empty; an open shard has no last one. After so many in a row nothing follows.
EMPTY_PAGES = 5
_GONE = frozenset({"TrimmedDataAccessException", "ResourceNotFoundException", "ExpiredIteratorException"})


class _BatchInfo(BaseModel):
    model_config = ConfigDict(alias_generator=to_camel, extra="ignore")

    shard_id: str
    start_sequence_number: str
    end_sequence_number: str
    approximate_arrival_of_first_record: datetime
    approximate_arrival_of_last_record: datetime
    batch_size: int
    stream_arn: str


class _Failure(BaseModel):
    model_config = ConfigDict(extra="ignore")

    info: _BatchInfo
    condition: str


@dataclass(frozen=True, slots=True)
class Position:
    """Where in the stream the records are that could not be pushed; times in ms since the epoch."""

    stream: str
    shard: str
    start: str
    end: str
    first_at: int
    last_at: int
    records: int
    condition: str  # why Lambda gave up: RetryAttemptsExhausted, MaxRecordAgeExceeded, …


def parse_position(body: str) -> Position:
    """The position in a letter that Lambda wrote about a batch of the stream. Raises Unreadable."""
    try:
        record = json.loads(body)
        failure = _Failure.model_validate(
            {"info": record["DDBStreamBatchInfo"], "condition": record["requestContext"]["condition"]}
        )
    except (ValueError, KeyError, TypeError, ValidationError) as error:
        raise Unreadable("The body is not Lambda's account of a failed batch.") from error
    info = failure.info
    return Position(
        stream=info.stream_arn,
        shard=info.shard_id,
        start=info.start_sequence_number,
        end=info.end_sequence_number,
        first_at=round(info.approximate_arrival_of_first_record.timestamp() * 1000),
        last_at=round(info.approximate_arrival_of_last_record.timestamp() * 1000),
        records=info.batch_size,
        condition=failure.condition,
    )


@dataclass(frozen=True)
class StreamReader:
    """Finds the jobs behind a position."""

    streams: Any
    dynamodb: Any
    table: str

    def jobs_at(self, position: Position) -> list[str]:
        """The jobs whose records lie there; once they are trimmed (after a day), those last touched at that time.

        A job that was touched again later is not among the latter: that change was pushed by itself, or has a letter of
        its own, and either way its watchers have, or will get, something newer.
        """
        try:
            return self._recorded(position)
        except ClientError as error:
            if error.response["Error"]["Code"] not in _GONE:
                raise
            return self._touched(position)

    def _recorded(self, position: Position) -> list[str]:
        iterator: str | None = self.streams.get_shard_iterator(
            StreamArn=position.stream,
            ShardId=position.shard,
            ShardIteratorType="AT_SEQUENCE_NUMBER",
            SequenceNumber=position.start,
        )["ShardIterator"]
        jobs: dict[str, None] = {}
        empty = 0
        while iterator is not None and empty < EMPTY_PAGES:
            answer = self.streams.get_records(ShardIterator=iterator)
            for record in answer["Records"]:
                change = record["dynamodb"]
                if int(change["SequenceNumber"]) > int(position.end):
                    return list(jobs)
                if change["Keys"]["sk"].get("S") == RECORD_SORT_KEY:
                    jobs[change["Keys"]["pk"]["S"].removeprefix("JOB#")] = None
                if change["SequenceNumber"] == position.end:
                    return list(jobs)
            empty = 0 if answer["Records"] else empty + 1
            iterator = answer.get("NextShardIterator")
        return list(jobs)

    def _touched(self, position: Position) -> list[str]:
        pages = self.dynamodb.get_paginator("scan").paginate(
            TableName=self.table,
            FilterExpression="sk = :job AND updatedAt BETWEEN :first AND :last",
            ExpressionAttributeValues={
                ":job": {"S": RECORD_SORT_KEY},
                ":first": {"N": str(position.first_at - SLACK_MS)},
                ":last": {"N": str(position.last_at + SLACK_MS)},
            },
            ProjectionExpression="pk",
        )
        return [item["pk"]["S"].removeprefix("JOB#") for page in pages for item in page["Items"]]


@dataclass(frozen=True)
class Teller:
    """Pushes the current state of jobs by notify itself.

    It is invoked with records as the stream would write them, so that whom to tell, back-off and clearing up are
    its own. Touching the jobs instead, for the stream to notice, would race with their workers and hand clients a
    version in which nothing changed. Whoever has this version already ignores it.
    """

    functions: Any
    notify: str

    def tell(self, jobs: Sequence[Job]) -> dict[str, str]:
        """Tell everybody who watches them; job id → why, for those whose watchers could not all be reached."""
        failed: dict[str, str] = {}
        for start in range(0, len(jobs), JOBS_PER_CALL):
            part = jobs[start : start + JOBS_PER_CALL]
            event = {"Records": [_record(job) for job in part]}
            answer = self.functions.invoke(FunctionName=self.notify, Payload=json.dumps(event).encode())
            body = json.loads(answer["Payload"].read() or b"null")
            if "FunctionError" in answer:
                reason = str(body.get("errorMessage", body) if isinstance(body, Mapping) else body)
                failed |= {job.job_id: f"notify failed: {reason}" for job in part}
                continue
            for failure in body["batchItemFailures"]:
                failed[failure["itemIdentifier"]] = "notify could not reach every watcher"
        return failed


def still_there(job_ids: Iterable[str], read: Callable[[str], Job | None]) -> list[Job]:
    """The jobs that have not been removed since."""
    return [job for job in map(read, job_ids) if job is not None]


def _record(job: Job) -> dict[str, Any]:
    # Without an old image it is news whatever its version; the job's id as its number is what failures are named by.
    image = {"Keys": record_key(job.job_id), "NewImage": to_item(job), "SequenceNumber": job.job_id}
    return {"eventName": "MODIFY", "eventSource": "aws:dynamodb", "dynamodb": image}
