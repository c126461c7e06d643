"""A dead letter as it was received: everything that has to survive a replay, and which work it speaks of. Pure."""

import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from divescore.jobs.messages import BadMessage, ScoringMessage, parse_message
from divescore.jobs.model import Job
from divescore.uploads.notifications import BadNotification, parse_notification


class Source(StrEnum):
    """Where a case comes from: a dead-letter queue, or the table alone (a FAILED job that has no letter)."""

    UPLOADS = "uploads"
    SCORING = "scoring"
    STREAM = "stream"
    JOBS = "jobs"


class Unreadable(Exception):
    """The body is none that this system writes."""


@dataclass(frozen=True, slots=True)
class Work:
    """What a letter asks for: one version of one job's upload. The same work may have several letters."""

    job_id: str
    object_version: str


@dataclass(frozen=True)
class Letter:
    """One message of a dead-letter queue, unchanged."""

    source: Source
    message_id: str
    receipt: str | None  # None: there is no message behind it, so nothing to hide, give back or delete
    body: str
    attributes: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)  # as boto3 gives and takes them
    system: Mapping[str, str] = field(default_factory=dict)
    digests: tuple[str | None, str | None] = (None, None)  # MD5 of body and attributes, as the queue computed them

    @property
    def sent_at(self) -> int:
        """When it was sent, ms since the epoch. A message that SQS itself put away keeps its first sending."""
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
        value: str | None = self.attributes.get(name, {}).get("StringValue")
        return value


def received(source: Source, message: Mapping[str, Any]) -> Letter:
    """The letter in one message of ReceiveMessage's answer."""
    return Letter(
        source=source,
        message_id=message["MessageId"],
        receipt=message["ReceiptHandle"],
        body=message["Body"],
        attributes=message.get("MessageAttributes", {}),
        system=message.get("Attributes", {}),
        digests=(message.get("MD5OfBody"), message.get("MD5OfMessageAttributes")),
    )


def for_job(job: Job) -> Letter:
    """What stands for a FAILED job without a letter: the message that would have it scored, sent as its client."""
    body = ScoringMessage(job_id=job.job_id, object_version=job.object_version or "").model_dump_json(by_alias=True)
    system = {"MessageGroupId": job.client, "SentTimestamp": str(job.updated_at)}
    return Letter(Source.JOBS, f"job-{job.job_id}", None, body, {}, system)


def works_of(letter: Letter) -> tuple[Work, ...]:
    """The work that a letter of the uploads or scoring queue speaks of; empty for S3's test message.

    Raises Unreadable.
    """
    try:
        if letter.source is Source.UPLOADS:
            uploads = parse_notification(letter.body)
            return tuple(Work(upload.job_id, upload.object_version) for upload in uploads)
        message = parse_message(letter.body)
        return (Work(message.job_id, message.object_version),)
    except (BadMessage, BadNotification) as error:
        raise Unreadable(str(error)) from error


def document(letter: Letter) -> dict[str, Any]:
    """The whole letter as JSON; binary values in base64. What `export` writes, one per line."""
    return {
        "queue": letter.source,
        "messageId": letter.message_id,
        "body": letter.body,
        "attributes": {name: _plain(attribute) for name, attribute in sorted(letter.attributes.items())},
        "system": dict(sorted(letter.system.items())),
    }


def content(exported: Mapping[str, Any]) -> str:
    """What makes an exported letter that letter: a text that is equal for equal ids, bodies and attributes."""
    return json.dumps([exported[name] for name in ("queue", "messageId", "body", "attributes")], sort_keys=True)


def _plain(attribute: Mapping[str, Any]) -> dict[str, str]:
    plain = {"DataType": attribute["DataType"]}
    if "BinaryValue" in attribute:
        return plain | {"BinaryValue": base64.b64encode(attribute["BinaryValue"]).decode()}
    return plain | {"StringValue": attribute.get("StringValue", "")}
