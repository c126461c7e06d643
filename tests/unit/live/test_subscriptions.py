from collections.abc import Callable
from contextlib import nullcontext
from typing import Any

import pytest
from botocore.exceptions import ClientError

from divescore.live.subscriptions import (
    MAX_JOBS_PER_CONNECTION,
    ROW_SECONDS,
    NotConnected,
    Subscriptions,
    TooManyJobs,
)
from tests.unit.live.fakes import NOW, TABLE, LaggingTable, fault

CONNECTION_LIFE = 2 * 3600
PAGE = 30


class Clock:
    def __init__(self) -> None:
        self.now = float(NOW)

    def __call__(self) -> float:
        return self.now


@pytest.fixture(params=["moto", "fake"])
def table(request: pytest.FixtureRequest) -> Any:
    """The same tests hold for a real table's rules and for the fake that races are forced on."""
    return request.getfixturevalue("aws").dynamodb if request.param == "moto" else LaggingTable()


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def subscriptions(table: Any, clock: Clock) -> Subscriptions:
    return Subscriptions(TABLE, table, clock, PAGE)


def rows(table: Any) -> dict[tuple[str, str], Any]:
    if isinstance(table, LaggingTable):
        return dict(table.items)
    return {(item["pk"]["S"], item["sk"]["S"]): item for item in table.scan(TableName=TABLE)["Items"]}


def watchers(subscriptions: Subscriptions, job_id: str) -> list[str]:
    return [connection for page in subscriptions.watchers(job_id) for connection in page]


def test_who_subscribed_watches(subscriptions: Subscriptions) -> None:
    for connection in ("c1", "c2"):
        subscriptions.connect(connection)
        subscriptions.subscribe(connection, "j1")
    subscriptions.subscribe("c2", "j2")
    assert watchers(subscriptions, "j1") == ["c1", "c2"]
    assert watchers(subscriptions, "j2") == ["c2"]
    assert watchers(subscriptions, "j3") == []


def test_rows_live_just_over_two_hours_and_a_repeat_renews_them(
    subscriptions: Subscriptions, table: Any, clock: Clock
) -> None:
    subscriptions.connect("c1")
    clock.now += 240
    subscriptions.subscribe("c1", "j1")
    clock.now += 240
    subscriptions.subscribe("c1", "j1")
    ends = {key: int(item["ttl"]["N"]) - NOW for key, item in rows(table).items()}
    assert ends == {("CONN#c1", "CONN"): ROW_SECONDS + 480, ("JOB#j1", "SUB#c1"): ROW_SECONDS + 480}
    assert CONNECTION_LIFE < ROW_SECONDS <= CONNECTION_LIFE + 900


def test_nobody_watches_longer_than_the_token_allows(subscriptions: Subscriptions, clock: Clock) -> None:
    subscriptions.connect("c1")
    subscriptions.subscribe("c1", "j1", NOW + 60)
    clock.now += 59
    assert watchers(subscriptions, "j1") == ["c1"]
    clock.now += 1
    assert watchers(subscriptions, "j1") == []


def test_unsubscribe_is_harmless_to_repeat(subscriptions: Subscriptions, table: Any) -> None:
    subscriptions.connect("c1")
    subscriptions.subscribe("c1", "j1")
    subscriptions.subscribe("c1", "j2")
    for _ in range(2):
        subscriptions.unsubscribe("c1", "j1")
    assert (watchers(subscriptions, "j1"), watchers(subscriptions, "j2")) == ([], ["c1"])
    assert rows(table)[("CONN#c1", "CONN")]["jobs"] == {"SS": ["j2"]}
    subscriptions.unsubscribe("never-connected", "j1")
    assert ("CONN#never-connected", "CONN") not in rows(table)


def test_a_leaver_takes_all_rows_along(subscriptions: Subscriptions, table: Any) -> None:
    for connection in ("c1", "c2"):
        subscriptions.connect(connection)
        for job in ("j1", "j2"):
            subscriptions.subscribe(connection, job)
    for _ in range(2):
        subscriptions.forget("c1")
    assert set(rows(table)) == {("CONN#c2", "CONN"), ("JOB#j1", "SUB#c2"), ("JOB#j2", "SUB#c2")}


