import json
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

import pytest

from divescore.jobs.model import Job
from divescore.live.changes import Change
from divescore.live.fanout import GIVE_UP_AFTER, FanOut, FanOutReport, OutOfTime
from divescore.live.push import BACK_OFF_SECONDS, Pushed, Pusher
from divescore.live.subscriptions import Subscriptions
from divescore.views import Status
from tests.unit.live.fakes import NOW, TABLE, LaggingTable, Management, change, fault, make_job

LANES = 4
PAGE = 50
J1, J2 = "a" * 32, "b" * 32


@dataclass
class Stage:
    """Watchers, what their connections do, and a fan-out whose pauses take no time."""

    pool: ThreadPoolExecutor
    table: LaggingTable = field(default_factory=LaggingTable)
    management: Management = field(default_factory=Management)
    pauses: list[float] = field(default_factory=list)
    now: float = 0.0

    def __post_init__(self) -> None:
        self.subscriptions = Subscriptions(TABLE, self.table, lambda: NOW, PAGE)
        pusher = Pusher(self.management)
        self.fan_out = FanOut(self.subscriptions, pusher, self.pool, self.pauses.append, lambda: self.now)

    def watch(self, job_id: str, *connections: str) -> None:
        for connection in connections:
            self.subscriptions.connect(connection)
            self.subscriptions.subscribe(connection, job_id)

    def tell(self, *jobs: Job) -> FanOutReport:
        news: dict[str, list[Change]] = {}
        for job in jobs:
            news.setdefault(job.job_id, []).append(change(job))
        return self.fan_out.push_all(news)

    def versions(self, connection: str) -> list[int]:
        return [json.loads(data)["job"]["version"] for data in self.management.received[connection]]


@pytest.fixture
def stage() -> Iterator[Stage]:
    with ThreadPoolExecutor(LANES) as pool:
        yield Stage(pool)


def scored(job_id: str = J1, version: int = 5) -> Job:
    return make_job(job_id, Status.SCORED, version, result={"score": 80.0})


def processing(job_id: str = J1, version: int = 3) -> Job:
    return make_job(job_id, Status.PROCESSING, version, attempt=1, stage="scoring", fraction=0.5)


def test_each_watcher_gets_its_jobs_news_in_order_and_nobody_elses(stage: Stage) -> None:
    stage.watch(J1, "c1", "c2")
    stage.watch(J2, "c3")
    report = stage.tell(make_job(J1, version=2), processing(J2), processing(J1), scored(J1, 4))
    assert report.counts == {Pushed.SENT: 7}
    assert stage.versions("c1") == stage.versions("c2") == [2, 3, 4]
    assert stage.versions("c3") == [3]
    assert report.failures == {}


def test_nobody_watching_is_fine_and_nothing_to_tell_reads_nothing(stage: Stage) -> None:
    assert stage.tell(scored()).counts == {}
    assert stage.fan_out.push_all({}).counts == {}
    assert stage.table.calls["query"] == 1


def test_a_job_of_many_messages_is_looked_up_once(stage: Stage) -> None:
    stage.watch(J1, "c1")
    stage.tell(make_job(version=2), processing(), scored())
    assert stage.table.calls["query"] == 1


def test_thousands_watch_one_job(stage: Stage) -> None:
    crowd = [f"c{number:04}" for number in range(5 * PAGE + 7)]
    stage.watch(J1, *crowd)
    assert stage.tell(scored()).counts == {Pushed.SENT: len(crowd)}
    assert set(stage.management.received) == set(crowd)
    assert stage.table.calls["query"] == 6


def test_an_ended_connection_is_forgotten_and_only_that_one(stage: Stage) -> None:
    stage.watch(J1, "alive", "dead")
    stage.watch(J2, "dead")
    stage.management.plan["dead"] = ["gone"]
    report = stage.tell(processing(), scored())
    assert report.counts == {Pushed.SENT: 2, Pushed.GONE: 1}
    assert stage.table.rows() == {("CONN#alive", "CONN"), (f"JOB#{J1}", "SUB#alive")}
    assert stage.management.posts["dead"] == 1
    assert report.failures == {}


