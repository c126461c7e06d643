"""What the worker talks to, on the local engine: a table, a bucket and queues; and dives for it to score."""

import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import boto3

from divescore.jobs.items import from_item, to_item
from divescore.jobs.messages import ScoringQueue
from divescore.jobs.model import Job
from divescore.stack.local import engine
from divescore.stack.local_state import REGION, load
from divescore.views import Status
from tests.conftest import free_port
from tests.fakes.jobs import job_in
from tests.fakes.lambdas import sqs_event

TABLE, BUCKET = "jobs", "videos"
STARTED_WITHIN = 60.0
START = """
import pathlib, sys
from divescore.stack.local import engine
from divescore.stack import local_state
folder = pathlib.Path(sys.argv[1])
local_state.LocalState(engine.start(folder, int(sys.argv[2])), folder=folder).save()
"""


@dataclass(frozen=True)
class Services:
    """The services' clients, and the environment of a worker that uses them."""

    dynamodb: Any
    s3: Any
    sqs: Any
    env: dict[str, str]

    def dive(self, clip: Path) -> tuple[str, dict[str, Any]]:
        """A queued job for `clip`: its id, and the event that the queue's delivery makes."""
        now = int(time.time() * 1000)
        job = job_in(Status.QUEUED, created_at=now, updated_at=now, expires_at=now + 3_600_000)
        job = replace(job, job_id=f"{now:032x}", deadline=now + 3_600_000)
        version = self.s3.put_object(Bucket=BUCKET, Key=job.key, Body=clip.read_bytes())["VersionId"]
        job = replace(job, object_version=version)
        self.dynamodb.put_item(TableName=TABLE, Item=to_item(job))
        url = self.env["SCORING_QUEUE_URL"]
        ScoringQueue(url, self.sqs).send(job)
        [message] = self.sqs.receive_message(QueueUrl=url)["Messages"]
        event = sqs_event(message["Body"])
        event["Records"][0]["receiptHandle"] = message["ReceiptHandle"]
        return job.job_id, event

    def job(self, job_id: str) -> Job:
        """The job as it stands in the table."""
        key = {"pk": {"S": f"JOB#{job_id}"}, "sk": {"S": "JOB"}}
        return from_item(self.dynamodb.get_item(TableName=TABLE, Key=key, ConsistentRead=True)["Item"])


@contextmanager
def services(folder: Path) -> Iterator[Services]:
    """The engine with what a worker needs, for as long as the context lasts; its files lie in `folder`."""
    # By a process that ends: the engine is nobody's child then, as after `divescore up`.
    subprocess.run([sys.executable, "-c", START, str(folder), str(free_port())], check=True, timeout=STARTED_WITHIN)
    state = load(folder)
    assert state is not None
    started = state.engine
    try:
        session = boto3.Session(started.rootKeyId, started.rootSecret, region_name=REGION)
        dynamodb = session.client("dynamodb", endpoint_url=started.endpoint)
        s3 = session.client("s3", endpoint_url=started.endpoint)
        sqs = session.client("sqs", endpoint_url=started.endpoint)
        dynamodb.create_table(
            TableName=TABLE,
            BillingMode="PAY_PER_REQUEST",
            AttributeDefinitions=[{"AttributeName": name, "AttributeType": "S"} for name in ("pk", "sk")],
            KeySchema=[
                {"AttributeName": "pk", "KeyType": "HASH"},
                {"AttributeName": "sk", "KeyType": "RANGE"},
            ],
        )
        s3.create_bucket(Bucket=BUCKET)
        s3.put_bucket_versioning(Bucket=BUCKET, VersioningConfiguration={"Status": "Enabled"})
        # Nobody takes a handled message off the queue here, so none may come back in place of the next one.
        urls = {
            name: sqs.create_queue(QueueName=name, Attributes={"VisibilityTimeout": "43200"})["QueueUrl"]
            for name in ("scoring", "scoring-dlq")
        }
        env = {
            "AWS_ENDPOINT_URL": started.endpoint,
            "AWS_ACCESS_KEY_ID": started.rootKeyId,
            "AWS_SECRET_ACCESS_KEY": started.rootSecret,
            "AWS_DEFAULT_REGION": REGION,
            "AWS_REGION": REGION,
            "TABLE_NAME": TABLE,
            "UPLOADS_BUCKET": BUCKET,
            "SCORING_QUEUE_URL": urls["scoring"],
            "SCORING_DLQ_URL": urls["scoring-dlq"],
            "MODEL_DIR": "/var/task/model_weights",
            "LEASE_SECONDS": "30",
            "HEARTBEAT_SECONDS": "10",
            "MAX_ATTEMPTS": "3",
            "MAX_UPLOAD_BYTES": "209715200",
            "FUNCTION_SECONDS": "300",
            "POWERTOOLS_SERVICE_NAME": "worker",
            "POWERTOOLS_METRICS_NAMESPACE": "Divescore",
        }
        yield Services(dynamodb, s3, sqs, env)
    finally:
        engine.stop(folder, started)
