"""The message on the scoring queue, and the queue itself."""

import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError
from pydantic import BaseModel, ConfigDict, ValidationError
from pydantic.alias_generators import to_camel

from divescore.jobs.errors import JobsError
from divescore.jobs.model import Cause, Job

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient


class BadMessage(JobsError):
    """A message on the scoring queue that is none of the service's."""

    code = "BAD_MESSAGE"


class ScoringMessage(BaseModel):
    """Which upload to score. Identifies the work by job and object version, never by SQS's own message id."""

    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True, extra="ignore")

    job_id: str
    object_version: str


def parse_message(body: str) -> ScoringMessage:
    """The message in an SQS body. Raises BadMessage."""
    try:
        return ScoringMessage.model_validate_json(body)
    except ValidationError as error:
        raise BadMessage(f"The body is not a scoring message: {error.error_count()} field(s) are wrong.") from error


@dataclass
class ScoringQueue:
    """Sends work to the scoring queue and knows about how long it is."""

    url: str
    sqs: "SQSClient"
    clock: Callable[[], float] = time.monotonic
    depth_age: float = 1.0  # seconds for which a measured depth is good enough
    _depth: tuple[float, int] | None = None

    def send(self, job: Job) -> None:
        """Queue `job` under its client's group, so that fair queues keep one client from starving the rest."""
        if job.object_version is None:
            raise ValueError(f"job {job.job_id} has no upload to score")
        message = ScoringMessage(job_id=job.job_id, object_version=job.object_version)
        self.sqs.send_message(
            QueueUrl=self.url,
            MessageBody=message.model_dump_json(by_alias=True),
            MessageGroupId=job.client,
        )

    def ahead(self) -> int | None:
        """About how many messages wait, None when the queue does not say.

        At most `depth_age` seconds old, so that a flood does not ask for every upload.
        """
        now = self.clock()
        if self._depth is None or now - self._depth[0] > self.depth_age:
            try:
                answer = self.sqs.get_queue_attributes(
                    QueueUrl=self.url, AttributeNames=["ApproximateNumberOfMessages"]
                )
            except (ClientError, BotoCoreError):
                return None  # an estimate is not worth holding a dive up for
            self._depth = (now, int(answer["Attributes"]["ApproximateNumberOfMessages"]))
        return self._depth[1]


@dataclass(frozen=True)
class DeadLetters:
    """Where work goes that we could not do, with its cause."""

    url: str
    sqs: "SQSClient"

    def send(self, body: str, group: str, cause: Cause, attempts: int) -> None:
        """Put a copy of the message away for an operator; the original is acknowledged by the caller."""
        texts = {"cause": cause.code, "causeMessage": cause.message}
        self.sqs.send_message(
            QueueUrl=self.url,
            MessageBody=body,
            MessageGroupId=group,
            MessageAttributes={
                **{name: {"DataType": "String", "StringValue": text} for name, text in texts.items()},
                "attempts": {"DataType": "Number", "StringValue": json.dumps(attempts)},
            },
        )
