"""Enqueue: takes S3's notifications, looks at each upload's first bytes, and queues or rejects the job."""

from functools import cache
from typing import Any

from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.utilities.batch import BatchProcessor, EventType, process_partial_response
from aws_lambda_powertools.utilities.data_classes.sqs_event import SQSRecord
from aws_lambda_powertools.utilities.typing import LambdaContext

from divescore.aws import client, within
from divescore.jobs.messages import ScoringQueue
from divescore.jobs.meter import LoggedMeter
from divescore.jobs.redelivery import back_off, come_back_in
from divescore.jobs.table import JobTable
from divescore.uploads.admission import Admission
from divescore.uploads.notifications import parse_notification
from divescore.uploads.store import UploadStore
from functions.observability import logger, metrics, observed
from functions.settings import FunctionSettings

# No longer than the queue itself would wait: ten deliveries then span a quarter of an hour.
LONGEST_WAIT_SECONDS = 180

processor = BatchProcessor(event_type=EventType.SQS, raise_on_entire_batch_failure=False)


class EnqueueSettings(FunctionSettings):
    """The function's environment."""

    uploads_bucket: str
    uploads_queue_url: str
    scoring_queue_url: str


@cache
def settings() -> EnqueueSettings:
    """The environment, read once."""
    return EnqueueSettings()


@cache
def admission() -> Admission:
    """Everything that a notification needs."""
    env = settings()
    tuning = within(env.function_seconds)
    return Admission(
        table=JobTable(env.table_name, client("dynamodb", **tuning)),
        store=UploadStore(env.uploads_bucket, client("s3", **tuning)),
        queue=ScoringQueue(env.scoring_queue_url, client("sqs", **tuning)),
        meter=LoggedMeter(),
    )


def admit(record: SQSRecord) -> None:
    """Handle one message; whatever it raises leaves the message on the queue, to come back after growing waits."""
    try:
        for upload in parse_notification(record.body):
            logger.set_correlation_id(upload.job_id)
            outcome = admission().admit(upload)
            metrics.add_metric(name=f"Upload_{outcome}", unit=MetricUnit.Count, value=1)
            logger.info("admitted", outcome=outcome, objectVersion=upload.object_version)
    except Exception:  # raised again below; whatever it is, the message is not to come back at once
        wait = back_off(int(record.attributes.approximate_receive_count), LONGEST_WAIT_SECONDS)
        env = settings()
        sqs = client("sqs", **within(env.function_seconds))
        come_back_in(wait, sqs, env.uploads_queue_url, record.receipt_handle, logger.warning)
        raise


@observed()
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Lambda's entry point: an SQS batch of S3 notifications."""
    metrics.add_metric(name="Notifications", unit=MetricUnit.Count, value=len(event["Records"]))
    return dict(process_partial_response(event, admit, processor, context))
