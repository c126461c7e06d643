"""Sweep: every minute, settles the jobs whose deadline has passed."""

from functools import cache
from typing import Any

from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.utilities.typing import LambdaContext

from divescore.aws import client, within
from divescore.jobs.messages import ScoringQueue
from divescore.jobs.table import JobTable
from divescore.sweep.overdue import Sweeper
from divescore.uploads.multipart import MultipartStore
from divescore.uploads.store import UploadStore
from functions.observability import logger, metrics, observed
from functions.settings import FunctionSettings


class SweepSettings(FunctionSettings):
    """The function's environment."""

    uploads_bucket: str
    uploads_queue_url: str
    scoring_queue_url: str
    max_attempts: int


@cache
def sweeper() -> Sweeper:
    """Everything that a sweep needs."""
    settings = SweepSettings()
    tuning = within(settings.function_seconds)
    s3 = client("s3", **tuning)
    sqs = client("sqs", **tuning)
    return Sweeper(
        table=JobTable(settings.table_name, client("dynamodb", **tuning)),
        store=UploadStore(settings.uploads_bucket, s3),
        multipart=MultipartStore(settings.uploads_bucket, s3),
        queue=ScoringQueue(settings.scoring_queue_url, sqs),
        uploads_queue_url=settings.uploads_queue_url,
        sqs=sqs,
        max_attempts=settings.max_attempts,
        report=logger.warning,
    )


@observed()
def handler(_event: dict[str, Any], _context: LambdaContext) -> dict[str, int]:
    """Lambda's entry point: a schedule's tick."""
    counts = sweeper().sweep()
    metrics.add_metric(name="Swept", unit=MetricUnit.Count, value=counts.total())
    for outcome, count in counts.items():
        metrics.add_metric(name=f"Swept_{outcome}", unit=MetricUnit.Count, value=count)
    logger.info("swept", counts=dict(counts))
    return dict(counts)
