"""Messages of the socket, read and written."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from divescore.client.messages import ErrorMessage, JobMessage, OtherMessage, parse, subscribe, unsubscribe


def test_requests_are_the_contracts() -> None:
    assert json.loads(subscribe("t")) == {"action": "subscribe", "token": "t"}
    assert json.loads(unsubscribe("a")) == {"action": "unsubscribe", "jobId": "a"}


def test_a_job_message_keeps_every_member() -> None:
    job = {"jobId": "a", "status": "SCORED", "version": 3, "result": {"score": 1.5, "new": [1]}, "later": None}
    message = parse(json.dumps({"type": "job", "job": job}))
    assert isinstance(message, JobMessage)
    assert message.job.document() == job


def test_an_error_may_name_its_job() -> None:
    assert parse('{"type":"error","code":"C","message":"m"}') == ErrorMessage("C", "m")
    assert parse('{"type":"error","code":"C","message":"m","jobId":"a"}') == ErrorMessage("C", "m", "a")


@pytest.mark.parametrize(
    "text", ['{"type":"job","job":{"jobId":"a"}}', '{"type":"job","job":7}', "[1]", "\x00", b"\xff"]
)
def test_nonsense_is_of_no_type(text: str | bytes) -> None:
    assert parse(text) == OtherMessage("")


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(),
        lambda x: (
            st.lists(x) | st.dictionaries(st.sampled_from(["type", "job", "code", "jobId", "version"]) | st.text(), x)
        ),
    )
)
def test_any_json_is_read_without_failing(body: object) -> None:
    parse(json.dumps(body))
