"""Stand-ins that can be told to fail: a table in memory whose eventual reads lag, and a management API."""

import re
import threading
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from copy import deepcopy
from dataclasses import dataclass, field, replace
from typing import Any

from botocore.exceptions import ClientError, ReadTimeoutError

from divescore.jobs.items import Item, to_item
from divescore.jobs.model import Job
from divescore.live.changes import Change
from divescore.views import Status
from tests.fakes.standin import StandIn

TABLE = "jobs"
NOW = 1_800_000_000  # seconds since the epoch


def fault(code: str, operation: str, status: int = 400, item: Item | None = None) -> ClientError:
    response: Any = {"Error": {"Code": code, "Message": code}, "ResponseMetadata": {"HTTPStatusCode": status}}
    if item:
        response["Item"] = item
    return ClientError(response, operation)


def make_job(job_id: str = "a" * 32, status: Status = Status.QUEUED, version: int = 2, **more: Any) -> Job:
    job = Job(
        job_id=job_id,
        client="c1",
        filename="dive.mp4",
        content_type="video/mp4",
        size_bytes=1,
        created_at=NOW * 1000,
        expires_at=(NOW + 7 * 86400) * 1000,
        updated_at=NOW * 1000,
        status=status,
        version=version,
        rev=version,
    )
    return replace(job, **more)


def change(job: Job, before: int | None = None) -> Change:
    return Change(f"{job.job_id}-{job.version}", job, job.version - 1 if before is None else before)


def record(new: Job | None, old: Job | None = None, sequence: str = "1") -> dict[str, Any]:
    """A record of the table's stream as the stream's trigger delivers it."""
    job = new or old
    assert job is not None
    stream: dict[str, Any] = {
        "ApproximateCreationDateTime": float(NOW),
        "Keys": {"pk": {"S": f"JOB#{job.job_id}"}, "sk": {"S": "JOB"}},
        "SequenceNumber": sequence,
        "SizeBytes": 1,
        "StreamViewType": "NEW_AND_OLD_IMAGES",
    }
    if new:
        stream["NewImage"] = to_item(new)
    if old:
        stream["OldImage"] = to_item(old)
    name = "MODIFY" if new and old else "INSERT" if new else "REMOVE"
    return {
        "eventID": sequence,
        "eventName": name,
        "eventVersion": "1.1",
        "eventSource": "aws:dynamodb",
        "awsRegion": "eu-central-1",
        "dynamodb": stream,
        "eventSourceARN": "arn:aws:dynamodb:eu-central-1:123456789012:table/jobs/stream/2026-01-01T00:00:00.000",
    }


class LaggingTable(StandIn):
    """A DynamoDB client over a dictionary. Reads that are not consistent see the table before its last `lag` writes.

    `before` is called with each operation's name and arguments before it takes effect; it may raise, or change the
    table from another side.
    """

    def __init__(self, lag: int = 3) -> None:
        self.items: dict[tuple[str, str], Item] = {}
        self.past: list[dict[tuple[str, str], Item]] = []
        self.lag = lag
        self.before: Callable[[str, dict[str, Any]], None] = lambda _operation, _arguments: None
        self.calls: Counter[str] = Counter()
        self._lock = threading.RLock()

    def rows(self, prefix: str = "") -> set[tuple[str, str]]:
        return {key for key in self.items if key[1].startswith(prefix)}

    def put_item(self, **arguments: Any) -> dict[str, Any]:
        with self._written("put_item", arguments):
            self.items[_key(arguments["Item"])] = deepcopy(arguments["Item"])
        return {}

    def get_item(self, **arguments: Any) -> dict[str, Any]:
        self._enter("get_item", arguments)
        item = self._seen(arguments).get(_key(arguments["Key"]))
        return {"Item": deepcopy(item)} if item else {}

    def delete_item(self, **arguments: Any) -> dict[str, Any]:
        with self._written("delete_item", arguments):
            old = self.items.pop(_key(arguments["Key"]), None)
        return {"Attributes": old} if old and arguments.get("ReturnValues") == "ALL_OLD" else {}

    def update_item(self, **arguments: Any) -> dict[str, Any]:
        with self._written("update_item", arguments):
            key = _key(arguments["Key"])
            old = self.items.get(key)
            if not _holds(arguments.get("ConditionExpression", ""), old or {}, arguments):
                shown = old if arguments.get("ReturnValuesOnConditionCheckFailure") == "ALL_OLD" else None
                raise fault("ConditionalCheckFailedException", "UpdateItem", item=shown)
            self.items[key] = _updated(deepcopy(old or arguments["Key"]), arguments)
        return {}

    def get_paginator(self, operation: str) -> "LaggingTable":
        assert operation == "query"
        return self

    def paginate(self, **arguments: Any) -> Iterator[dict[str, Any]]:
        values = arguments["ExpressionAttributeValues"]
        size = arguments.get("PaginationConfig", {}).get("PageSize", 1000)
        after = ""
        while True:
            self._enter("query", arguments)
            found = sorted(
                (item for (pk, sk), item in self._seen(arguments).items() if pk == values[":job"]["S"] and sk > after),
                key=lambda item: item["sk"]["S"],
            )
            found = [item for item in found if item["sk"]["S"].startswith(values[":sub"]["S"])]
            yield {"Items": found[:size]}
            if len(found) <= size:
                return
            after = found[size - 1]["sk"]["S"]

    def _enter(self, operation: str, arguments: dict[str, Any]) -> None:
        self.calls[operation] += 1
        self.before(operation, arguments)

    def _seen(self, arguments: dict[str, Any]) -> dict[tuple[str, str], Item]:
        with self._lock:
            if arguments.get("ConsistentRead") or not self.past:
                return dict(self.items)
            return self.past[max(0, len(self.past) - self.lag)]

    @contextmanager
    def _written(self, operation: str, arguments: dict[str, Any]) -> Iterator[None]:
        self._enter(operation, arguments)
        with self._lock:
            self.past = [*self.past[-self.lag :], dict(self.items)]
            yield


