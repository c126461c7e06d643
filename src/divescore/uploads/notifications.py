"""S3's notifications as they arrive in SQS: at least once, in any order, form-encoded keys, event versions 2.x."""

import json
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote_plus

from divescore.jobs.model import job_of_key


class BadNotification(Exception):
    """The message is not an S3 notification that this system understands."""

    code = "BAD_NOTIFICATION"


@dataclass(frozen=True, slots=True)
class Upload:
    """One stored version of one job's video."""

    job_id: str
    object_version: str


def parse_notification(body: str) -> list[Upload]:
    """The uploads that a message speaks of; empty for S3's test message and for keys that are none of ours.

    Raises BadNotification for anything that S3 would not send, so that it ends in the dead-letter queue.
    """
    try:
        message = json.loads(body)
    except ValueError as error:
        raise BadNotification("The body is not JSON.") from error
    if not isinstance(message, dict):
        raise BadNotification("The body is not an object.")
    if message.get("Event") == "s3:TestEvent":
        return []
    records = message.get("Records")
    if not isinstance(records, list) or not records:
        raise BadNotification("The body has no Records.")
    uploads = [_upload(record) for record in records]
    return [upload for upload in uploads if upload is not None]


def notification_body(bucket: str, key: str, object_version: str) -> str:
    """A message as S3 would send it for this version; `sweep` uses it when S3's own was lost."""
    entity = {"bucket": {"name": bucket}, "object": {"key": key, "versionId": object_version}}
    record = {"eventVersion": "2.1", "eventSource": "aws:s3", "eventName": "ObjectCreated:Post", "s3": entity}
    return json.dumps({"Records": [record]})


def _upload(record: Any) -> Upload | None:
    try:
        major = str(record["eventVersion"]).split(".")[0]
        name, entity = record["eventName"], record["s3"]["object"]
        key = unquote_plus(entity["key"])
    except (KeyError, TypeError) as error:
        raise BadNotification(f"A record lacks what every S3 notification has: {error}.") from error
    if major != "2":
        raise BadNotification(f"Event version {record['eventVersion']} is not one of 2.x.")
    job_id = job_of_key(key)
    if job_id is None or not str(name).removeprefix("s3:").startswith("ObjectCreated:"):
        return None
    version = entity.get("versionId")
    if not version:
        raise BadNotification("The object has no version; the uploads bucket must be versioned.")
    return Upload(job_id, version)
