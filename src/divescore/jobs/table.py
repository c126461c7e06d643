"""The jobs table: transitions become conditional writes, so that of two writers exactly one takes effect."""

import random
import time
from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from divescore.jobs.errors import Contended, IdempotencyClash, JobNotFound, QuotaExceeded
from divescore.jobs.items import OPEN_SHARDS, Item, difference, from_item, open_shard, record_key, to_item
from divescore.jobs.model import Job
from divescore.jobs.quota import Budget, Quotas, day_of, seconds_to_midnight, share_of
from divescore.jobs.transitions import Event, Refusal, fence_of, transition
from divescore.views import Status

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_dynamodb.type_defs import TransactWriteItemTypeDef

# Each lost race means that somebody else's write went through, so this many in a row is a fault and not contention.
MAX_RACES = 25
# Seconds, at most, before a transaction that met another is tried again: about as long as one takes.
CONFLICT_PAUSE = 0.02


def now_ms() -> int:
    """Now, in milliseconds since the epoch."""
    return time.time_ns() // 1_000_000


class JobTable:
    """Reads and writes job records; the only code that knows how a record is stored."""

    def __init__(self, name: str, dynamodb: "DynamoDBClient", clock: Callable[[], int] = now_ms) -> None:
        self.name = name
        self._dynamodb = dynamodb
        self._clock = clock
        self._budget = Budget()

    def now(self) -> int:
        """The time by which jobs are decided on, in ms since the epoch."""
        return self._clock()

    def get(self, job_id: str) -> Job:
        """The job, read consistently. Raises JobNotFound."""
        item = self._read(record_key(job_id))
        if item is None:
            raise JobNotFound(job_id)
        return from_item(item)

    def apply(self, job: Job, event: Event) -> Job | Refusal:
        """Apply `event` to `job` as it is *now*; `job` may be an old copy.

        The write holds only if nobody wrote since the copy was taken; otherwise the decision is made again on the
        current record. Raises JobNotFound when the record is gone, Contended when it never gets through.
        """
        for _ in range(MAX_RACES):
            outcome = transition(job, event, self._clock())
            if isinstance(outcome, Refusal):
                # A refusal by an old copy is no refusal: decide on the current record.
                current = self.get(job.job_id)
                if current.rev == job.rev:
                    return outcome
                job = current
                continue
            winner = self._swap(job, outcome, event)
            if winner is None:
                return outcome
            job = winner
        raise Contended(job.job_id)

    def _swap(self, old: Job, new: Job, event: Event) -> Job | None:
        """Write `new` over `old`; None when `new` is in the table, the current record when another write was first."""
        update = difference(to_item(old), to_item(new))
        conditions = ["#rev = :expected"]
        names = update.names | {"#rev": "rev"}
        values = update.values | {":expected": {"N": str(old.rev)}}
        if (fence := fence_of(event)) is not None:
            conditions.append("#status = :processing AND #attempt = :mine AND #owner = :me")
            names |= {"#status": "status", "#attempt": "attempt", "#owner": "owner"}
            values |= {
                ":processing": {"S": Status.PROCESSING},
                ":mine": {"N": str(fence.attempt)},
                ":me": {"S": fence.owner},
            }
        try:
            self._dynamodb.update_item(
                TableName=self.name,
                Key=record_key(old.job_id),
                UpdateExpression=update.expression,
                ConditionExpression=" AND ".join(conditions),
                ExpressionAttributeNames=names,
                ExpressionAttributeValues=values,
            )
        except ClientError as error:
            if error.response["Error"]["Code"] != "ConditionalCheckFailedException":
                raise
            current = self.get(old.job_id)
            # Our own write may be what is in the way: its answer was lost and the client sent it again.
            return None if current == new else current
        return None

    def create(self, job: Job, quotas: Quotas, idempotency: tuple[str, str] | None = None) -> Job:
        """Put a new job and count it against the quotas, all or nothing.

        `idempotency` is (key, fingerprint of the request): a key seen before gives the job it made then. Raises
        QuotaExceeded, or IdempotencyClash when the key came with another request.
        """
        if idempotency and (earlier := self._made_before(idempotency, job.client)):
            return earlier
        if self._count_open(job.client) >= quotas.open_per_client:
            raise QuotaExceeded(
                f"You have {quotas.open_per_client} dives under way; wait until one is scored, or cancel one.", 30
            )
        now = self._clock()
        wait = seconds_to_midnight(now)
        day = day_of(now)
        put: TransactWriteItemTypeDef = {
            "Put": {"TableName": self.name, "Item": to_item(job), "ConditionExpression": "attribute_not_exists(pk)"}
        }
        fixed = [put, self._count(f"CLIENT#{job.client}#{day}", quotas.daily_per_client, wait)]
        marker = [self._mark(job, *idempotency, now)] if idempotency else []
        races = 0
        while races < MAX_RACES:
            share = self._budget.pick(day, quotas.daily)
            if share is None:
                raise QuotaExceeded("Today's budget for scoring is used up; come back tomorrow.", wait)
            budget = self._count(f"BUDGET#{day}#{share}", share_of(quotas.daily, share), wait)
            try:
                self._dynamodb.transact_write_items(TransactItems=[*fixed, budget, *marker])
                return job
            except self._dynamodb.exceptions.TransactionCanceledException as error:
                codes = [reason.get("Code") for reason in error.response.get("CancellationReasons", [])]
                failed = {index for index, code in enumerate(codes) if code == "ConditionalCheckFailed"}
                if 3 in failed and idempotency and (earlier := self._made_before(idempotency, job.client)):
                    return earlier
                if 1 in failed:
                    raise QuotaExceeded(
                        f"That was your {quotas.daily_per_client} dives for today; come back tomorrow.", wait
                    ) from error
                if 2 in failed:
                    self._budget.full(day, share)
                elif "TransactionConflict" in codes:
                    races += 1
                    time.sleep(random.uniform(0, CONFLICT_PAUSE))  # noqa: S311 - jitter
                else:
                    raise
        raise Contended(job.job_id)

    def overdue(self, before: int, after: int = 0) -> Iterator[str]:
        """Ids of open jobs whose deadline was from `after` to `before` (ms) when the sparse index last looked.

        Shards come in random order, so that no job has to wait behind the same full shard every time.
        """
        for shard in random.sample(range(OPEN_SHARDS), OPEN_SHARDS):
            arguments: dict[str, Any] = {
                "TableName": self.name,
                "IndexName": "open",
                "KeyConditionExpression": "openShard = :shard AND deadline BETWEEN :after AND :before",
                "ExpressionAttributeValues": {
                    ":shard": {"S": open_shard(shard)},
                    ":after": {"N": str(after)},
                    ":before": {"N": str(before)},
                },
            }
            for page in self._dynamodb.get_paginator("query").paginate(**arguments):
                for key in page["Items"]:
                    yield key["pk"]["S"].removeprefix("JOB#")

    def register_model(self, model: Mapping[str, str]) -> None:
        """Note which model the newest worker loaded, for `GET /health`."""
        item: Item = {"pk": {"S": "MODEL"}, "sk": {"S": "MODEL"}}
        self._dynamodb.put_item(TableName=self.name, Item=item | {name: {"S": text} for name, text in model.items()})

    def registered_model(self) -> dict[str, str] | None:
        """The model that `register_model` noted last; None before the first worker started."""
        item = self._read({"pk": {"S": "MODEL"}, "sk": {"S": "MODEL"}})
        return None if item is None else {name: v["S"] for name, v in item.items() if name not in ("pk", "sk")}

    def _read(self, key: Item) -> Item | None:
        answer = self._dynamodb.get_item(TableName=self.name, Key=key, ConsistentRead=True)
        item: Mapping[str, Any] | None = answer.get("Item")
        return None if item is None else dict(item)

    def _count_open(self, client: str) -> int:
        answer = self._dynamodb.query(
            TableName=self.name,
            IndexName="client",
            KeyConditionExpression="openClient = :client",
            ExpressionAttributeValues={":client": {"S": client}},
            Select="COUNT",
        )
        return int(answer["Count"])

    def _count(self, pk: str, limit: int, seconds_left: int) -> "TransactWriteItemTypeDef":
        return {
            "Update": {
                "TableName": self.name,
                "Key": {"pk": {"S": pk}, "sk": {"S": "QUOTA"}},
                "UpdateExpression": "ADD #used :one SET #ttl = :ttl",
                "ConditionExpression": "attribute_not_exists(#used) OR #used < :limit",
                "ExpressionAttributeNames": {"#used": "used", "#ttl": "ttl"},
                "ExpressionAttributeValues": {
                    ":one": {"N": "1"},
                    ":limit": {"N": str(limit)},
                    ":ttl": {"N": str(self._clock() // 1000 + seconds_left + 3600)},
                },
            }
        }

    def _mark(self, job: Job, key: str, fingerprint: str, now: int) -> "TransactWriteItemTypeDef":
        marker = self._marker_key(key, job.client) | {
            "jobId": {"S": job.job_id},
            "fingerprint": {"S": fingerprint},
            "ttl": {"N": str(job.expires_at // 1000)},
        }
        return {
            "Put": {
                "TableName": self.name,
                "Item": marker,
                "ConditionExpression": "attribute_not_exists(pk) OR #ttl <= :now",
                "ExpressionAttributeNames": {"#ttl": "ttl"},
                "ExpressionAttributeValues": {":now": {"N": str(now // 1000)}},
            }
        }

    def _marker_key(self, key: str, client: str) -> Item:
        return {"pk": {"S": f"IDEM#{client}#{key}"}, "sk": {"S": "IDEM"}}

    def _made_before(self, idempotency: tuple[str, str], client: str) -> Job | None:
        key, fingerprint = idempotency
        marker = self._read(self._marker_key(key, client))
        # DynamoDB removes a marker some time after its time is over; until then it counts for nothing, as its job does.
        if marker is None or int(marker["ttl"]["N"]) <= self._clock() // 1000:
            return None
        if marker["fingerprint"]["S"] != fingerprint:
            raise IdempotencyClash
        return self.get(marker["jobId"]["S"])
