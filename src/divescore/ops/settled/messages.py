"""A message of the topic `DiveSettled` as a queue delivers it, raw or in SNS's envelope. Pure."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError

from divescore.client.models import Job


class NotSettled(Exception):
    """A message that is none of the topic's."""


@dataclass(frozen=True)
class Settled:
    """One settled version of a job, and the attributes by which subscriptions can be filtered."""

    job: Job
    attributes: Mapping[str, str]

    @property
    def key(self) -> tuple[str, int]:
        """What it is known by when it comes twice."""
        return self.job.job_id, self.job.version

    def document(self) -> dict[str, Any]:
        """As it is printed for programs."""
        return {"attributes": dict(self.attributes), "job": self.job.document()}


def parse_settled(message: Mapping[str, Any]) -> Settled:
    """The settled job in a message of ReceiveMessage's answer. Raises NotSettled."""
    try:
        body = json.loads(message["Body"])
        if body.get("Type") == "Notification":
            attributes = {name: str(held["Value"]) for name, held in body.get("MessageAttributes", {}).items()}
            return Settled(Job.model_validate_json(body["Message"]), attributes)
        held = message.get("MessageAttributes", {})
        attributes = {name: str(value.get("StringValue", "")) for name, value in held.items()}
        return Settled(Job.model_validate(body), attributes)
    except (ValueError, KeyError, TypeError, AttributeError, ValidationError) as error:
        raise NotSettled("The message is not about a settled job; is the queue subscribed to DiveSettled?") from error