def test_a_connection_whose_row_is_lost_is_forgotten_all_the_same(stage: Stage) -> None:
    stage.watch(J1, "dead")
    del stage.table.items[("CONN#dead", "CONN")]
    stage.management.plan["dead"] = ["gone"]
    stage.tell(scored())
    assert stage.table.items == {}


def test_a_slow_connection_gets_everything_once_it_takes_again(stage: Stage) -> None:
    stage.watch(J1, "slow", "c1")
    stage.management.plan["slow"] = ["ok", "limit", "limit", "ok"]
    report = stage.tell(make_job(version=2), processing(), scored())
    assert report.counts == {Pushed.SENT: 6}
    assert stage.versions("slow") == stage.versions("c1") == [2, 3, 5]
    assert len(stage.pauses) == 2


def test_a_connection_that_stays_slow_is_closed_and_forgotten(stage: Stage) -> None:
    stage.watch(J1, "slow", "c1")
    stage.management.plan["slow"] = ["limit"]
    report = stage.tell(processing(), scored())
    assert report.counts == {Pushed.SENT: 2, Pushed.CLOSED: 1}
    assert stage.management.closed == ["slow"]
    assert stage.management.posts["slow"] == 1 + len(BACK_OFF_SECONDS)
    assert stage.table.rows("SUB#") == {(f"JOB#{J1}", "SUB#c1")}
    assert report.failures == {}
    for pause, planned in zip(stage.pauses, BACK_OFF_SECONDS, strict=True):
        assert planned / 2 <= pause <= planned * 1.5


def test_an_error_of_the_service_is_tried_again_before_the_change_fails(stage: Stage) -> None:
    stage.watch(J1, "c1", "c2")
    stage.management.plan["c1"] = ["broken", "broken", "ok"]
    report = stage.tell(scored())
    assert report.counts == {Pushed.SENT: 2}
    assert report.failures == {}


def test_an_error_that_stays_fails_the_first_change_that_did_not_arrive(stage: Stage) -> None:
    stage.watch(J1, "c1", "c2")
    stage.watch(J2, "c3")
    stage.management.plan["c1"] = ["ok", "broken"]
    report = stage.tell(make_job(version=2), processing(), scored(), scored(J2))
    assert {job_id: failed.sequence for job_id, (failed, _) in report.failures.items()} == {J1: f"{J1}-3"}
    assert stage.management.closed == []
    assert ("CONN#c1", "CONN") in stage.table.items  # it is not the connection's fault
    assert (stage.versions("c1"), stage.versions("c2"), stage.versions("c3")) == ([2], [2, 3, 5], [5])
    assert report.counts == {Pushed.SENT: 5}


def test_of_several_failures_of_a_job_the_earliest_is_told(stage: Stage) -> None:
    stage.watch(J1, "c1", "c2", "c3")
    stage.management.plan |= {"c1": ["ok", "ok", "broken"], "c2": ["ok", "broken"], "c3": ["ok", "ok", "broken"]}
    report = stage.tell(make_job(version=2), processing(), scored())
    assert report.failures[J1][0].job.version == 3


def test_a_connection_that_can_be_neither_fed_nor_closed_is_the_services_fault(stage: Stage) -> None:
    stage.watch(J1, "c1")
    stage.management.plan["c1"] = ["limit"]
    stage.management.plan_close["c1"] = ["broken"]
    report = stage.tell(scored())
    assert list(report.failures) == [J1]
    assert ("CONN#c1", "CONN") in stage.table.items


def test_a_table_that_fails_fails_its_job_and_no_other(stage: Stage) -> None:
    stage.watch(J1, "c1")
    stage.watch(J2, "c2")

    def before(operation: str, arguments: dict[str, Any]) -> None:
        if operation == "query" and J1 in arguments["ExpressionAttributeValues"][":job"]["S"]:
            raise fault("ProvisionedThroughputExceededException", "Query")

    stage.table.before = before
    report = stage.tell(make_job(version=2), scored(), scored(J2))
    assert report.failures[J1][0].job.version == 2
    assert list(report.failures) == [J1]
    assert stage.versions("c2") == [5]


