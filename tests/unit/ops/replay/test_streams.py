import json
from typing import Any

import pytest

from divescore.jobs.items import record_key, to_item
from divescore.live.changes import conflate, read_changes
from divescore.ops.replay.dead_letters import QueueName, UnreadableLetter
from divescore.ops.replay.streams import EMPTY_PAGES, JOBS_PER_CALL, SLACK_MS, StreamFunction, parse_position
from divescore.views import Status
from tests.fakes.clock import START
from tests.unit.ops.replay.conftest import FakeSystem

# As Lambda writes it, shortened to what is read and a field that is not.
INFO = {
    "shardId": "shardId-0000",
    "startSequenceNumber": "100",
    "endSequenceNumber": "103",
    "approximateArrivalOfFirstRecord": "2026-11-23T07:00:00.250Z",
    "approximateArrivalOfLastRecord": "2026-11-23T07:00:02Z",
    "batchSize": 3,
    "streamArn": "arn:aws:dynamodb:x",
}
BODY = json.dumps(
    {"requestContext": {"condition": "RetryAttemptsExhausted", "functionArn": "f"}, "DDBStreamBatchInfo": INFO}
)


def records(system: FakeSystem, *rows: tuple[str, dict[str, Any]]) -> None:
    system.streams.records = [{"SequenceNumber": number, "Keys": key} for number, key in rows]


def test_a_position_is_read() -> None:
    position = parse_position(BODY)
    assert (position.shard, position.start, position.end, position.records) == ("shardId-0000", "100", "103", 3)
    assert (position.first_at, position.last_at) == (START + 250, START + 2000)
    assert position.condition == "RetryAttemptsExhausted"


@pytest.mark.parametrize(
    "body", ["hello", "[]", "{}", '{"DDBStreamBatchInfo": {}}', BODY.replace("shardId", "x"), BODY.replace("Z", "?")]
)
def test_what_is_no_position(body: str) -> None:
    with pytest.raises(UnreadableLetter):
        parse_position(body)


def test_the_jobs_of_the_records_while_they_are_there(system: FakeSystem) -> None:
    subscription = {"pk": {"S": "JOB#a"}, "sk": {"S": "SUB#1"}}
    records(
        system,
        ("99", record_key("before")),
        ("100", record_key("a")),
        ("101", subscription),
        ("102", record_key("b")),
        ("103", record_key("a")),
        ("104", record_key("after")),
    )
    assert system.resources.stream.jobs_at(parse_position(BODY)) == ["a", "b"]


def test_numbers_are_compared_as_numbers_and_an_end_that_is_not_there_ends_the_reading(system: FakeSystem) -> None:
    records(system, ("100", record_key("a")), ("1000", record_key("much later")))
    assert system.resources.stream.jobs_at(parse_position(BODY)) == ["a"]
    records(system, ("100", record_key("a")), ("101", record_key("b")))
    assert system.resources.stream.jobs_at(parse_position(BODY)) == ["a", "b"], f"after {EMPTY_PAGES} empty pages"


def test_the_jobs_touched_at_that_time_once_the_records_are_trimmed(system: FakeSystem) -> None:
    system.streams.trimmed = True
    times = {
        "then": START + 1000,
        "a little early": START - SLACK_MS + 500,
        "long before": START - SLACK_MS - 1000,
        "touched again": START + 2000 + SLACK_MS + 1,
    }
    jobs = {name: system.job(Status.SCORED, updated_at=moment) for name, moment in times.items()}
    found = system.resources.stream.jobs_at(parse_position(BODY))
    assert sorted(found) == sorted([jobs["then"].job_id, jobs["a little early"].job_id])


def notify(system: FakeSystem) -> StreamFunction:
    return system.resources.stream_functions[QueueName.STREAM]


def test_telling_speaks_notifys_own_language(system: FakeSystem) -> None:
    jobs = [system.job(Status.SCORED, version=7, result={"score": 80.5}) for _ in range(JOBS_PER_CALL + 1)]
    assert notify(system).hand(jobs) == {}
    changes, unreadable = read_changes(system.functions.pushed)
    assert unreadable == []
    assert [change.job for change in changes] == jobs
    assert list(conflate(changes)) == [job.job_id for job in jobs], "each is news to notify"


def test_whom_notify_could_not_reach_is_named(system: FakeSystem) -> None:
    jobs = [system.job(Status.SCORED) for _ in range(2)]
    system.functions.unreachable = {jobs[1].job_id}
    assert list(notify(system).hand(jobs)) == [jobs[1].job_id]
    system.functions.broken = "out of memory"
    assert notify(system).hand(jobs) == {job.job_id: "notify failed: out of memory" for job in jobs}


def test_a_record_holds_the_job_as_it_is(system: FakeSystem) -> None:
    job = system.job(Status.SCORED)
    notify(system).hand([job])
    (record,) = system.functions.pushed
    assert record["dynamodb"]["NewImage"] == to_item(job)
