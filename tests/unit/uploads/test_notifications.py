"""S3's notifications in every shape they come in."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from divescore.uploads.notifications import BadNotification, Upload, notification_body, parse_notification
from tests.fakes.lambdas import TEST_EVENT, s3_body, s3_record

KEY = "uploads/0123456789abcdef0123456789abcdef/video"
UPLOAD = Upload("0123456789abcdef0123456789abcdef", "v1")


@pytest.mark.parametrize("version", ["2.0", "2.1", "2.2", "2.3", "2.4", "2.5", "2.6", "2.17"])
@pytest.mark.parametrize("name", ["Post", "Put", "CompleteMultipartUpload", "Copy"])
def test_every_version_and_way_of_creation_is_understood(version: str, name: str) -> None:
    assert parse_notification(s3_body(s3_record(KEY, event_version=version, name=name))) == [UPLOAD]


def test_a_message_may_speak_of_several_uploads() -> None:
    body = s3_body(s3_record(KEY), s3_record("uploads/other/video", "v2"), s3_record("uploads/readme.txt"))
    assert parse_notification(body) == [UPLOAD, Upload("other", "v2")]


def test_keys_are_form_encoded() -> None:
    assert parse_notification(s3_body(s3_record("uploads/a job+one/video"))) == [Upload("a job+one", "v1")]
    assert "a+job%2Bone" in s3_body(s3_record("uploads/a job+one/video"))


def test_the_test_event_is_no_upload() -> None:
    assert parse_notification(TEST_EVENT) == []


@pytest.mark.parametrize("key", ["uploads/a/b/video", "elsewhere/a/video", "uploads/a/film", "uploads//video"])
def test_foreign_keys_are_ignored(key: str) -> None:
    assert parse_notification(s3_body(s3_record(key))) == []


def test_other_events_are_ignored() -> None:
    record = s3_record(KEY) | {"eventName": "ObjectRemoved:Delete"}
    assert parse_notification(s3_body(record)) == []
    assert parse_notification(s3_body(s3_record(KEY) | {"eventName": "s3:ObjectCreated:Post"})) == [UPLOAD]


def without(record: dict[str, Any], *path: str) -> dict[str, Any]:
    copy: dict[str, Any] = json.loads(json.dumps(record))
    inner = copy
    for part in path[:-1]:
        inner = inner[part]
    del inner[path[-1]]
    return copy


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ("", "not JSON"),
        ("[]", "not an object"),
        ('"Records"', "not an object"),
        ("{}", "no Records"),
        ('{"Records": []}', "no Records"),
        ('{"Records": {}}', "no Records"),
        ('{"Records": [null]}', "lacks"),
        (s3_body(without(s3_record(KEY), "eventVersion")), "lacks"),
        (s3_body(without(s3_record(KEY), "eventName")), "lacks"),
        (s3_body(without(s3_record(KEY), "s3")), "lacks"),
        (s3_body(without(s3_record(KEY), "s3", "object", "key")), "lacks"),
        (s3_body(s3_record(KEY, event_version="3.0")), "not one of 2.x"),
        (s3_body(s3_record(KEY, version=None)), "versioned"),
    ],
)
def test_what_s3_would_not_send_is_refused(body: str, words: str) -> None:
    with pytest.raises(BadNotification, match=words):
        parse_notification(body)


@given(st.text("0123456789abcdef", min_size=32, max_size=32), st.text("abcXYZ019._-", min_size=1))
def test_what_sweep_writes_reads_like_s3s_own(job_id: str, version: str) -> None:
    assert parse_notification(notification_body("videos", f"uploads/{job_id}/video", version)) == [
        Upload(job_id, version)
    ]
