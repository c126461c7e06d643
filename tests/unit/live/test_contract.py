"""What the system really said on the socket keeps the contract: the server's models, the JSON Schema, the client."""

import json
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from pydantic import TypeAdapter

from divescore.client.messages import ErrorMessage, JobMessage, OtherMessage, parse
from divescore.live.messages import ErrorCode, MessageError, ServerMessage, parse_client_message
from divescore.result import Result
from divescore.views import Status
from tests.contract.recorded import recorded

SCHEMA = json.loads((Path(__file__).resolve().parents[3] / "docs" / "protocol.schema.json").read_text())
LIVE = recorded("live")
SERVER: TypeAdapter[Any] = TypeAdapter(ServerMessage)
ACTIONS = {"subscribe", "unsubscribe", "ping"}


def closed(schema: Any) -> Any:
    """The schema with every object closed, so that a field which nobody described is found."""
    if isinstance(schema, list):
        return [closed(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    body = {name: closed(value) for name, value in schema.items()}
    return body | ({"additionalProperties": False} if "properties" in body else {})


def validator(message: str, *, strict: bool = False) -> Draft202012Validator:
    document = SCHEMA | {"oneOf": [{"$ref": f"#/$defs/{message}"}]}
    return Draft202012Validator(closed(document) if strict else document)


@pytest.mark.parametrize("name", LIVE)
def test_what_was_received_is_what_the_schema_and_the_server_promise(name: str) -> None:
    message = LIVE[name]["received"]
    validator("ServerMessage", strict=True).validate(message)
    known = SERVER.validate_python(message)
    assert SERVER.dump_python(known, mode="json", by_alias=True, exclude_none=True) == message


@pytest.mark.parametrize("name", LIVE)
def test_the_client_understands_what_was_received(name: str) -> None:
    message = LIVE[name]["received"]
    match parse(json.dumps(message)):
        case JobMessage(job):
            assert message["type"] == "job"
            assert job.document() == message["job"]
        case ErrorMessage(code, sentence, job_id):
            assert message == {"type": "error", "code": code, "message": sentence} | (
                {"jobId": job_id} if job_id else {}
            )
        case OtherMessage(kind):
            assert kind == message["type"] in ("pong", "unsubscribed")


@pytest.mark.parametrize("name", [name for name in LIVE if LIVE[name]["sent"] is not None])
def test_what_was_sent_is_a_message_of_the_schema_or_was_refused(name: str) -> None:
    sent, received = LIVE[name]["sent"], LIVE[name]["received"]
    malformed = received.get("code") in ("INVALID_MESSAGE", "UNKNOWN_ACTION")
    assert validator("ClientMessage").is_valid(sent) != malformed
    if malformed or received.get("code") == "TOO_LARGE":
        with pytest.raises(MessageError) as refused:
            parse_client_message(json.dumps(sent))
        assert (refused.value.code, refused.value.message) == (received["code"], received["message"])
    else:
        assert parse_client_message(json.dumps(sent)).action in ACTIONS


def test_every_kind_was_recorded() -> None:
    messages = [exchange["received"] for exchange in LIVE.values()]
    assert {message["job"]["status"] for message in messages if message["type"] == "job"} == set(Status)
    assert {message["code"] for message in messages if message["type"] == "error"} == set(ErrorCode)
    assert {message["type"] for message in messages} == {"job", "error", "pong", "unsubscribed"}
    assert "ahead" in LIVE["queued"]["received"]["job"]
    assert "progress" in LIVE["processing"]["received"]["job"]


def test_the_recorded_result_is_the_scorers() -> None:
    result = LIVE["scored"]["received"]["job"]["result"]
    assert Result.model_validate(result).model_dump(mode="json", by_alias=True, exclude_unset=True) == result
