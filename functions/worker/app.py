"""Worker: takes one dive from the scoring queue at a time, scores it and writes the result."""

import os
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.utilities.batch import BatchProcessor, EventType, process_partial_response
from aws_lambda_powertools.utilities.data_classes.sqs_event import SQSRecord
from aws_lambda_powertools.utilities.typing import LambdaContext
from botocore.exceptions import BotoCoreError, ClientError

from divescore.aws import client, within
from divescore.jobs.messages import DeadLetters
from divescore.jobs.meter import LoggedMeter
from divescore.jobs.table import JobTable
from divescore.uploads.store import UploadStore
from divescore.worker.delivery import Delivery, ScoreVideo, Worker
from divescore.worker.model import load_scorer
from divescore.worker.rendition import Renditions, make_rendition
from functions.observability import logger, metrics, observed
from functions.settings import FunctionSettings

if TYPE_CHECKING:
    from divescore.scoring.scorer import Scored, Scorer

# An attempt is handed back this long before the function would be stopped, so that its last writes still happen.
STOP_MARGIN_SECONDS = 8

processor = BatchProcessor(event_type=EventType.SQS, raise_on_entire_batch_failure=False)


class WorkerSettings(FunctionSettings):
    """The function's environment."""

    uploads_bucket: str
    scoring_queue_url: str
    scoring_dlq_url: str
    model_dir: Path
    max_upload_bytes: int
    lease_seconds: int
    heartbeat_seconds: float
    max_attempts: int


class TryAgain(Exception):
    """The message has to come back; the batch answer names it."""


@cache
def settings() -> WorkerSettings:
    """The environment, read once."""
    return WorkerSettings()


@cache
def scorer() -> "Scorer":
    """The scorer with its network, loaded once per process and noted for `GET /health`."""
    env = settings()
    loaded = load_scorer(env.model_dir, env.max_upload_bytes)
    try:
        _table().register_model(_info(loaded))
    except (BotoCoreError, ClientError) as error:  # nobody's dive waits for that note
        logger.warning("model not noted", error=repr(error))
    return loaded


def _table() -> JobTable:
    env = settings()
    return JobTable(env.table_name, client("dynamodb", **within(env.lease_seconds)))


def _info(loaded: "Scorer") -> dict[str, str]:
    return loaded.info.model_dump(mode="json", by_alias=True)


@cache
def worker() -> Worker:
    """Everything that a delivery needs, the model first: a lease must not run while it is loaded."""
    return _worker(scorer().score)


def worker_as_it_is() -> Worker:
    """The worker; where its model cannot be loaded, one whose every attempt fails by that.

    So such an attempt is counted on the job, its message comes back soon, and the job ends with a cause. An error here
    would leave the message hidden for six times the function's time, up to ten times over. The next delivery tries to
    load the model again.
    """
    try:
        return worker()
    except Exception as error:  # whatever it was, the dive's job must hear of it
        logger.exception("model not loaded")
        metrics.add_metric(name="Model_not_loaded", unit=MetricUnit.Count, value=1)
        failure = error

    def score(*_: Any, **__: Any) -> "Scored":
        raise failure

    return _worker(score)


def _worker(score: ScoreVideo) -> Worker:
    env = settings()
    # A heartbeat that is stuck must try again before its lease is over.
    sqs = client("sqs", **within(env.lease_seconds))
    table = _table()
    store = UploadStore(env.uploads_bucket, client("s3", **within(env.function_seconds)))
    return Worker(
        table=table,
        store=store,
        score=score,
        sqs=sqs,
        queue_url=env.scoring_queue_url,
        dead_letters=DeadLetters(env.scoring_dlq_url, sqs),
        lease_seconds=env.lease_seconds,
        heartbeat_seconds=env.heartbeat_seconds,
        max_attempts=env.max_attempts,
        report=logger.warning,
        renditions=Renditions(store, make_rendition, logger.warning, table.now, LoggedMeter()),
        meter=LoggedMeter(),
    )


def deliver(record: SQSRecord, seconds_left: Callable[[], float]) -> None:
    """Handle one message. Raises TryAgain, or what went wrong, when it has to stay on the queue."""
    delivery = Delivery.of(record.body, record.receipt_handle, int(record.attributes.sent_timestamp))
    logger.set_correlation_id(delivery.message.job_id)
    outcome = worker_as_it_is().handle(delivery, seconds_left)
    metrics.add_metric(name=f"Delivered_{outcome}", unit=MetricUnit.Count, value=1)
    logger.info("delivered", outcome=outcome, receives=record.attributes.approximate_receive_count)
    if not outcome.acknowledged:
        raise TryAgain(outcome)


@observed()
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Lambda's entry point: an SQS batch, or `{"warm": true}` to load the model ahead of the first dive."""
    if event.get("warm"):
        metrics.add_metric(name="Warmed", unit=MetricUnit.Count, value=1)
        return {"model": worker() and _info(scorer())}

    def seconds_left() -> float:
        return context.get_remaining_time_in_millis() / 1000 - STOP_MARGIN_SECONDS

    metrics.add_metric(name="Deliveries", unit=MetricUnit.Count, value=len(event["Records"]))
    return dict(process_partial_response(event, lambda record: deliver(record, seconds_left), processor, context))


if "AWS_LAMBDA_INITIALIZATION_TYPE" in os.environ:
    # In Lambda the model is loaded while the environment starts, with all of its CPU and before the first message.
    worker_as_it_is()
