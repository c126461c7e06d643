"""The table, on moto and on the fake that the other tests trust: the same tests hold for both."""

import threading
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from botocore.exceptions import ClientError

from divescore.jobs.amendment import Amended
from divescore.jobs.errors import Contended, IdempotencyClash, JobNotFound, QuotaExceeded
from divescore.jobs.items import to_item
from divescore.jobs.model import Job
from divescore.jobs.quota import Quotas
from divescore.jobs.table import MAX_RACES, JobTable, now_ms
from divescore.jobs.transitions import (
    Accepted,
    Cancelled,
    Claimed,
    DeadlinePassed,
    Fence,
    Finished,
    Progressed,
    Reason,
    Refusal,
    Renewed,
)
from divescore.views import Status
from tests.fakes.clock import START, Clock
from tests.fakes.dynamodb import TransactionCanceled
from tests.fakes.jobs import LEASE_MS, job_in
from tests.fakes.network import refused
from tests.fakes.results import kept_result
from tests.fakes.standin import StandIn
from tests.fakes.world import World

QUOTAS = Quotas(open_per_client=3, daily_per_client=5, daily=7)
KEY = ("key", "fingerprint")


@pytest.fixture(params=["moto", "fake"])
def table(request: pytest.FixtureRequest) -> JobTable:
    if request.param == "fake":
        table: JobTable = request.getfixturevalue("world").table
        return table
    return JobTable("jobs", request.getfixturevalue("aws").dynamodb, Clock())


def clock_of(table: JobTable) -> Clock:
    assert isinstance(table._clock, Clock)
    return table._clock


def numbered(number: int, **changes: Any) -> Job:
    return replace(job_in(Status.AWAITING_UPLOAD), job_id=f"{number:032x}", version=1, rev=1, **changes)


def made(table: JobTable, job: Job | None = None) -> Job:
    job = job or job_in(Status.AWAITING_UPLOAD)
    table._dynamodb.put_item(TableName="jobs", Item=to_item(job))
    return job


def test_a_new_job_can_be_read(table: JobTable) -> None:
    job = table.create(numbered(1), QUOTAS)
    assert table.get(job.job_id) == job


def test_an_unknown_job_is_not_found(table: JobTable) -> None:
    with pytest.raises(JobNotFound):
        table.get("nobody")
    with pytest.raises(JobNotFound):
        table.apply(job_in(Status.QUEUED), Cancelled())


def test_a_transition_is_written(table: JobTable) -> None:
    job = made(table)
    queued = table.apply(job, Accepted("v1", 0))
    assert isinstance(queued, Job)
    assert table.get(job.job_id) == queued
    done = table.apply(queued, Cancelled())
    assert isinstance(done, Job)
    assert table.get(job.job_id) == done


def test_an_old_copy_is_decided_on_again(table: JobTable) -> None:
    old = made(table)
    table.apply(old, Accepted("v1"))
    outcome = table.apply(old, Cancelled())
    assert isinstance(outcome, Job)
    assert (outcome.status, outcome.object_version, outcome.rev) == (Status.CANCELLED, "v1", old.rev + 2)


def test_of_two_writers_one_takes_effect(table: JobTable) -> None:
    old = made(table)
    first = table.apply(old, Accepted("v1"))
    second = table.apply(old, Accepted("v2"))
    assert isinstance(first, Job)
    assert isinstance(second, Refusal)
    assert (second.reason, second.job) == (Reason.STALE, first)


def test_an_old_copys_refusal_is_no_refusal(table: JobTable) -> None:
    old = made(table, job_in(Status.PROCESSING))
    clock_of(table).advance(1)
    table._dynamodb.put_item(TableName="jobs", Item=to_item(job_in(Status.QUEUED, rev=old.rev + 1)))
    outcome = table.apply(old, Claimed("you", "v1", LEASE_MS, 3))
    assert isinstance(outcome, Job)
    assert outcome.owner == "you"


