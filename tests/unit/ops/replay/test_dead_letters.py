import json

import pytest

from divescore.ops.replay.dead_letters import (
    Letter,
    Source,
    Unreadable,
    Work,
    content,
    document,
    for_job,
    received,
    works_of,
)
from divescore.uploads.notifications import notification_body
from divescore.views import Status
from tests.fakes.jobs import job_in

MESSAGE = {
    "MessageId": "m1",
    "ReceiptHandle": "r1",
    "Body": '{"jobId": "a", "objectVersion": "v1"}',
    "MD5OfBody": "b",
    "MD5OfMessageAttributes": "a",
    "Attributes": {"SentTimestamp": "17", "MessageGroupId": "client", "AWSTraceHeader": "Root=1"},
    "MessageAttributes": {
        "text": {"DataType": "String", "StringValue": "ä"},
        "bytes": {"DataType": "Binary.png", "BinaryValue": b"\x00\xff"},
    },
}


def test_everything_of_a_message_is_in_its_letter() -> None:
    letter = received(Source.SCORING, MESSAGE)
    assert (letter.sent_at, letter.group, letter.trace) == (17, "client", "Root=1")
    assert (letter.message_id, letter.receipt, letter.digests) == ("m1", "r1", ("b", "a"))
    assert letter.attributes == MESSAGE["MessageAttributes"]
    assert letter.size == len(letter.body) + len("text") + len("String") + 2 + len("bytes") + len("Binary.png") + 2
    assert (letter.text("text"), letter.text("bytes"), letter.text("none")) == ("ä", None, None)


def test_a_bare_message_has_neither_group_nor_trace() -> None:
    bare = received(Source.UPLOADS, {"MessageId": "m", "ReceiptHandle": "r", "Body": "{}"})
    assert (bare.sent_at, bare.group, bare.trace, bare.attributes) == (0, None, None, {})


def test_the_work_of_each_queues_letters() -> None:
    assert works_of(received(Source.SCORING, MESSAGE)) == (Work("a", "v1"),)
    body = notification_body("bucket", "uploads/b/video", "v2")
    assert works_of(Letter(Source.UPLOADS, "m", "r", body)) == (Work("b", "v2"),)
    assert works_of(Letter(Source.UPLOADS, "m", "r", '{"Event": "s3:TestEvent"}')) == ()
    for source in (Source.SCORING, Source.UPLOADS):
        with pytest.raises(Unreadable):
            works_of(Letter(source, "m", "r", "hello"))


def test_a_failed_job_without_a_letter_gets_the_message_it_would_have() -> None:
    job = job_in(Status.FAILED)
    letter = for_job(job)
    assert json.loads(letter.body) == {"jobId": job.job_id, "objectVersion": "v1"}
    assert (letter.group, letter.receipt, letter.sent_at) == (job.client, None, job.updated_at)
    assert works_of(letter) == (Work(job.job_id, "v1"),)


def test_an_exported_letter_is_whole_and_equal_only_to_itself() -> None:
    letter = received(Source.SCORING, MESSAGE)
    exported = json.loads(json.dumps(document(letter)))
    assert exported["attributes"]["bytes"] == {"DataType": "Binary.png", "BinaryValue": "AP8="}
    assert exported["system"]["AWSTraceHeader"] == "Root=1"
    again = received(Source.SCORING, MESSAGE | {"ReceiptHandle": "r2", "Attributes": {}})
    assert content(json.loads(json.dumps(document(again)))) == content(exported)
    changes: list[dict[str, object]] = [{"Body": "{}"}, {"MessageId": "m2"}, {"MessageAttributes": {}}]
    for changed in changes:
        other = received(Source.SCORING, MESSAGE | changed)
        assert content(document(other)) != content(exported)