def test_a_page_that_cannot_be_read_fails_the_job_after_the_pages_before_it_were_served(stage: Stage) -> None:
    stage.watch(J1, *(f"c{number:04}" for number in range(PAGE + 1)))

    def before(operation: str, _arguments: dict[str, Any]) -> None:
        if operation == "query" and stage.table.calls["query"] == 2:
            raise fault("InternalServerError", "Query", 500)

    stage.table.before = before
    report = stage.tell(scored())
    assert report.counts == {Pushed.SENT: PAGE}
    assert list(report.failures) == [J1]


def test_rows_that_cannot_be_removed_are_told_and_fail_nothing(stage: Stage) -> None:
    stage.watch(J1, "dead", "c1")
    stage.management.plan["dead"] = ["gone"]

    def before(operation: str, _arguments: dict[str, Any]) -> None:
        if operation == "delete_item":
            raise fault("ThrottlingException", "DeleteItem")

    stage.table.before = before
    report = stage.tell(scored())
    assert [connection for connection, _ in report.rows_left] == ["dead"]
    assert report.failures == {}
    assert stage.versions("c1") == [5]


def test_a_job_that_cannot_be_told_fails_alone(stage: Stage) -> None:
    stage.watch(J1, "c1")
    stage.watch(J2, "c2")
    report = stage.tell(make_job(J1, created_at=10**18), scored(J2))
    assert list(report.failures) == [J1]
    assert stage.versions("c2") == [5]


def test_a_batch_that_takes_too_long_reports_the_rest_instead_of_being_killed(stage: Stage) -> None:
    stage.watch(J1, "c1")
    stage.management.plan["c1"] = ["limit"]
    stage.fan_out.push_all({J1: [change(processing())]})

    def late(pause: float) -> None:
        stage.now += GIVE_UP_AFTER

    stage.watch(J2, "c2")
    stage.management.plan["c2"] = ["broken", "ok"]
    fan_out = FanOut(stage.subscriptions, Pusher(stage.management), stage.pool, late, lambda: stage.now)
    report = fan_out.push_all({J2: [change(scored(J2))]})
    assert isinstance(report.failures[J2][1], OutOfTime)
    assert stage.versions("c2") == []


HANG = 0.4  # stands for a post's time-out


@pytest.mark.parametrize("hanging", [1, LANES - 1])
def test_hanging_connections_keep_the_others_waiting_no_longer_than_one_time_out(stage: Stage, hanging: int) -> None:
    crowd = [f"c{number:03}" for number in range(200)]
    for connection in crowd[:hanging]:
        stage.management.plan[connection] = [HANG]
    stage.watch(J1, *crowd)
    stage.watch(J2, "other")
    began = time.monotonic()
    report = stage.tell(scored(J1), scored(J2))
    others = [stage.management.at[connection] - began for connection in [*crowd[hanging:], "other"]]
    assert max(others) < HANG
    # All of it is bounded: one time-out for each try, side by side.
    assert time.monotonic() - began < HANG * (len(BACK_OFF_SECONDS) + 1) + 1
    assert report.counts == {Pushed.SENT: 201 - hanging, Pushed.CLOSED: hanging}


def test_even_with_every_lane_hanging_the_others_are_served_after_one_time_out(stage: Stage) -> None:
    crowd = [f"c{number:03}" for number in range(100)]
    for connection in crowd[:LANES]:
        stage.management.plan[connection] = [HANG]
    stage.watch(J1, *crowd)
    began = time.monotonic()
    stage.tell(scored())
    assert max(stage.management.at[connection] for connection in crowd[LANES:]) - began < 2 * HANG


def test_a_mixed_crowd_is_served_exactly(stage: Stage) -> None:
    crowd = [f"c{number:04}" for number in range(3 * PAGE)]
    kinds: dict[int, list[str | float]] = {1: ["gone"], 2: ["limit", "ok"], 3: ["broken", "ok"], 4: ["limit"]}
    for number, connection in enumerate(crowd):
        if number % 10 in kinds:
            stage.management.plan[connection] = list(kinds[number % 10])
    stage.watch(J1, *crowd)
    report = stage.tell(processing(), scored())
    tenth = len(crowd) // 10
    assert report.counts == {Pushed.SENT: 2 * 8 * tenth, Pushed.GONE: tenth, Pushed.CLOSED: tenth}
    assert len(stage.table.rows("SUB#")) == 8 * tenth
    for number, connection in enumerate(crowd):
        assert stage.versions(connection) == ([] if number % 10 in (1, 4) else [3, 5])