def test_no_write_of_a_lost_attempt_takes_effect(table: JobTable) -> None:
    mine = made(table, job_in(Status.PROCESSING))
    clock_of(table).advance(LEASE_MS / 1000)
    taken = table.apply(mine, Claimed("you", "v1", LEASE_MS, 3))
    assert isinstance(taken, Job)
    fence = Fence("me", 1)
    for event in (Renewed(fence, LEASE_MS), Progressed(fence, "scoring", 0.9), Finished(fence, {"score": 1.0})):
        outcome = table.apply(mine, event)
        assert isinstance(outcome, Refusal)
        assert outcome.reason is Reason.LOST
    assert table.get(mine.job_id) == taken


def test_the_fence_is_in_the_write_itself(table: JobTable) -> None:
    """Even where revisions agree, as they might after a restore, another owner's write must not hold."""
    mine = job_in(Status.PROCESSING)
    theirs = made(table, replace(mine, owner="you"))
    outcome = table.apply(mine, Finished(Fence("me", 1), {"score": 1.0}))
    assert isinstance(outcome, Refusal)
    assert table.get(mine.job_id) == theirs


def test_two_amendments_that_meet_are_both_kept(table: JobTable) -> None:
    job = made(table, job_in(Status.SCORED, result=kept_result()))
    first = table.apply(job, Amended(dive="107B"))
    second = table.apply(job, Amended(height=3.0))
    assert isinstance(first, Job)
    assert isinstance(second, Job)
    assert (second.dive, second.height, second.version, second.amendments) == ("107B", 3.0, job.version + 2, 2)
    assert second.result is not None
    assert second.result["difficulty"] == 3.1
    assert table.get(job.job_id) == second


def test_an_amendment_that_meets_a_claim_comes_before_it_or_not_at_all(table: JobTable) -> None:
    job = made(table, job_in(Status.QUEUED, dive="207C"))
    claimed = table.apply(job, Claimed("me", "v1", LEASE_MS, 3))
    late = table.apply(job, Amended(dive="107B"))
    assert isinstance(late, Refusal)
    assert (late.reason, late.job) == (Reason.BUSY, claimed)
    other = made(table, job_in(Status.QUEUED, job_id="e" * 32, dive="207C"))
    table.apply(other, Amended(dive="107B"))
    taken = table.apply(other, Claimed("me", "v1", LEASE_MS, 3))
    assert isinstance(taken, Job)
    assert taken.dive == "107B", "the worker scores what it claimed"


def test_racing_writers_each_get_through_once(world: World) -> None:
    """Eight threads cancel and renew at once: one cancels, the version grows by one per applied change."""
    job = made(world.table, job_in(Status.PROCESSING))
    fence, outcomes = Fence("me", 1), []

    def write(event: Any) -> None:
        outcomes.append(world.table.apply(job, event))

    events = [Cancelled()] * 4 + [Renewed(fence, LEASE_MS)] * 4
    threads = [threading.Thread(target=write, args=(event,)) for event in events]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    final = world.table.get(job.job_id)
    assert final.status is Status.CANCELLED
    assert final.version == job.version + 1
    assert sum(isinstance(outcome, Job) and outcome.status is Status.CANCELLED for outcome in outcomes) >= 1


def test_a_write_whose_answer_was_lost_is_not_a_lost_race(world: World) -> None:
    """boto3 sends again when an answer gets lost; the condition then fails because of our own first try."""
    job = made(world.table, job_in(Status.QUEUED))
    send, answers = world.dynamodb.update_item, iter(["lost"])

    def lossy(**arguments: Any) -> None:
        send(**arguments)
        if next(answers, None):
            send(**arguments)

    world.dynamodb.update_item = lossy  # type: ignore[method-assign]  # the client's own retry
    outcome = world.table.apply(job, Claimed("me", "v1", LEASE_MS, 3))
    assert isinstance(outcome, Job)
    assert (outcome.owner, outcome.attempt) == ("me", 1)


