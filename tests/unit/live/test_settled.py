"""Which changes servers are told of, and what a message holds."""

import json
from dataclasses import replace
from typing import Any

import pytest

from divescore.jobs.model import Cause
from divescore.jobs.view import job_view
from divescore.live.settled import MAX_MESSAGE_BYTES, NotPublished, Topic, settled_message, settled_messages
from divescore.views import OPEN, SETTLED, Status, to_json
from tests.fakes.jobs import job_in
from tests.fakes.sns import FakeTopics
from tests.unit.live.fakes import change

RESULT = {"score": 84.15, "model": {"id": "divescore-mini", "version": "1"}, "strip": ["data:image/jpeg;base64,aaaa"]}
# https://docs.aws.amazon.com/sns/latest/api/API_Publish.html
SNS_TAKES = 262_144


def test_every_settled_state_is_told_and_no_other() -> None:
    changes = [change(job_in(status, job_id=status.lower())) for status in Status]
    told = [json.loads(message.body)["status"] for message in settled_messages(changes)]
    assert sorted(told) == sorted(SETTLED)
    assert OPEN.isdisjoint(told)


def test_each_version_is_told_none_is_conflated() -> None:
    scored = job_in(Status.SCORED, version=5)
    changes = [change(scored), change(replace(scored, version=6, difficulty=3.0))]
    assert [json.loads(message.body)["version"] for message in settled_messages(changes)] == [5, 6]


def test_a_write_without_a_new_version_is_not_told() -> None:
    scored = job_in(Status.SCORED, version=5)
    assert settled_messages([change(scored, before=5)]) == []


def test_a_new_record_that_is_settled_already_is_told() -> None:
    """As a replay makes it up, which has no image of before."""
    assert len(settled_messages([change(job_in(Status.SCORED), before=0)])) == 1


def test_the_body_is_the_job_as_clients_see_it_without_the_strip() -> None:
    job = job_in(Status.SCORED, result=RESULT, reference="order 7")
    seen = to_json(job_view(job))
    del seen["result"]["strip"]
    message = settled_message(job)
    assert json.loads(message.body) == seen
    assert "order 7" not in message.body
    assert RESULT["strip"], "the job itself keeps its strip"


@pytest.mark.parametrize(
    ("job", "attributes"),
    [
        (job_in(Status.SCORED, result=RESULT), {"status": "SCORED", "model": "divescore-mini"}),
        (
            job_in(Status.SCORED, result=RESULT, reference="order 7 🤿"),
            {"status": "SCORED", "model": "divescore-mini", "reference": "order 7 🤿"},
        ),
        (job_in(Status.SCORED, result={"score": 1.0}), {"status": "SCORED"}),
        (job_in(Status.REJECTED, reference="a"), {"status": "REJECTED", "code": "NOT_A_VIDEO", "reference": "a"}),
        (job_in(Status.FAILED), {"status": "FAILED", "code": "INTERNAL"}),
        (job_in(Status.CANCELLED), {"status": "CANCELLED"}),
        (job_in(Status.EXPIRED), {"status": "EXPIRED"}),
    ],
)
def test_attributes_are_left_out_when_absent(job: Any, attributes: dict[str, str]) -> None:
    assert settled_message(job).attributes == attributes


def test_a_message_that_would_be_too_large_goes_without_its_result() -> None:
    job = job_in(Status.SCORED, result=RESULT | {"notes": "x" * MAX_MESSAGE_BYTES}, reference="x" * 128)
    message = settled_message(job)
    assert "result" not in json.loads(message.body)
    assert message.attributes["model"] == "divescore-mini"
    assert len(message.body.encode()) + len(str(message.attributes)) < SNS_TAKES


def test_control_characters_of_a_sentence_are_escaped_for_a_topic_that_takes_none() -> None:
    job = job_in(Status.FAILED, error=Cause("INTERNAL", "bell \a and half a pair \ud83e"))
    body = settled_message(job).body
    assert body.isprintable()
    assert json.loads(body)["error"]["message"] == "bell \a and half a pair \ud83e"


def test_messages_are_published_in_order_with_string_attributes() -> None:
    sns: Any = FakeTopics()
    messages = settled_messages([change(job_in(Status.SCORED, version=5)), change(job_in(Status.SCORED, version=6))])
    assert Topic("arn:topic", sns).publish(messages) == 2
    assert [json.loads(sent["Message"])["version"] for sent in sns.published] == [5, 6]
    assert {sent["TopicArn"] for sent in sns.published} == {"arn:topic"}
    assert sns.published[0]["MessageAttributes"] == {"status": {"DataType": "String", "StringValue": "SCORED"}}


def test_the_first_that_is_not_taken_ends_it_and_says_how_many_were() -> None:
    sns: Any = FakeTopics()
    topic = Topic("arn:topic", sns)
    first, second = settled_messages([change(job_in(status)) for status in (Status.SCORED, Status.FAILED)])
    topic.publish([first])
    sns.fails = 1
    with pytest.raises(NotPublished) as caught:
        topic.publish([second, first])
    assert (caught.value.published, caught.value.job_id) == (0, second.job_id)
    assert "InternalErrorException" in str(caught.value)
    assert len(sns.published) == 1
