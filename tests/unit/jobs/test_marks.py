"""The row of the judges' marks, on moto and on the fake that the other tests trust."""

import pytest

from divescore.jobs.errors import MarkedTooOften
from divescore.jobs.items import to_item
from divescore.jobs.marks import MAX_WRITES, Marked, Marks, MarksTable
from divescore.jobs.table import JobTable
from divescore.views import Status
from tests.fakes.clock import START, Clock
from tests.fakes.jobs import job_in
from tests.fakes.network import refused
from tests.fakes.standin import StandIn

JOB = job_in(Status.SCORED)
SEVEN = Marks(marks=(8.5, 8.5, 8.0, 9.0, 8.5, 8.5, 7.5))


@pytest.fixture(params=["moto", "fake"])
def table(request: pytest.FixtureRequest) -> MarksTable:
    if request.param == "fake":
        marks: MarksTable = request.getfixturevalue("world").marks
        return marks
    return MarksTable("jobs", request.getfixturevalue("aws").dynamodb, Clock())


def clock_of(table: MarksTable) -> Clock:
    assert isinstance(table._clock, Clock)
    return table._clock


@pytest.mark.parametrize("given", [SEVEN, Marks(execution=25.5), Marks(score=84.15)])
def test_marks_are_read_as_they_were_given(table: MarksTable, given: Marks) -> None:
    table.put(JOB, given)
    assert list(table.since(0)) == [Marked(JOB.job_id, given, START)]


def test_the_latest_marks_count(table: MarksTable) -> None:
    table.put(JOB, SEVEN)
    clock_of(table).advance(60)
    table.put(JOB, Marks(score=70.0))
    assert list(table.since(0)) == [Marked(JOB.job_id, Marks(score=70.0), START + 60_000)]


def test_since_a_moment_are_those_that_were_given_then_or_later(table: MarksTable) -> None:
    for number in range(5):
        table.put(job_in(Status.SCORED, job_id=f"{number:032x}"), SEVEN)
        clock_of(table).advance(60)
    found = [int(marked.job_id, 16) for marked in table.since(START + 120_000)]
    assert sorted(found) == [2, 3, 4]


def test_marks_lie_beside_the_record_and_go_when_it_goes(table: MarksTable) -> None:
    table._dynamodb.put_item(TableName="jobs", Item=to_item(JOB))
    table.put(JOB, SEVEN)
    key = {"pk": {"S": f"JOB#{JOB.job_id}"}, "sk": {"S": "MARKS"}}
    row = table._dynamodb.get_item(TableName="jobs", Key=key, ConsistentRead=True)["Item"]
    assert row["ttl"] == {"N": str(JOB.expires_at // 1000)}
    assert JobTable("jobs", table._dynamodb).get(JOB.job_id) == JOB, "the record is as it was"
    table.erase(JOB.job_id)
    assert list(table.since(0)) == []
    table.erase(JOB.job_id)


def test_marks_are_written_twenty_times_and_no_more(table: MarksTable) -> None:
    for _ in range(MAX_WRITES):
        table.put(JOB, SEVEN)
    with pytest.raises(MarkedTooOften) as caught:
        table.put(JOB, Marks(score=1.0))
    assert caught.value.code == "MARKED_TOO_OFTEN"
    assert [marked.marks for marked in table.since(0)] == [SEVEN]


def test_another_fault_of_the_table_is_told() -> None:
    class Throttled(StandIn):
        def update_item(self, **_: object) -> None:
            raise refused("ThrottlingException", "UpdateItem")

    with pytest.raises(Exception, match="ThrottlingException"):
        MarksTable("jobs", Throttled()).put(JOB, SEVEN)


def test_the_execution_is_the_judges_rule_or_what_was_given() -> None:
    assert SEVEN.known_execution == 25.5
    assert Marks(execution=24.0).known_execution == 24.0
    assert Marks(score=84.15).known_execution is None
