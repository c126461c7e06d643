"""Telling servers that a job has settled: a message to the topic `DiveSettled` for each settled version of it."""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

from divescore.jobs.model import Job
from divescore.jobs.view import job_view
from divescore.live.changes import Change
from divescore.views import SETTLED, to_json

if TYPE_CHECKING:
    from mypy_boto3_sns import SNSClient
    from mypy_boto3_sns.type_defs import MessageAttributeValueTypeDef

MAX_MESSAGE_BYTES = 256 * 1024 - 4096  # SNS's limit is on body and attributes together


@dataclass(frozen=True, slots=True)
class SettledMessage:
    """What the topic is told of one version of a job: the job as clients see it, and attributes to filter by."""

    job_id: str
    body: str
    attributes: dict[str, str]


class NotPublished(Exception):
    """The topic did not take a message. `published` of the batch's messages it had taken before."""

    def __init__(self, job_id: str, published: int, error: Exception) -> None:
        super().__init__(f"job {job_id}: {error!r}")
        self.job_id = job_id
        self.published = published


@dataclass(frozen=True)
class Topic:
    """The topic that servers subscribe to."""

    arn: str
    sns: "SNSClient"

    def publish(self, messages: Iterable[SettledMessage]) -> int:
        """Publish the messages in order; how many. Raises NotPublished at the first that is not taken.

        Those after it are left: the stream hands the whole batch over again.
        """
        published = 0
        for message in messages:
            attributes: dict[str, MessageAttributeValueTypeDef] = {
                name: {"DataType": "String", "StringValue": value} for name, value in message.attributes.items()
            }
            try:
                self.sns.publish(TopicArn=self.arn, Message=message.body, MessageAttributes=attributes)
            except (BotoCoreError, ClientError) as error:
                raise NotPublished(message.job_id, published, error) from error
            published += 1
        return published


def settled_messages(changes: Iterable[Change]) -> list[SettledMessage]:
    """A message for each change that made a new version of a job that is settled. No version is left out."""
    return [
        settled_message(change.job)
        for change in changes
        if change.job.status in SETTLED and change.job.version > change.version_before
    ]


def settled_message(job: Job) -> SettledMessage:
    """The message about a settled job: without its strip of pictures, which are no news to a program.

    Should a result be too large for the topic all the same, the job goes without it; it can be read over HTTP.
    """
    view = to_json(job_view(job))
    result = view.get("result", {})
    result.pop("strip", None)
    told = {
        "status": view["status"],
        "code": view.get("error", {}).get("code"),
        "model": result.get("model", {}).get("id"),
        "reference": job.reference,
    }
    body = _encoded(view)
    if len(body) > MAX_MESSAGE_BYTES:
        view.pop("result", None)
        body = _encoded(view)
    return SettledMessage(job.job_id, body, {name: value for name, value in told.items() if value})


def _encoded(view: object) -> str:
    # Escaped, since SNS takes the characters of XML alone, which control characters in a sentence are not.
    return json.dumps(view, separators=(",", ":"))
