"""When a message that was not dealt with comes back: by its visibility, with growing, random waits."""

import random
from collections.abc import Callable
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient

LONGEST_DELAY_SECONDS = 900


def back_off(tries: int, longest: float = LONGEST_DELAY_SECONDS) -> float:
    """Seconds to wait after `tries` tries: doubles with each, at most `longest`.

    The jitter keeps messages that failed together from coming back together.
    """
    return min(longest, 2.0 ** min(tries, 20)) * random.uniform(0.5, 1.5)  # noqa: S311 - not a secret


def come_back_in(seconds: float, sqs: "SQSClient", queue_url: str, receipt: str, report: Callable[..., None]) -> None:
    """Have a message delivered again in `seconds`; `report` hears when the queue would not."""
    timeout = max(0, min(LONGEST_DELAY_SECONDS, round(seconds)))
    try:
        sqs.change_message_visibility(QueueUrl=queue_url, ReceiptHandle=receipt, VisibilityTimeout=timeout)
    except (ClientError, BotoCoreError) as error:
        # Only when the message comes back is at stake, and the queue's own time-out is the floor of that.
        report("visibility not changed", seconds=timeout, error=repr(error))
