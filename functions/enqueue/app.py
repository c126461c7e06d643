"""Enqueue: takes S3's notifications, looks at each upload's first bytes, and queues or rejects the job."""

from functools import cache
from typing import Any

from aws_lambda_powertools import Logger, Metrics, Tracer
from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.utilities.batch import BatchProcessor, EventType, process_partial_response
from aws_lambda_powertools.utilities.data_classes.sqs_event import SQSRecord
from aws_lambda_powertools.utilities.typing import LambdaContext
from pydantic_settings import BaseSettings

from divescore.aws import client
from divescore.jobs.messages import ScoringQueue
from divescore.jobs.meter import LoggedMeter
from divescore.jobs.table import JobTable
from divescore.uploads.admission import Gate
from divescore.uploads.notifications import parse_notification
from divescore.uploads.store import UploadStore

logger = Logger()
metrics = Metrics()
tracer = Tracer()
processor = BatchProcessor(event_type=EventType.SQS, raise_on_entire_batch_failure=False)


class Settings(BaseSettings):
    """The function's environment."""

    table_name: str
    uploads_bucket: str
    scoring_queue_url: str


@cache
def gate() -> Gate:
    """Everything that a notification needs."""
    settings = Settings()
    return Gate(
        table=JobTable(settings.table_name, client("dynamodb")),
        store=UploadStore(settings.uploads_bucket, client("s3")),
        queue=ScoringQueue(settings.scoring_queue_url, client("sqs")),
        meter=LoggedMeter(),
    )


def admit(record: SQSRecord) -> None:
    """Handle one message; whatever it raises leaves the message on the queue."""
    for upload in parse_notification(record.body):
        logger.set_correlation_id(upload.job_id)
        outcome = gate().admit(upload)
        metrics.add_metric(name=f"Upload_{outcome}", unit=MetricUnit.Count, value=1)
        logger.info("admitted", outcome=outcome, objectVersion=upload.object_version)


@logger.inject_lambda_context(clear_state=True)
@metrics.log_metrics
@tracer.capture_lambda_handler(capture_response=False)
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Lambda's entry point: an SQS batch of S3 notifications."""
    metrics.add_metric(name="Notifications", unit=MetricUnit.Count, value=len(event["Records"]))
    return dict(process_partial_response(event, admit, processor, context))
