"""A table in memory that speaks as much of boto3's DynamoDB client as jobs need; moto keeps it honest (test_table)."""

import re
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

from botocore.exceptions import ClientError

from tests.fakes.network import Network, refused
from tests.fakes.standin import StandIn

Item = dict[str, dict[str, Any]]
Names = Mapping[str, str]
_OPERATORS: Mapping[str, Callable[[Any, Any], bool]] = {
    "=": lambda a, b: bool(a == b),
    "<": lambda a, b: bool(a < b),
    "<=": lambda a, b: bool(a <= b),
    ">=": lambda a, b: bool(a >= b),
}
_INDEX_KEYS = {"open": "openShard", "client": "openClient"}
PAGE = 2  # small, so that tests turn pages


class TransactionCanceled(ClientError):
    """What `transact_write_items` raises, with its reasons."""

    def __init__(self, codes: list[str]) -> None:
        response: Any = {
            "Error": {"Code": "TransactionCanceledException", "Message": ""},
            "CancellationReasons": [{"Code": code} for code in codes],
        }
        super().__init__(response, "TransactWriteItems")


@dataclass(frozen=True)
class Change:
    """One applied write to one item, and the thread that made it."""

    old: Item | None
    new: Item
    writer: str


class FakeDynamoDB(StandIn):
    """One table; its name is not looked at. `history` holds every applied write in order."""

    exceptions = SimpleNamespace(TransactionCanceledException=TransactionCanceled)

    def __init__(self, network: Network) -> None:
        self.items: dict[tuple[str, str], Item] = {}
        self.history: list[Change] = []
        self._network = network

    def get_item(self, *, Key: Item, ConsistentRead: bool = False, **_: Any) -> dict[str, Any]:
        assert ConsistentRead, "jobs are read consistently"

        def read() -> dict[str, Any]:
            item = self.items.get(_key(Key))
            return {"Item": dict(item)} if item else {}

        return self._network.carry("dynamodb", "get_item", read)

    def put_item(self, **arguments: Any) -> None:
        self._network.carry("dynamodb", "put_item", lambda: self._put(arguments))

    def delete_item(self, *, Key: Item, **_: Any) -> None:
        self._network.carry("dynamodb", "delete_item", lambda: self.items.pop(_key(Key), None))

    def update_item(self, **arguments: Any) -> None:
        def write() -> None:
            if not self._holds(arguments):
                raise refused("ConditionalCheckFailedException", "UpdateItem")
            self._update(arguments)

        self._network.carry("dynamodb", "update_item", write)

    def transact_write_items(self, *, TransactItems: list[dict[str, Any]]) -> None:
        def write() -> None:
            steps = [next(iter(entry.items())) for entry in TransactItems]
            codes = ["None" if self._holds(arguments) else "ConditionalCheckFailed" for _, arguments in steps]
            if set(codes) != {"None"}:
                raise TransactionCanceled(codes)
            for kind, arguments in steps:
                (self._put if kind == "Put" else self._update)(arguments)

        self._network.carry("dynamodb", "transact_write_items", write)

    def query(self, **arguments: Any) -> dict[str, Any]:
        found = self._network.carry("dynamodb", "query", lambda: self._query(arguments))
        return {"Items": found, "Count": len(found)}

    def get_paginator(self, operation: str) -> Any:
        look = {"query": self._query, "scan": self._scan}[operation]

        def paginate(**arguments: Any) -> Iterator[dict[str, Any]]:
            found = self._network.carry("dynamodb", operation, lambda: look(arguments))
            for start in range(0, len(found) or 1, PAGE):
                yield {"Items": found[start : start + PAGE]}

        return SimpleNamespace(paginate=paginate)

    def _query(self, arguments: Mapping[str, Any]) -> list[Item]:
        needed = _INDEX_KEYS[arguments["IndexName"]]
        condition, values = _plainer(arguments["KeyConditionExpression"]), arguments["ExpressionAttributeValues"]
        return [
            {"pk": item["pk"], "sk": item["sk"]}
            for item in self.items.values()
            if needed in item and _true(condition, item, {}, values)
        ]

    def _scan(self, arguments: Mapping[str, Any]) -> list[Item]:
        condition, values = _plainer(arguments["FilterExpression"]), arguments["ExpressionAttributeValues"]
        names = arguments.get("ExpressionAttributeNames", {})
        return [dict(item) for item in self.items.values() if _true(condition, item, names, values)]

    def _put(self, arguments: Mapping[str, Any]) -> None:
        item = dict(arguments["Item"])
        self._store(_key(item), item)

    def _update(self, arguments: Mapping[str, Any]) -> None:
        names, values = arguments["ExpressionAttributeNames"], arguments["ExpressionAttributeValues"]
        item = dict(self.items.get(_key(arguments["Key"]), arguments["Key"]))
        clauses = re.split(r"\b(SET|REMOVE|ADD) ", arguments["UpdateExpression"])[1:]
        for verb, text in zip(clauses[::2], clauses[1::2], strict=True):
            for part in text.strip().split(", "):
                if verb == "SET":
                    name, value = part.split(" = ")
                    item[names[name]] = values[value]
                elif verb == "REMOVE":
                    item.pop(names[part], None)
                else:
                    name, value = part.split(" ")
                    before = int(item.get(names[name], {"N": "0"})["N"])
                    item[names[name]] = {"N": str(before + int(values[value]["N"]))}
        self._store(_key(item), item)

    def _store(self, key: tuple[str, str], item: Item) -> None:
        self.history.append(Change(self.items.get(key), item, threading.current_thread().name))
        self.items[key] = item

    def _holds(self, arguments: Mapping[str, Any]) -> bool:
        item = self.items.get(_key(arguments.get("Key") or arguments["Item"]), {})
        names, values = arguments.get("ExpressionAttributeNames", {}), arguments.get("ExpressionAttributeValues", {})
        return _true(arguments["ConditionExpression"], item, names, values)


def _plainer(condition: str) -> str:
    return re.sub(r"(\S+) BETWEEN (\S+) AND", r"\1 >= \2 AND \1 <=", condition)


def _key(item: Item) -> tuple[str, str]:
    return item["pk"]["S"], item["sk"]["S"]


def _true(condition: str, item: Mapping[str, Any], names: Names, values: Item) -> bool:
    return any(
        all(_term(term, item, names, values) for term in alternative.split(" AND "))
        for alternative in condition.split(" OR ")
    )


def _term(term: str, item: Mapping[str, Any], names: Names, values: Item) -> bool:
    if match := re.fullmatch(r"attribute_not_exists\((\S+)\)", term):
        return names.get(match[1], match[1]) not in item
    name, operator, value = term.split(" ")
    attribute = item.get(names.get(name, name))
    return attribute is not None and _OPERATORS[operator](_plain(attribute), _plain(values[value]))


def _plain(attribute: Mapping[str, Any]) -> Any:
    return float(attribute["N"]) if "N" in attribute else attribute["S"]
