import json
from typing import Any

import pytest

from divescore.ops.replay.dead_letters import (
    DeadLetter,
    QueueName,
    UnreadableLetter,
    received,
    stand_in,
    uploads_of,
)
from divescore.uploads.notifications import Upload, notification_body
from divescore.views import Status
from tests.fakes.jobs import job_in

MESSAGE: Any = {
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


def test_everything_of_a_message_is_in_its_dead_letter() -> None:
    letter = received(QueueName.SCORING, MESSAGE)
    assert (letter.sent_at, letter.group, letter.trace) == (17, "client", "Root=1")
    assert (letter.message_id, letter.handle, letter.digests) == ("m1", "r1", ("b", "a"))
    assert letter.attributes == MESSAGE["MessageAttributes"]
    assert letter.size == len(letter.body) + len("text") + len("String") + 2 + len("bytes") + len("Binary.png") + 2
    assert (letter.text("text"), letter.text("bytes"), letter.text("none")) == ("ä", None, None)


def test_a_bare_message_has_neither_group_nor_trace() -> None:
    bare = received(QueueName.UPLOADS, {"MessageId": "m", "ReceiptHandle": "r", "Body": "{}"})
    assert (bare.sent_at, bare.group, bare.trace, bare.attributes) == (0, None, None, {})


def test_the_uploads_of_each_queues_dead_letters() -> None:
    assert uploads_of(received(QueueName.SCORING, MESSAGE)) == (Upload("a", "v1"),)
    body = notification_body("bucket", "uploads/b/video", "v2")
    assert uploads_of(DeadLetter(QueueName.UPLOADS, "m", "r", body)) == (Upload("b", "v2"),)
    assert uploads_of(DeadLetter(QueueName.UPLOADS, "m", "r", '{"Event": "s3:TestEvent"}')) == ()
    for source in (QueueName.SCORING, QueueName.UPLOADS):
        with pytest.raises(UnreadableLetter):
            uploads_of(DeadLetter(source, "m", "r", "hello"))


def test_a_failed_job_without_a_dead_letter_gets_the_message_it_would_have() -> None:
    job = job_in(Status.FAILED)
    letter = stand_in(job)
    assert json.loads(letter.body) == {"jobId": job.job_id, "objectVersion": "v1"}
    assert (letter.group, letter.receipt, letter.sent_at) == (job.client, None, job.updated_at)
    assert uploads_of(letter) == (Upload(job.job_id, "v1"),)
