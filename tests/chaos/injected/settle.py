"""Settle as chaos deploys it: the product's own handler, and a topic that fails as the plan says."""

import importlib
from pathlib import Path
from typing import Any

from botocore.exceptions import ClientError

from divescore import aws
from tests.chaos.injected.faults import Faults

faults = Faults.beside(str(Path(__file__).parents[3] / "app.py"))
made = aws.client


class FailingTopics:
    """SNS that refuses every other message, or takes it and loses the answer, while some are still to fail."""

    def __init__(self, sns: Any) -> None:
        self.sns = sns
        self.failed_last = False

    def publish(self, **message: Any) -> Any:
        """Publish, or fail before or after it."""
        how = None if self.failed_last else faults.take_publish()
        self.failed_last = how is not None
        if how is not None:
            faults.note("publish failed", how=how)
        if how != "refused":
            answer = self.sns.publish(**message)
        if how is not None:
            fault = {"Error": {"Code": "InternalError"}, "ResponseMetadata": {"HTTPStatusCode": 500}}
            raise ClientError(fault, "Publish")  # type: ignore[arg-type]
        return answer


def client(service: str, *arguments: Any, **tuning: Any) -> Any:
    found = made(service, *arguments, **tuning)  # type: ignore[call-overload]  # any service
    return FailingTopics(found) if service == "sns" else found


aws.client = client

handler = importlib.import_module("product").handler
