"""What another engine than the local one makes of the template's queues, bucket and table, and we of its events.

moto implements S3's notifications, SQS and DynamoDB's streams by itself. Its CloudFormation lacks half of the types and
forgets properties (docs/local.md), so the resources are made from the template's own properties.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import boto3
import pytest
from moto import mock_aws

from divescore.jobs.items import to_item
from divescore.jobs.table import JobTable
from divescore.jobs.transitions import Accepted, Claimed, Fence, Progressed, Refusal, Renewed
from divescore.live.changes import conflate, read_changes
from divescore.uploads.notifications import BadNotification, Upload, parse_notification
from divescore.views import Status
from tests.fakes.aws import REGION
from tests.fakes.jobs import job_in
from tests.unit.test_template import properties

JOB = "0123456789abcdef0123456789abcdef"
BUCKET, TABLE = "videos", "jobs"


@dataclass(frozen=True)
class Engine:
    """moto's clients, and the queues of the template by their logical ids."""

    s3: Any
    sqs: Any
    dynamodb: Any
    urls: dict[str, str]

    def arn(self, queue: str) -> str:
        answer = self.sqs.get_queue_attributes(QueueUrl=self.urls[queue], AttributeNames=["QueueArn"])
        return str(answer["Attributes"]["QueueArn"])

    def received(self, queue: str) -> list[dict[str, Any]]:
        answer = self.sqs.receive_message(
            QueueUrl=self.urls[queue], MaxNumberOfMessages=10, VisibilityTimeout=0, AttributeNames=["All"]
        )
        found: list[dict[str, Any]] = answer.get("Messages", [])
        return found


@pytest.fixture
def engine(monkeypatch: pytest.MonkeyPatch) -> Iterator[Engine]:
    for name, value in {"AWS_ACCESS_KEY_ID": "testing", "AWS_SECRET_ACCESS_KEY": "testing"}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("AWS_DEFAULT_REGION", REGION)
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    with mock_aws():
        made = Engine(boto3.client("s3"), boto3.client("sqs"), boto3.client("dynamodb"), {})
        for dead, queue in (("UploadsDlq", "UploadsQueue"), ("ScoringDlq", "ScoringQueue")):
            made.urls[dead] = made.sqs.create_queue(QueueName=dead)["QueueUrl"]
            redrive = {**properties(queue)["RedrivePolicy"], "deadLetterTargetArn": made.arn(dead)}
            made.urls[queue] = made.sqs.create_queue(
                QueueName=queue, Attributes={"RedrivePolicy": json.dumps(redrive)}
            )["QueueUrl"]
        yield made


def make_bucket(engine: Engine) -> None:
    about = properties("UploadsBucket")
    engine.s3.create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": REGION})
    engine.s3.put_bucket_versioning(Bucket=BUCKET, VersioningConfiguration=about["VersioningConfiguration"])
    [told] = about["NotificationConfiguration"]["QueueConfigurations"]
    [rule] = told["Filter"]["S3Key"]["Rules"]
    configured = {
        "QueueArn": engine.arn("UploadsQueue"),
        "Events": [told["Event"]],
        "Filter": {"Key": {"FilterRules": [rule]}},
    }
    engine.s3.put_bucket_notification_configuration(
        Bucket=BUCKET, NotificationConfiguration={"QueueConfigurations": [configured]}
    )


def test_its_notification_of_an_upload_is_understood_and_others_are_filtered(engine: Engine) -> None:
    """It encodes the key's slashes, which S3 leaves; both are form encoding. The version it leaves out: S3 has it."""
    make_bucket(engine)
    engine.s3.put_object(Bucket=BUCKET, Key="elsewhere/video", Body=b"x")
    version = engine.s3.put_object(Bucket=BUCKET, Key=f"uploads/{JOB}/video", Body=b"x")["VersionId"]
    [test, told] = [json.loads(message["Body"]) for message in engine.received("UploadsQueue")]
    assert parse_notification(json.dumps(test)) == []  # what it sends when the notification is configured, as S3 does
    [record] = told["Records"]
    assert "%2F" in record["s3"]["object"]["key"]
    assert "versionId" not in record["s3"]["object"]
    with pytest.raises(BadNotification, match="has no version"):
        parse_notification(json.dumps(told))
    record["s3"]["object"]["versionId"] = version
    assert parse_notification(json.dumps(told)) == [Upload(JOB, version)]


