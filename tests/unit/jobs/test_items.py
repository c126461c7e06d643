"""The record as an item: what goes in comes out, and only what changed is written."""

import json

from hypothesis import given
from hypothesis import strategies as st

from divescore.jobs.items import OPEN_SHARDS, difference, from_item, open_shard, record_key, shard_of, to_item
from divescore.jobs.model import Cause, Job
from divescore.views import Status
from tests.fakes.dynamodb import FakeDynamoDB
from tests.fakes.jobs import job_in
from tests.fakes.network import Network

words = st.text(min_size=1, max_size=20)
times = st.integers(0, 2**53)
shares = st.floats(0, 1, allow_subnormal=False).filter(lambda x: x == 0 or x > 1e-100)  # DynamoDB's numbers end there
json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.floats(allow_nan=False) | words,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(words, inner, max_size=3),
    max_leaves=8,
)
causes = st.builds(Cause, code=words, message=words, retryable=st.booleans())


@st.composite
def jobs(draw: st.DrawFn) -> Job:
    job = draw(
        st.builds(
            Job,
            job_id=st.text("0123456789abcdef", min_size=32, max_size=32),
            client=words,
            filename=words,
            content_type=words,
            size_bytes=times,
            created_at=times,
            expires_at=times,
            status=st.sampled_from(Status),
            version=st.integers(1, 1000),
            rev=st.integers(1, 1000),
            updated_at=times,
            dive=st.none() | words,
            difficulty=st.none() | st.floats(1, 6),
            reference=st.none() | words,
            part_bytes=st.none() | times,
            upload_id=st.none() | words,
            object_version=st.none() | words,
            attempt=st.integers(0, 10),
            owner=st.none() | words,
            lease_until=times,
            stage=st.none() | words,
            fraction=shares,
            ahead=st.none() | times,
            result=st.none() | st.dictionaries(words, json_values, max_size=3),
            error=st.none() | causes,
        )
    )
    # Who is not open has no deadline.
    return job if not job.is_open else Job(**{**{f: getattr(job, f) for f in job.__slots__}, "deadline": draw(times)})


@given(jobs())
def test_a_record_survives_its_item(job: Job) -> None:
    item = json.loads(json.dumps(to_item(job)))  # and what carries it
    assert from_item(item) == job


@given(jobs())
def test_only_open_jobs_are_in_the_sparse_indexes(job: Job) -> None:
    item = to_item(job)
    assert ("openShard" in item) == ("openClient" in item) == ("deadline" in item) == job.is_open


@given(jobs(), jobs())
def test_a_difference_turns_one_item_into_the_other_and_leaves_the_rest(old: Job, new: Job) -> None:
    table = FakeDynamoDB(Network())
    key = record_key("j")
    before, after = to_item(old) | key, to_item(new) | key
    later = {"addedByALaterRelease": {"S": "stays"}}
    table.put_item(Item=before | later)
    if before != after:
        update = difference(before, after)
        table.update_item(
            Key=key,
            UpdateExpression=update.expression,
            ConditionExpression="pk = :pk",
            ExpressionAttributeNames=update.names,
            ExpressionAttributeValues=update.values | {":pk": key["pk"]},
        )
    assert table.items["JOB#j", "JOB"] == after | later


def test_a_difference_names_only_what_changed() -> None:
    update = difference({"a": {"N": "1"}, "b": {"S": "x"}, "c": {"S": "y"}}, {"a": {"N": "2"}, "b": {"S": "x"}})
    assert update.expression == "SET #a = :a REMOVE #c"
    assert update.names == {"#a": "a", "#c": "c"}
    assert update.values == {":a": {"N": "2"}}
    assert difference({"a": {"N": "1"}}, {}).expression == "REMOVE #a"


def test_unknown_attributes_are_ignored_and_absent_ones_take_their_default() -> None:
    item = to_item(job_in(Status.SCORED)) | {"later": {"S": "x"}}
    del item["attempt"]
    job = from_item(item)
    assert job.attempt == 0
    assert job.deadline == 0


def test_the_ttl_is_in_seconds() -> None:
    job = job_in(Status.SCORED)
    assert to_item(job)["ttl"] == {"N": str(job.expires_at // 1000)}


def test_jobs_spread_over_all_shards() -> None:
    found = {shard_of(f"{number:032x}") for number in range(200)}
    assert found == set(range(OPEN_SHARDS))
    assert open_shard(3) == "OPEN#3"
