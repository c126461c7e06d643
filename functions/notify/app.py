"""Notify: reads the jobs table's stream and pushes each newer version of a job to whoever watches it."""

from concurrent.futures import ThreadPoolExecutor
from functools import cache
from typing import Any

from aws_lambda_powertools import Logger, Metrics, Tracer
from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.utilities.typing import LambdaContext
from pydantic_settings import BaseSettings

from divescore.aws import client
from divescore.live.changes import read_changes
from divescore.live.fanout import FanOut, conflate
from divescore.live.push import Pusher
from divescore.live.subscriptions import Subscriptions

logger = Logger()
metrics = Metrics()
tracer = Tracer()


class Settings(BaseSettings):
    """The function's environment."""

    table_name: str
    live_endpoint: str
    parallel_jobs: int = 8
    parallel_posts: int = 32


@cache
def fan_out() -> FanOut:
    """Everything that a change needs; connections and threads are kept from one batch to the next."""
    settings = Settings()
    connections = settings.parallel_jobs + settings.parallel_posts
    return FanOut(
        subscriptions=Subscriptions(settings.table_name, client("dynamodb", connections=connections)),
        pusher=Pusher(client("apigatewaymanagementapi", settings.live_endpoint, connections)),
        jobs_pool=ThreadPoolExecutor(settings.parallel_jobs, "job"),
        posts_pool=ThreadPoolExecutor(settings.parallel_posts, "post"),
    )


@logger.inject_lambda_context(clear_state=True)
@metrics.log_metrics
@tracer.capture_lambda_handler(capture_response=False)
def handler(event: dict[str, Any], _context: LambdaContext) -> dict[str, Any]:
    """Lambda's entry point: a batch of the stream. Records that could not be told are named and come again."""
    changes, unreadable = read_changes(event["Records"])
    told = conflate(changes)
    counts, failures = fan_out().tell_all(told)
    for outcome, count in counts.items():
        metrics.add_metric(name=f"Push_{outcome}", unit=MetricUnit.Count, value=count)
    for change, error in failures:
        logger.error("push failed", correlation_id=change.job.job_id, error=repr(error))
    for sequence, error in unreadable:
        logger.error("unreadable record", sequence=sequence, error=repr(error))
    metrics.add_metric(name="Push_failed", unit=MetricUnit.Count, value=len(failures) + len(unreadable))
    logger.info("told", jobs=[change.job.job_id for change in told], records=len(event["Records"]), pushes=dict(counts))
    failed = [change.sequence for change, _ in failures] + [sequence for sequence, _ in unreadable]
    return {"batchItemFailures": [{"itemIdentifier": sequence} for sequence in failed]}