def test_forgetting_removes_a_subscription_that_is_listed_nowhere(subscriptions: Subscriptions, table: Any) -> None:
    subscriptions.connect("c1")
    subscriptions.subscribe("c1", "j1")
    table.delete_item(TableName=TABLE, Key={"pk": {"S": "CONN#c1"}, "sk": {"S": "CONN"}})
    subscriptions.forget("c1", "j1")
    assert rows(table) == {}


def test_a_hundred_jobs_and_no_more(subscriptions: Subscriptions, table: Any) -> None:
    subscriptions.connect("c1")
    for number in range(MAX_JOBS_PER_CONNECTION):
        subscriptions.subscribe("c1", f"j{number}")
    with pytest.raises(TooManyJobs) as caught:
        subscriptions.subscribe("c1", "one-more")
    assert caught.value.code == "TOO_MANY_JOBS"
    assert watchers(subscriptions, "one-more") == []
    subscriptions.subscribe("c1", "j7")  # renewing is not one more
    subscriptions.unsubscribe("c1", "j7")
    subscriptions.subscribe("c1", "one-more")
    assert len(rows(table)[("CONN#c1", "CONN")]["jobs"]["SS"]) == MAX_JOBS_PER_CONNECTION


def test_who_is_not_connected_cannot_subscribe_and_leaves_nothing(subscriptions: Subscriptions, table: Any) -> None:
    with pytest.raises(NotConnected):
        subscriptions.subscribe("ghost", "j1")
    assert rows(table) == {}


def test_many_watchers_come_page_by_page(subscriptions: Subscriptions, table: Any) -> None:
    count = 2 * PAGE + 1
    for number in range(count):
        key = {"pk": {"S": "JOB#j1"}, "sk": {"S": f"SUB#{number:05}"}}
        table.put_item(TableName=TABLE, Item=key | {"ttl": {"N": str(NOW + 1)}})
    pages = list(subscriptions.watchers("j1"))
    assert [len(page) for page in pages if page] == [PAGE, PAGE, 1]
    assert len({connection for page in pages for connection in page}) == count


def at(operation: str, number: int, action: Callable[[], object]) -> Callable[[str, dict[str, Any]], None]:
    """Do something just before the `number`-th call (from 1) of an operation, once."""
    seen = 0

    def hook(called: str, _arguments: dict[str, Any]) -> None:
        nonlocal seen
        seen += called == operation
        if called == operation and seen == number:
            action()

    return hook


@pytest.mark.parametrize(("operation", "number"), [("put_item", 1), ("update_item", 1)])
def test_a_subscription_that_overtakes_a_disconnect_leaves_no_row(operation: str, number: int) -> None:
    table = LaggingTable()
    subscriptions = Subscriptions(TABLE, table, Clock())
    subscriptions.connect("c1")
    table.before = at(operation, number, lambda: subscriptions.forget("c1"))
    with pytest.raises(NotConnected):
        subscriptions.subscribe("c1", "j1")
    assert table.items == {}


@pytest.mark.parametrize("number", [1, 2])
def test_a_disconnect_that_overtakes_a_subscription_leaves_no_row(number: int) -> None:
    table = LaggingTable()
    subscriptions = Subscriptions(TABLE, table, Clock())
    subscriptions.connect("c1")
    subscriptions.subscribe("c1", "j1")

    def subscribe_late() -> None:
        with pytest.raises(NotConnected) if number == 2 else nullcontext():
            subscriptions.subscribe("c1", "j2")

    table.before = at("delete_item", number, subscribe_late)
    subscriptions.forget("c1")
    assert table.items == {}


@pytest.mark.parametrize("operation", ["put_item", "update_item"])
@pytest.mark.parametrize("code", ["ThrottlingException", "TransactionConflictException", "InternalServerError"])
def test_an_error_of_the_table_is_raised_and_a_repeat_mends_it(operation: str, code: str) -> None:
    table = LaggingTable()
    subscriptions = Subscriptions(TABLE, table, Clock())
    subscriptions.connect("c1")

    def fail() -> None:
        raise fault(code, operation)

    table.before = at(operation, 1, fail)
    with pytest.raises(ClientError, match=code):
        subscriptions.subscribe("c1", "j1")
    subscriptions.subscribe("c1", "j1")
    assert watchers(subscriptions, "j1") == ["c1"]
    subscriptions.forget("c1")
    assert table.items == {}
