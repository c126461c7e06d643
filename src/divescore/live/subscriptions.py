"""Who watches what, as rows of the jobs table: `JOB#…/SUB#…` for fan-out, `CONN#…/CONN` so that a leaver is found."""

import time
from collections.abc import Callable, Iterator
from typing import Any

from botocore.exceptions import ClientError

MAX_JOBS_PER_CONNECTION = 100
# API Gateway ends every connection after two hours; its rows live a little longer than it can.
ROW_SECONDS = 2 * 3600 + 600


class TooManyJobs(Exception):
    """A connection watches as many jobs as it may."""

    code = "TOO_MANY_JOBS"

    def __init__(self) -> None:
        self.message = f"One connection watches at most {MAX_JOBS_PER_CONNECTION} jobs; unsubscribe from one first."
        super().__init__(self.message)


class NotConnected(Exception):
    """The connection has ended, or was never announced."""

    def __init__(self, connection_id: str) -> None:
        super().__init__(f"no connection {connection_id}")


class Subscriptions:
    """Reads and writes connections and subscriptions."""

    def __init__(self, table: str, dynamodb: Any, clock: Callable[[], float] = time.time) -> None:
        self._table = table
        self._dynamodb = dynamodb
        self._clock = clock

    def connect(self, connection_id: str) -> None:
        """Note a new connection."""
        self._dynamodb.put_item(TableName=self._table, Item=_connection(connection_id) | {"ttl": self._ttl()})

    def subscribe(self, connection_id: str, job_id: str) -> None:
        """Let the connection have the job's news. Repeating it renews the rows' time to live.

        Raises TooManyJobs; NotConnected when the connection has ended meanwhile.
        """
        try:
            # The connection's row first: it is what a leaver's subscriptions are found by.
            self._dynamodb.update_item(
                TableName=self._table,
                Key=_connection(connection_id),
                UpdateExpression="SET #ttl = :ttl ADD jobs :job",
                ConditionExpression="attribute_exists(pk) AND "
                "(attribute_not_exists(jobs) OR contains(jobs, :id) OR size(jobs) < :most)",
                ExpressionAttributeNames={"#ttl": "ttl"},
                ExpressionAttributeValues={
                    ":ttl": self._ttl(),
                    ":job": {"SS": [job_id]},
                    ":id": {"S": job_id},
                    ":most": {"N": str(MAX_JOBS_PER_CONNECTION)},
                },
            )
        except ClientError as error:
            if error.response["Error"]["Code"] != "ConditionalCheckFailedException":
                raise
            if self._connection_item(connection_id) is None:
                raise NotConnected(connection_id) from error
            raise TooManyJobs from error
        self._dynamodb.put_item(TableName=self._table, Item=_subscription(job_id, connection_id) | {"ttl": self._ttl()})

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

    def forget(self, connection_id: str) -> None:
        """Remove a connection and all its subscriptions; harmless to repeat."""
        item = self._connection_item(connection_id)
        for job_id in item.get("jobs", {}).get("SS", []) if item else []:
            self._dynamodb.delete_item(TableName=self._table, Key=_subscription(job_id, connection_id))
        self._dynamodb.delete_item(TableName=self._table, Key=_connection(connection_id))

    def watchers(self, job_id: str) -> Iterator[list[str]]:
        """The connections that watch a job, a page at a time, read consistently."""
        pages = self._dynamodb.get_paginator("query").paginate(
            TableName=self._table,
            KeyConditionExpression="pk = :job AND begins_with(sk, :sub)",
            ExpressionAttributeValues={":job": {"S": f"JOB#{job_id}"}, ":sub": {"S": "SUB#"}},
            ProjectionExpression="sk",
            ConsistentRead=True,
        )
        for page in pages:
            yield [item["sk"]["S"].removeprefix("SUB#") for item in page["Items"]]

    def _connection_item(self, connection_id: str) -> dict[str, Any] | None:
        answer = self._dynamodb.get_item(TableName=self._table, Key=_connection(connection_id), ConsistentRead=True)
        item: dict[str, Any] | None = answer.get("Item")
        return item

    def _ttl(self) -> dict[str, str]:
        return {"N": str(int(self._clock()) + ROW_SECONDS)}


def _connection(connection_id: str) -> dict[str, Any]:
    return {"pk": {"S": f"CONN#{connection_id}"}, "sk": {"S": "CONN"}}


def _subscription(job_id: str, connection_id: str) -> dict[str, Any]:
    return {"pk": {"S": f"JOB#{job_id}"}, "sk": {"S": f"SUB#{connection_id}"}}