def test_an_erased_video_tells_nothing(engine: Engine) -> None:
    make_bucket(engine)
    engine.s3.put_object(Bucket=BUCKET, Key=f"uploads/{JOB}/video", Body=b"x")
    before = engine.received("UploadsQueue")
    engine.s3.delete_object(Bucket=BUCKET, Key=f"uploads/{JOB}/video")
    assert [message["MessageId"] for message in engine.received("UploadsQueue")] == [
        message["MessageId"] for message in before
    ]


@pytest.mark.parametrize("queue", ["UploadsQueue", "ScoringQueue"])
def test_a_message_is_a_dead_letter_after_as_many_receives_as_the_template_says(engine: Engine, queue: str) -> None:
    """So handing back, which is a receive each time, must stay within them: attempts end far earlier."""
    most = int(properties(queue)["RedrivePolicy"]["maxReceiveCount"])
    engine.sqs.send_message(QueueUrl=engine.urls[queue], MessageBody="{}")
    counts = [int(engine.received(queue)[0]["Attributes"]["ApproximateReceiveCount"]) for _ in range(most)]
    assert counts == list(range(1, most + 1))
    assert engine.received(queue) == []
    dead = queue.replace("Queue", "Dlq")
    assert [message["Body"] for message in engine.received(dead)] == ["{}"]


def stream_of(engine: Engine) -> list[Any]:
    """All records of the table's stream, from its beginning."""
    streams = boto3.client("dynamodbstreams")
    [found] = streams.list_streams(TableName=TABLE)["Streams"]
    records: list[Any] = []
    for shard in streams.describe_stream(StreamArn=found["StreamArn"])["StreamDescription"]["Shards"]:
        start = streams.get_shard_iterator(
            StreamArn=found["StreamArn"], ShardId=shard["ShardId"], ShardIteratorType="TRIM_HORIZON"
        )
        records += streams.get_records(ShardIterator=start["ShardIterator"])["Records"]
    return records


def test_its_stream_of_a_jobs_life_is_told_without_what_is_not_news(engine: Engine) -> None:
    about = properties("JobsTable")
    names = ("AttributeDefinitions", "KeySchema", "GlobalSecondaryIndexes", "BillingMode")
    stream = {"StreamEnabled": True, **about["StreamSpecification"]}
    engine.dynamodb.create_table(TableName=TABLE, StreamSpecification=stream, **{name: about[name] for name in names})
    table = JobTable(TABLE, engine.dynamodb)
    job = job_in(Status.AWAITING_UPLOAD, version=1)
    engine.dynamodb.put_item(TableName=TABLE, Item=to_item(job))
    for event in (
        Accepted("v1"),
        Claimed("owner", "v1", lease_ms=30_000, max_attempts=3),
        Renewed(Fence("owner", 1), 30_000),
        Progressed(Fence("owner", 1), "decoding", 0.2),
        Progressed(Fence("owner", 1), "scoring", 0.6),
    ):
        applied = table.apply(table.get(job.job_id), event)
        assert not isinstance(applied, Refusal)
    changes, unreadable = read_changes(stream_of(engine))
    assert unreadable == []
    assert len(changes) == 6
    told = conflate(changes)[job.job_id]
    assert [(change.job.status, change.job.stage) for change in told] == [
        (Status.AWAITING_UPLOAD, None),
        (Status.QUEUED, None),
        (Status.PROCESSING, "scoring"),
    ]