def test_a_record_that_changes_under_every_write_is_contended(world: World) -> None:
    job = made(world.table)
    tries = 0

    def meddle(*_: Any, **__: Any) -> None:
        nonlocal tries
        tries += 1
        made(world.table, replace(job, rev=job.rev + tries))
        raise refused("ConditionalCheckFailedException")

    world.dynamodb.update_item = meddle  # type: ignore[method-assign]
    with pytest.raises(Contended):
        world.table.apply(job, Cancelled())
    assert tries == MAX_RACES


def test_other_errors_of_the_table_pass_through(world: World) -> None:
    job = made(world.table)
    world.network.fail("update_item", "ProvisionedThroughputExceededException")
    with pytest.raises(ClientError, match="ProvisionedThroughput"):
        world.table.apply(job, Cancelled())


def test_a_record_removed_before_the_write_is_not_created_again(world: World) -> None:
    job = made(world.table)
    world.dynamodb.items.clear()
    with pytest.raises(JobNotFound):
        world.table.apply(job, Cancelled())
    assert world.dynamodb.items == {}


# Creating.


def test_open_jobs_of_a_client_are_limited(table: JobTable) -> None:
    for number in range(3):
        table.create(numbered(number), QUOTAS)
    with pytest.raises(QuotaExceeded, match="under way") as caught:
        table.create(numbered(3), QUOTAS)
    assert caught.value.retry_after == 30
    table.create(numbered(4, client="another"), QUOTAS)
    table.apply(table.get(numbered(0).job_id), Cancelled())
    table.create(numbered(5), QUOTAS)


def test_a_clients_day_and_everybodys_day_are_limited(table: JobTable) -> None:
    quotas = Quotas(open_per_client=100, daily_per_client=2, daily=3)
    table.create(numbered(1), quotas)
    table.create(numbered(2), quotas)
    with pytest.raises(QuotaExceeded, match="your 2 dives") as caught:
        table.create(numbered(3), quotas)
    assert caught.value.retry_after == 17 * 3600
    table.create(numbered(4, client="another"), quotas)
    with pytest.raises(QuotaExceeded, match="budget"):
        table.create(numbered(5, client="third"), quotas)
    with pytest.raises(JobNotFound):
        table.get(numbered(5).job_id)
    clock_of(table).advance(86_400)
    table.create(numbered(6), quotas)


def test_everybodys_day_is_limited_to_the_job(table: JobTable) -> None:
    """The budget lies in several counters; none of its jobs is lost between them, and none is added."""
    quotas = Quotas(open_per_client=100, daily_per_client=100, daily=40)
    for number in range(40):
        table.create(numbered(number), quotas)
    fresh = JobTable(table.name, table._dynamodb, table._clock)  # knows of no full counter yet
    for knows in (table, fresh):
        with pytest.raises(QuotaExceeded, match="budget"):
            knows.create(numbered(40), quotas)


def test_the_same_key_gives_the_same_job_and_counts_once(table: JobTable) -> None:
    quotas = Quotas(open_per_client=100, daily_per_client=1, daily=1)
    first = table.create(numbered(1), quotas, KEY)
    assert table.create(numbered(2), quotas, KEY) == first
    with pytest.raises(JobNotFound):
        table.get(numbered(2).job_id)


def test_the_same_key_gives_the_job_as_it_is_now(table: JobTable) -> None:
    first = table.create(numbered(1), QUOTAS, KEY)
    table.apply(first, Cancelled())
    assert table.create(numbered(2), QUOTAS, KEY).status is Status.CANCELLED


def test_a_key_with_another_request_clashes(table: JobTable) -> None:
    table.create(numbered(1), QUOTAS, KEY)
    with pytest.raises(IdempotencyClash):
        table.create(numbered(2), QUOTAS, ("key", "another fingerprint"))


def test_keys_of_different_clients_do_not_meet(table: JobTable) -> None:
    table.create(numbered(1), QUOTAS, KEY)
    assert table.create(numbered(2, client="another"), QUOTAS, KEY).job_id == numbered(2).job_id