def _key(item: Item) -> tuple[str, str]:
    return item["pk"]["S"], item["sk"]["S"]


def _name(text: str, arguments: dict[str, Any]) -> str:
    return str(arguments.get("ExpressionAttributeNames", {}).get(text, text))


def _holds(condition: str, item: Item, arguments: dict[str, Any]) -> bool:
    """Whether a condition holds, for the few forms that the code under test uses."""
    values = arguments.get("ExpressionAttributeValues", {})

    def term(text: str) -> bool:
        if match := re.fullmatch(r"attribute_(not_)?exists\((.+)\)", text):
            return (_name(match[2], arguments) in item) is (match[1] is None)
        if match := re.fullmatch(r"contains\((\w+), (:\w+)\)", text):
            return values[match[2]]["S"] in item.get(match[1], {}).get("SS", [])
        if match := re.fullmatch(r"size\((\w+)\) < (:\w+)", text):
            return len(item.get(match[1], {}).get("SS", [])) < int(values[match[2]]["N"])
        match = re.fullmatch(r"(\S+) = (:\w+)", text)
        assert match, text
        return bool(item.get(_name(match[1], arguments)) == values[match[2]])

    flat = re.sub(r" AND \((.+)\)$", lambda match: " AND " + match[1].replace(" OR ", "|"), condition)
    return all(any(term(option) for option in part.split("|")) for part in flat.split(" AND ") if part)


def _updated(item: Item, arguments: dict[str, Any]) -> Item:
    values = arguments.get("ExpressionAttributeValues", {})
    parts = re.split(r"\s*\b(SET|ADD|DELETE|REMOVE) ", arguments["UpdateExpression"])[1:]
    for verb, clause in zip(parts[::2], parts[1::2], strict=True):
        for action in clause.split(", "):
            words = action.replace(" =", "").split()
            name = _name(words[0], arguments)
            if verb == "SET":
                item[name] = values[words[1]]
            elif verb == "REMOVE":
                item.pop(name, None)
            else:
                held = set(item.get(name, {}).get("SS", []))
                given = set(values[words[1]]["SS"])
                left = held | given if verb == "ADD" else held - given
                item.pop(name, None)
                if left:
                    item[name] = {"SS": sorted(left)}
    return item


@dataclass
class Management(StandIn):
    """The API behind `@connections`. What each connection does is in `plan`: a list of answers, the last for good.

    An answer is "ok", "gone", "limit", "broken" (the service's own error) or seconds that it hangs before timing out.
    """

    plan: dict[str, list[str | float]] = field(default_factory=dict)
    plan_close: dict[str, list[str | float]] = field(default_factory=dict)
    received: dict[str, list[bytes]] = field(default_factory=lambda: defaultdict(list))
    at: dict[str, float] = field(default_factory=dict)  # when a connection first had something
    posts: Counter[str] = field(default_factory=Counter)
    closed: list[str] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def post_to_connection(self, ConnectionId: str, Data: bytes) -> None:
        with self.lock:
            self.posts[ConnectionId] += 1
        self._answer(self.plan.get(ConnectionId, []), "PostToConnection")
        with self.lock:
            self.received[ConnectionId].append(Data)
            self.at.setdefault(ConnectionId, time.monotonic())

    def delete_connection(self, ConnectionId: str) -> None:
        self._answer(self.plan_close.get(ConnectionId, []), "DeleteConnection")
        self.closed.append(ConnectionId)

    def _answer(self, plan: list[str | float], operation: str) -> None:
        answer = (plan.pop(0) if len(plan) > 1 else plan[0]) if plan else "ok"
        if isinstance(answer, float):
            time.sleep(answer)
            raise ReadTimeoutError(endpoint_url="https://live.test")
        match answer:
            case "gone":
                raise fault("GoneException", operation, 410)
            case "limit":
                raise fault("LimitExceededException", operation, 429)
            case "broken":
                raise fault("InternalServerError", operation, 500)
