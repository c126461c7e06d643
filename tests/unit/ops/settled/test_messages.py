"""Messages in both forms in which a queue gets them."""

import json

import pytest

from divescore.live.settled import SettledMessage, settled_message
from divescore.ops.settled.messages import NotSettled, parse_settled
from divescore.views import Status
from tests.fakes.jobs import job_in

RAW = settled_message(job_in(Status.SCORED, version=6, reference="order 7"))


def enveloped(message: SettledMessage) -> dict[str, object]:
    """As SNS wraps it for a queue without raw delivery."""
    attributes = {name: {"Type": "String", "Value": value} for name, value in message.attributes.items()}
    return {"Body": json.dumps({"Type": "Notification", "Message": message.body, "MessageAttributes": attributes})}


def raw(message: SettledMessage) -> dict[str, object]:
    attributes = {name: {"DataType": "String", "StringValue": value} for name, value in message.attributes.items()}
    return {"Body": message.body, "MessageAttributes": attributes}


@pytest.mark.parametrize("form", [raw, enveloped])
def test_a_message_in_either_form(form: object) -> None:
    assert callable(form)
    settled = parse_settled(form(RAW))
    assert settled.key == (job_in(Status.SCORED).job_id, 6)
    assert settled.attributes == {"status": "SCORED", "reference": "order 7"}
    assert settled.document() == {"attributes": dict(settled.attributes), "job": json.loads(RAW.body)}


@pytest.mark.parametrize(
    "body", ["", "no JSON", "[]", "7", "{}", '{"Type": "Notification", "Message": "x"}', '{"Type": "Notification"}']
)
def test_what_is_none_of_the_topics_is_told(body: str) -> None:
    with pytest.raises(NotSettled, match="DiveSettled"):
        parse_settled({"Body": body})
