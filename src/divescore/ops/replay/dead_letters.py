"""A dead letter as it was received: everything that has to survive a redrive, and which uploads it is about. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

from divescore.jobs.messages import BadMessage, ScoringMessage, parse_message
from divescore.jobs.model import Job
from divescore.uploads.notifications import BadNotification, Upload, parse_notification

if TYPE_CHECKING:
    from mypy_boto3_sqs.literals import MessageSystemAttributeNameType
    from mypy_boto3_sqs.type_defs import MessageAttributeValueOutputTypeDef, MessageTypeDef


class QueueName(StrEnum):
    """A dead-letter queue, named for what it stands behind; or `jobs`, for FAILED jobs that have no dead letter."""

    UPLOADS = "uploads"
    SCORING = "scoring"
    STREAM = "stream"
    SETTLED = "settled"
    JOBS = "jobs"


# Their dead letters are Lambda's accounts of batches of the table's stream: positions, no records.
OF_THE_STREAM = frozenset({QueueName.STREAM, QueueName.SETTLED})


class UnreadableLetter(Exception):
    """The body is none that this system writes."""


@dataclass(frozen=True, slots=True)
class Receipt:
    """What SQS gave us for receiving a message: its handle changes the message's visibility, or deletes it."""

    queue: QueueName
    message_id: str
    handle: str


@dataclass(frozen=True)
class DeadLetter:
    """One message of a dead-letter queue, unchanged."""

    queue: QueueName
    message_id: str
    handle: str | None  # of its receipt; None: there is no message behind it, so nothing to release or delete
    body: str
    attributes: "Mapping[str, MessageAttributeValueOutputTypeDef]" = field(default_factory=dict)
    system: "Mapping[MessageSystemAttributeNameType, str]" = field(default_factory=dict)
    digests: tuple[str | None, str | None] = (None, None)  # MD5 of body and attributes, as the queue computed them

    @property
    def receipt(self) -> Receipt | None:
        """By which it is released or deleted; None when there is no message."""
        return None if self.handle is None else Receipt(self.queue, self.message_id, self.handle)

    @property
    def sent_at(self) -> int:
        """When it was sent, ms since the epoch. A message that SQS itself moved here keeps its first sending."""
        return int(self.system.get("SentTimestamp", 0))

    @property
    def group(self) -> str | None:
        """Whose turn it takes in a fair queue."""
        return self.system.get("MessageGroupId")

    @property
    def trace(self) -> str | None:
        """The X-Ray header that ties it to its upload."""
        return self.system.get("AWSTraceHeader")

    @property
    def size(self) -> int:
        """Bytes that count against the limit of a batch."""
        size = len(self.body.encode())
        for name, attribute in self.attributes.items():
            size += len(name.encode()) + len(attribute["DataType"].encode())
            size += len(attribute.get("BinaryValue", b"")) + len(attribute.get("StringValue", "").encode())
        return size

    def text(self, name: str) -> str | None:
        """The value of a String or Number attribute; None when there is none of that name."""
        return self.attributes[name].get("StringValue") if name in self.attributes else None


def received(queue: QueueName, message: "MessageTypeDef") -> DeadLetter:
    """The dead letter in one message of ReceiveMessage's answer."""
    return DeadLetter(
        queue=queue,
        message_id=message["MessageId"],
        handle=message["ReceiptHandle"],
        body=message["Body"],
        attributes=message.get("MessageAttributes", {}),
        system=message.get("Attributes", {}),
        digests=(message.get("MD5OfBody"), message.get("MD5OfMessageAttributes")),
    )


def stand_in(job: Job) -> DeadLetter:
    """For a FAILED job without a dead letter: the message that would have it scored, sent as its client."""
    body = ScoringMessage(job_id=job.job_id, object_version=job.object_version or "").model_dump_json(by_alias=True)
    return DeadLetter(
        QueueName.JOBS,
        f"job-{job.job_id}",
        None,
        body,
        system={"MessageGroupId": job.client, "SentTimestamp": str(job.updated_at)},
    )


def uploads_of(letter: DeadLetter) -> tuple[Upload, ...]:
    """The uploads that a dead letter of the uploads or scoring queue is about; empty for S3's test message.

    Raises UnreadableLetter.
    """
    try:
        if letter.queue is QueueName.UPLOADS:
            return tuple(parse_notification(letter.body))
        message = parse_message(letter.body)
        return (Upload(message.job_id, message.object_version),)
    except (BadMessage, BadNotification) as error:
        raise UnreadableLetter(str(error)) from error
