"""Who watches what, as rows of the jobs table: `JOB#…/SUB#…` for fan-out, `CONN#…/CONN` so that a leaver is found."""

import time
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

MAX_JOBS_PER_CONNECTION = 100
# API Gateway ends every connection after two hours; its rows live a little longer than it can.
ROW_SECONDS = 2 * 3600 + 600
# Watchers per query: posting to one page goes on while the next is read.
PAGE_SIZE = 1000


class SubscriptionError(Exception):
    """Base of why a job cannot be watched; `code` for programs, `message` for people."""

    code = "UNAVAILABLE"

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


class TooManyJobs(SubscriptionError):
    """A connection watches as many jobs as it may."""

    code = "TOO_MANY_JOBS"

    def __init__(self) -> None:
        super().__init__(f"One connection watches at most {MAX_JOBS_PER_CONNECTION} jobs; unsubscribe from one first.")


class NotConnected(SubscriptionError):
    """The connection has ended, was given up as dead, or was never announced."""

    def __init__(self) -> None:
        super().__init__("This connection was given up; open a new one.")


class Subscriptions:
    """Reads and writes connections and subscriptions."""

    def __init__(
        self, table: str, dynamodb: "DynamoDBClient", clock: Callable[[], float] = time.time, page_size: int = PAGE_SIZE
    ) -> None:
        self._table = table
        self._dynamodb = dynamodb
        self._clock = clock
        self._page_size = page_size

    def connect(self, connection_id: str) -> None:
        """Note a new connection."""
        self._dynamodb.put_item(
            TableName=self._table, Item=_connection(connection_id) | {"ttl": {"N": str(self._ends())}}
        )

    def subscribe(self, connection_id: str, job_id: str, until: int | None = None) -> None:
        """Let the connection have the job's news, at most until `until` (seconds since the epoch: its token's end).

        Repeating it renews the rows' time to live. Raises TooManyJobs; NotConnected when the connection has ended.
        """
        ends = self._ends()
        key = _subscription(job_id, connection_id)
        ttl = {"N": str(ends if until is None else min(ends, until))}
        # The subscription first: whoever removes the connection's row afterwards finds the job in it, and whoever
        # removed it before makes the second write fail, which takes the subscription back.
        self._dynamodb.put_item(TableName=self._table, Item=key | {"ttl": ttl})
        try:
            self._dynamodb.update_item(
                TableName=self._table,
                Key=_connection(connection_id),
                UpdateExpression="SET #ttl = :ttl ADD jobs :job",
                ConditionExpression="attribute_exists(pk) AND "
                "(attribute_not_exists(jobs) OR contains(jobs, :id) OR size(jobs) < :most)",
                ExpressionAttributeNames={"#ttl": "ttl"},
                ExpressionAttributeValues={
                    ":ttl": {"N": str(ends)},
                    ":job": {"SS": [job_id]},
                    ":id": {"S": job_id},
                    ":most": {"N": str(MAX_JOBS_PER_CONNECTION)},
                },
                ReturnValuesOnConditionCheckFailure="ALL_OLD",
            )
        except ClientError as error:
            if error.response["Error"]["Code"] != "ConditionalCheckFailedException":
                raise
            self._dynamodb.delete_item(TableName=self._table, Key=key)
            if "Item" not in error.response:
                raise NotConnected from error
            raise TooManyJobs from error

    def unsubscribe(self, connection_id: str, job_id: str) -> None:
        """Stop the job's news; harmless when there was no subscription."""
        self._dynamodb.delete_item(TableName=self._table, Key=_subscription(job_id, connection_id))
        try:
            self._dynamodb.update_item(
                TableName=self._table,
                Key=_connection(connection_id),
                UpdateExpression="DELETE jobs :job",
                ConditionExpression="attribute_exists(pk)",
                ExpressionAttributeValues={":job": {"SS": [job_id]}},
            )
        except ClientError as error:
            # The connection left while we were at it, and took its row along: nothing is left to do.
            if error.response["Error"]["Code"] != "ConditionalCheckFailedException":
                raise

    def forget(self, connection_id: str, job_id: str | None = None) -> None:
        """Remove a connection and all its subscriptions, that of `job_id` even if it is listed nowhere.

        Harmless to repeat.
        """
        answer = self._dynamodb.delete_item(
            TableName=self._table, Key=_connection(connection_id), ReturnValues="ALL_OLD"
        )
        jobs = set(answer.get("Attributes", {}).get("jobs", {}).get("SS", []))
        for watched in sorted(jobs | ({job_id} if job_id else set())):
            self._dynamodb.delete_item(TableName=self._table, Key=_subscription(watched, connection_id))

    def watchers(self, job_id: str) -> Iterator[list[str]]:
        """The connections that watch a job, a page at a time, read consistently; expired ones are left out."""
        now = int(self._clock())
        pages = self._dynamodb.get_paginator("query").paginate(
            TableName=self._table,
            KeyConditionExpression="pk = :job AND begins_with(sk, :sub)",
            ExpressionAttributeNames={"#ttl": "ttl"},
            ExpressionAttributeValues={":job": {"S": f"JOB#{job_id}"}, ":sub": {"S": "SUB#"}},
            ProjectionExpression="sk, #ttl",
            ConsistentRead=True,
            PaginationConfig={"PageSize": self._page_size},
        )
        for page in pages:
            # The table removes expired rows only hours later.
            yield [item["sk"]["S"].removeprefix("SUB#") for item in page["Items"] if int(item["ttl"]["N"]) > now]

    def _ends(self) -> int:
        return int(self._clock()) + ROW_SECONDS


def _connection(connection_id: str) -> dict[str, Any]:
    return {"pk": {"S": f"CONN#{connection_id}"}, "sk": {"S": "CONN"}}


def _subscription(job_id: str, connection_id: str) -> dict[str, Any]:
    return {"pk": {"S": f"JOB#{job_id}"}, "sk": {"S": f"SUB#{connection_id}"}}
