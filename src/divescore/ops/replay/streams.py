"""Dead letters of the stream hold positions, not records. Finds the jobs behind these, and has them told again."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from divescore.jobs.items import RECORD_SORT_KEY, record_key, to_item
from divescore.jobs.model import Job
from divescore.ops.replay.dead_letters import UnreadableLetter
from divescore.ops.replay.queues import chunks

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_dynamodbstreams import DynamoDBStreamsClient
    from mypy_boto3_lambda import LambdaClient

# The arrival times are approximate, and a job's own time is that of its writer's clock.
SLACK_MS = 60_000
# A record holds at most 400 KB, an invocation takes 6 MB.
JOBS_PER_CALL = 10
# A page in the middle of a shard may be empty; an open shard has no last one. After so many in a row nothing follows.
EMPTY_PAGES = 5
_GONE = frozenset({"TrimmedDataAccessException", "ResourceNotFoundException", "ExpiredIteratorException"})


class StreamPosition(BaseModel):
    """Where in the stream the records are that could not be told, as Lambda writes it."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    stream: str = Field(alias="streamArn")
    shard: str = Field(alias="shardId")
    start: str = Field(alias="startSequenceNumber")
    end: str = Field(alias="endSequenceNumber")
    first: datetime = Field(alias="approximateArrivalOfFirstRecord")
    last: datetime = Field(alias="approximateArrivalOfLastRecord")
    records: int = Field(alias="batchSize")
    condition: str  # why Lambda gave up: RetryAttemptsExhausted, MaxRecordAgeExceeded, …

    @property
    def first_at(self) -> int:
        """When the first record arrived, ms since the epoch."""
        return round(self.first.timestamp() * 1000)

    @property
    def last_at(self) -> int:
        """When the last record arrived, ms since the epoch."""
        return round(self.last.timestamp() * 1000)


def parse_position(body: str) -> StreamPosition:
    """The position in what Lambda wrote about a batch of the stream. Raises UnreadableLetter."""
    try:
        record = json.loads(body)
        condition = record["requestContext"]["condition"]
        return StreamPosition.model_validate({**record["DDBStreamBatchInfo"], "condition": condition})
    except (ValueError, KeyError, TypeError, ValidationError) as error:
        raise UnreadableLetter("The body is not Lambda's account of a failed batch.") from error


@dataclass(frozen=True)
class StreamReader:
    """Finds the jobs behind a position."""

    streams: "DynamoDBStreamsClient"
    dynamodb: "DynamoDBClient"
    table: str

    def jobs_at(self, position: StreamPosition) -> list[str]:
        """The jobs whose records lie there; once they are trimmed (after a day), those last touched at that time.

        A job that was touched again later is not among the latter: that change was pushed by itself, or has a dead
        letter of its own, and either way its watchers have, or will get, something newer.
        """
        try:
            return self._recorded(position)
        except ClientError as error:
            if error.response["Error"]["Code"] not in _GONE:
                raise
            return self._touched(position)

    def _recorded(self, position: StreamPosition) -> list[str]:
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

    def _touched(self, position: StreamPosition) -> list[str]:
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
class StreamFunction:
    """One of the stream's readers: `notify` pushes jobs to whoever watches them, `settle` publishes them.

    It is invoked with records as the stream would write them, so that whom to tell, back-off and clearing up are
    its own. Touching the jobs instead, for the stream to notice, would race with their workers and hand clients a
    version in which nothing changed. Whoever has this version already ignores it.
    """

    functions: "LambdaClient"
    deployed: str  # the function's name in its stack
    name: str = "notify"

    def hand(self, jobs: Sequence[Job]) -> dict[str, str]:
        """Have everybody told of them who is to hear; job id → why, for those of which not all could be told."""
        failed: dict[str, str] = {}
        for part in chunks(jobs, JOBS_PER_CALL):
            event = {"Records": [_record(job) for job in part]}
            answer = self.functions.invoke(FunctionName=self.deployed, Payload=json.dumps(event).encode())
            body = json.loads(answer["Payload"].read() or b"null")
            if "FunctionError" in answer:
                reason = str(body.get("errorMessage", body) if isinstance(body, Mapping) else body)
                failed |= {job.job_id: f"{self.name} failed: {reason}" for job in part}
                continue
            for failure in body.get("batchItemFailures", []):  # settle raises instead
                failed[failure["itemIdentifier"]] = f"{self.name} could not reach every watcher"
        return failed


def _record(job: Job) -> dict[str, Any]:
    # Without an old image it is news whatever its version; the job's id as its number is what failures are named by.
    image = {"Keys": record_key(job.job_id), "NewImage": to_item(job), "SequenceNumber": job.job_id}
    return {"eventName": "MODIFY", "eventSource": "aws:dynamodb", "dynamodb": image}
