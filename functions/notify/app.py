"""Notify: reads the jobs table's stream and pushes each newer version of a job to whoever watches it."""

from concurrent.futures import ThreadPoolExecutor
from functools import cache
from typing import Any

from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.utilities.typing import LambdaContext

from divescore.aws import client
from divescore.live.changes import conflate, read_changes
from divescore.live.connections import Connections
from divescore.live.fanout import FanOut
from divescore.live.push import POST_TIMEOUTS, Pusher
from divescore.live.subscriptions import Subscriptions
from functions.observability import logger, metrics, observed
from functions.settings import FunctionSettings

PARALLEL_POSTS = 16


class NotifySettings(FunctionSettings):
    """The function's environment."""

    live_endpoint: str


@cache
def fan_out() -> FanOut:
    """Everything that a change needs; connections and threads are kept from one batch to the next."""
    settings = NotifySettings()
    return FanOut(
        subscriptions=Subscriptions(
            settings.table_name, client("dynamodb", connections=PARALLEL_POSTS, timeouts=POST_TIMEOUTS, attempts=3)
        ),
        # One try each: the fan-out has its own back-off, which serves everybody else meanwhile.
        pusher=Pusher(Connections(settings.live_endpoint, POST_TIMEOUTS, PARALLEL_POSTS)),
        pool=ThreadPoolExecutor(PARALLEL_POSTS, "push"),
    )


# Posts run in threads.
@observed(trace_calls=False)
def handler(event: dict[str, Any], _context: LambdaContext) -> dict[str, Any]:
    """Lambda's entry point: a batch of the stream. Records that did not reach everybody are named, and come again."""
    changes, unreadable = read_changes(event["Records"])
    news = conflate(changes)
    report = fan_out().push_all(news)
    for outcome, count in report.counts.items():
        metrics.add_metric(name=f"Push_{outcome}", unit=MetricUnit.Count, value=count)
    metrics.add_metric(name="Push_failed", unit=MetricUnit.Count, value=len(report.failures) + len(unreadable))
    for job_id, (_, error) in report.failures.items():
        logger.error("push failed", correlation_id=job_id, error=repr(error))
    for sequence, error in unreadable:
        logger.error("unreadable record", sequence=sequence, error=repr(error))
    for connection_id, error in report.rows_left:
        logger.warning("rows of an ended connection remain", connection_id=connection_id, error=repr(error))
    logger.info("told", jobs=list(news), records=len(event["Records"]), pushes=dict(report.counts))
    failed = [change.sequence for change, _ in report.failures.values()] + [sequence for sequence, _ in unreadable]
    return {"batchItemFailures": [{"itemIdentifier": sequence} for sequence in failed]}
