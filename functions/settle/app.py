"""Settle: reads the jobs table's stream beside `notify` and tells the topic `DiveSettled` of each settled version."""

from functools import cache
from typing import Any

from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.utilities.typing import LambdaContext

from divescore.aws import client, within
from divescore.live.changes import read_changes
from divescore.live.settled import NotPublished, Topic, settled_messages
from functions.observability import logger, metrics, observed
from functions.settings import FunctionSettings


class SettleSettings(FunctionSettings):
    """The function's environment."""

    dive_settled_topic: str


class BatchFailed(Exception):
    """Not all of the batch was told: the stream has to hand it over again."""


@cache
def topic() -> Topic:
    """The topic; its connections are kept from one batch to the next."""
    settings = SettleSettings()
    return Topic(settings.dive_settled_topic, client("sns", **within(settings.function_seconds)))


@observed()
def handler(event: dict[str, Any], _context: LambdaContext) -> dict[str, int]:
    """Lambda's entry point: a batch of the stream. Raises BatchFailed where anything of it could not be told.

    It raises instead of naming records: what was published before comes again then, which the promise of "at least
    once" allows, and no engine that ignores such names can lose a message.
    """
    changes, unreadable = read_changes(event["Records"])
    for sequence, error in unreadable:
        logger.error("unreadable record", sequence=sequence, error=repr(error))
    messages = settled_messages(changes)
    failure: NotPublished | None = None
    try:
        published = topic().publish(messages)
    except NotPublished as error:
        published, failure = error.published, error
        logger.error("publishing failed", correlation_id=error.job_id, error=str(error))
    left = len(messages) - published + len(unreadable)
    metrics.add_metric(name="Settled_published", unit=MetricUnit.Count, value=published)
    metrics.add_metric(name="Settled_failed", unit=MetricUnit.Count, value=left)
    logger.info("published", jobs=[message.job_id for message in messages[:published]])
    if left:
        raise BatchFailed(f"{left} of {len(messages) + len(unreadable)} were not published.") from failure
    return {"published": published}
