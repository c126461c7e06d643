"""What Lambda hands to a handler: its context, and events in the shapes that AWS sends."""

import base64
import json
from collections.abc import Mapping
from typing import Any, cast
from urllib.parse import quote_plus

from aws_lambda_powertools.utilities.typing import LambdaContext


class _Context:
    """As much of Lambda's context as handlers and Powertools look at."""

    function_name = "function"
    function_version = "$LATEST"
    memory_limit_in_mb = 512
    invoked_function_arn = "arn:aws:lambda:eu-central-1:123456789012:function:function"
    aws_request_id = "c6af9ac6-7b61-11e6-9a41-93e8deadbeef"
    log_group_name = "/aws/lambda/function"
    log_stream_name = "2026/11/23/[$LATEST]"

    def __init__(self, left: float) -> None:
        self.left = left

    def get_remaining_time_in_millis(self) -> int:
        """Milliseconds until the function is stopped."""
        return int(self.left * 1000)


def context(left: float = 100.0) -> LambdaContext:
    """A context with `left` seconds left."""
    return cast(LambdaContext, _Context(left))


def counted(output: str) -> dict[str, Any]:
    """All metrics that a handler printed in CloudWatch's embedded format, by name."""
    lines = [json.loads(line) for line in output.splitlines() if '"_aws"' in line]
    return {name: value for line in lines for name, value in line.items()}


def http_event(
    method: str,
    path: str,
    body: str | Mapping[str, Any] | None = None,
    headers: Mapping[str, str] | None = None,
    address: str = "203.0.113.7",
    base64_encoded: bool = False,
) -> dict[str, Any]:
    """An HTTP API event, payload format 2.0."""
    text = body if isinstance(body, str) or body is None else json.dumps(body)
    if text is not None and base64_encoded:
        text = base64.b64encode(text.encode()).decode()
    sent = {"content-type": "application/json"} if body is not None else {}
    parts = path.strip("/").split("/")
    route = "/".join("{jobId}" if index == 1 and parts[0] == "jobs" else part for index, part in enumerate(parts))
    return {
        "version": "2.0",
        "routeKey": f"{method} /{route}",
        "rawPath": path,
        "rawQueryString": "",
        "headers": {"host": "api.example", **sent, **(headers or {})},
        "requestContext": {
            "accountId": "123456789012",
            "apiId": "r3pmxmplak",
            "domainName": "r3pmxmplak.execute-api.eu-central-1.amazonaws.com",
            "domainPrefix": "r3pmxmplak",
            "http": {
                "method": method,
                "path": path,
                "protocol": "HTTP/1.1",
                "sourceIp": address,
                "userAgent": "a browser",
            },
            "requestId": "JKJaXmPLvHcESHA=",
            "routeKey": f"{method} /{route}",
            "stage": "$default",
            "time": "23/Nov/2026:07:00:00 +0000",
            "timeEpoch": 1_795_417_200_000,
        },
        **({"pathParameters": {"jobId": parts[1]}} if parts[0] == "jobs" and len(parts) > 1 else {}),
        **({"body": text} if text is not None else {}),
        "isBase64Encoded": base64_encoded,
    }


def sqs_event(*bodies: str, queue: str = "queue") -> dict[str, Any]:
    """A batch of an SQS event source; the messages' ids are m0, m1, ..."""
    return {
        "Records": [
            {
                "messageId": f"m{index}",
                "receiptHandle": f"AQEBwJnKyrHigUMZj6rYigCgxlaS3SLy0a-{index}",
                "body": body,
                "attributes": {
                    "ApproximateReceiveCount": "1",
                    "SentTimestamp": "1795417200000",
                    "SenderId": "AIDAIENQZJOLO23YVJ4VO",
                    "ApproximateFirstReceiveTimestamp": "1795417200012",
                },
                "messageAttributes": {},
                "md5OfBody": "e4e68fb7bd0e697a0ae8f1bb342846b3",
                "eventSource": "aws:sqs",
                "eventSourceARN": f"arn:aws:sqs:eu-central-1:123456789012:{queue}",
                "awsRegion": "eu-central-1",
            }
            for index, body in enumerate(bodies)
        ]
    }


def s3_record(key: str, version: str | None = "v1", event_version: str = "2.1", name: str = "Post") -> dict[str, Any]:
    """A record of an S3 notification, its key form-encoded as S3 does it.

    The versions 2.0 to 2.6 differ in what they say of restores, replication, lifecycle, tags and annotations; of a
    creation they say the same.
    """
    entity: dict[str, Any] = {
        "key": quote_plus(key, safe="/"),
        "size": 1024,
        "eTag": "d41d8cd98f00b204e9800998ecf8427e",
        "sequencer": "0055AED6DCD90281E5",
    }
    if version is not None:
        entity["versionId"] = version
    return {
        "eventVersion": event_version,
        "eventSource": "aws:s3",
        "awsRegion": "eu-central-1",
        "eventTime": "2026-11-23T07:00:00.000Z",
        "eventName": f"ObjectCreated:{name}",
        "userIdentity": {"principalId": "AWS:AIDAINPONIXQXHT3IKHL2"},
        "requestParameters": {"sourceIPAddress": "203.0.113.7"},
        "responseElements": {"x-amz-request-id": "C3D13FE58DE4C810", "x-amz-id-2": "FMyUVURIY8/IgAtTv8xRjskZQpcIZ9KG"},
        "s3": {
            "s3SchemaVersion": "1.0",
            "configurationId": "uploads",
            "bucket": {
                "name": "videos",
                "ownerIdentity": {"principalId": "A3NL1KOZZKExample"},
                "arn": "arn:aws:s3:::videos",
            },
            "object": entity,
        },
    }


def s3_body(*records: Mapping[str, Any]) -> str:
    """The notification as it lies in SQS."""
    return json.dumps({"Records": list(records)})


TEST_EVENT = json.dumps(
    {
        "Service": "Amazon S3",
        "Event": "s3:TestEvent",
        "Time": "2026-11-23T06:59:00.000Z",
        "Bucket": "videos",
        "RequestId": "5582815E1AEA5ADF",
        "HostId": "8cLeGAmw098X5cv4Zkwcmo8vvZa3eH3eKxsPzbB9wrR+YstdA6Knx4Ip8EXAMPLE",
    }
)