def test_a_key_is_free_again_after_its_jobs_retention(table: JobTable) -> None:
    """DynamoDB removes expired items late, and the job perhaps before the marker."""
    first = table.create(numbered(1), QUOTAS, KEY)
    table._dynamodb.put_item(TableName="jobs", Item=to_item(job_in(Status.SCORED, job_id=first.job_id)))
    clock_of(table).now = first.expires_at
    second = numbered(2, expires_at=first.expires_at * 2)
    assert table.create(second, QUOTAS, ("key", "another fingerprint")) == second
    assert table.create(numbered(3), QUOTAS, ("key", "another fingerprint")) == second


def test_of_two_requests_with_one_key_at_once_one_makes_the_job(world: World) -> None:
    first = numbered(1)
    transact, rival = world.dynamodb.transact_write_items, JobTable("jobs", world.dynamodb, world.clock)

    def overtaken(**arguments: Any) -> None:
        world.dynamodb.transact_write_items = transact  # type: ignore[method-assign]
        rival.create(first, QUOTAS, KEY)
        transact(**arguments)

    world.dynamodb.transact_write_items = overtaken  # type: ignore[method-assign]
    assert world.table.create(numbered(2), QUOTAS, KEY) == first


def transact_fails(world: World, *outcomes: list[str]) -> Callable[..., None]:
    transact, left = world.dynamodb.transact_write_items, list(outcomes)

    def attempt(**arguments: Any) -> None:
        if left:
            raise TransactionCanceled(left.pop(0))
        transact(**arguments)

    return attempt


def test_conflicting_transactions_are_tried_again(world: World) -> None:
    conflict = ["None", "TransactionConflict", "None"]
    world.dynamodb.transact_write_items = transact_fails(world, conflict, conflict)  # type: ignore[method-assign]
    assert world.table.create(numbered(1), QUOTAS) == numbered(1)
    world.dynamodb.transact_write_items = transact_fails(world, *[conflict] * MAX_RACES)  # type: ignore[method-assign]
    with pytest.raises(Contended):
        world.table.create(numbered(2), QUOTAS)


@pytest.mark.parametrize(
    "codes",
    [
        ["ConditionalCheckFailed", "None", "None"],  # the id is taken: never in this universe, so not handled
        ["ThrottlingError", "None", "None"],
        ["None", "None", "None", "ConditionalCheckFailed"],  # the marker was there, and is gone when looked at
    ],
)
def test_what_cannot_be_explained_passes_through(world: World, codes: list[str]) -> None:
    world.dynamodb.transact_write_items = transact_fails(world, codes)  # type: ignore[method-assign]
    with pytest.raises(TransactionCanceled):
        world.table.create(numbered(1), QUOTAS, KEY)


# Looking around.


def test_overdue_finds_what_is_due_in_every_shard(table: JobTable) -> None:
    for number in range(30):
        made(table, numbered(number, deadline=START + 1000 * (number % 3)))
    made(table, job_in(Status.SCORED))
    found = sorted(table.overdue(START + 1000))
    assert found == sorted(numbered(number).job_id for number in range(30) if number % 3 < 2)


def test_a_settled_job_leaves_the_index(table: JobTable) -> None:
    job = made(table)
    assert list(table.overdue(job.deadline)) == [job.job_id]
    table.apply(job, DeadlinePassed(3))
    table.apply(job, Cancelled())
    assert list(table.overdue(job.deadline)) == []


def test_the_newest_model_is_noted(table: JobTable) -> None:
    assert table.registered_model() is None
    table.register_model({"id": "divescore-mini", "version": "1"})
    table.register_model({"id": "divescore-mini", "version": "2"})
    assert table.registered_model() == {"id": "divescore-mini", "version": "2"}


def test_the_clock_is_the_wall_clock_unless_told_otherwise() -> None:
    before = now_ms()
    assert before <= JobTable("jobs", StandIn()).now() <= now_ms()
