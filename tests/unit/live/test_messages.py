import json
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from divescore.jobs.model import Cause
from divescore.live.messages import (
    MAX_MESSAGE_BYTES,
    MAX_PUSH_BYTES,
    ErrorCode,
    MessageError,
    Outgoing,
    Ping,
    Subscribe,
    Unsubscribe,
    error_message,
    job_message,
    parse_client_message,
    pong_message,
    unsubscribed_message,
)
from divescore.tokens.tokens import TokenError
from divescore.views import Status
from tests.unit.live.fakes import make_job

FRAME = 32 * 1024
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


def read(data: bytes) -> Any:
    return json.loads(data)


def test_the_three_messages_are_understood() -> None:
    assert parse_client_message('{"action":"ping"}') == Ping(action="ping")
    assert parse_client_message('{"action":"subscribe","token":"t"}') == Subscribe(action="subscribe", token="t")
    assert parse_client_message('{"action":"unsubscribe","jobId":"j"}') == Unsubscribe(action="unsubscribe", jobId="j")


def test_what_a_newer_client_adds_is_ignored() -> None:
    assert parse_client_message('{"action":"ping","at":12}') == Ping(action="ping")


@pytest.mark.parametrize(
    ("text", "code"),
    [
        (None, ErrorCode.INVALID_MESSAGE),
        ("", ErrorCode.INVALID_MESSAGE),
        ("  \n", ErrorCode.INVALID_MESSAGE),
        ("hello", ErrorCode.INVALID_MESSAGE),
        ("{", ErrorCode.INVALID_MESSAGE),
        ("[]", ErrorCode.INVALID_MESSAGE),
        ("null", ErrorCode.INVALID_MESSAGE),
        ('"ping"', ErrorCode.INVALID_MESSAGE),
        ("[" * 5000, ErrorCode.INVALID_MESSAGE),
        ("9" * 5000, ErrorCode.INVALID_MESSAGE),
        ('\ufeff{"action":"ping"}', ErrorCode.INVALID_MESSAGE),
        ("{}", ErrorCode.UNKNOWN_ACTION),
        ('{"action":"PING"}', ErrorCode.UNKNOWN_ACTION),
        ('{"action":["ping"]}', ErrorCode.UNKNOWN_ACTION),
        ('{"action":{"ping":1}}', ErrorCode.UNKNOWN_ACTION),
        ('{"action":"cancel","jobId":"j"}', ErrorCode.UNKNOWN_ACTION),
        ('{"action":"subscribe"}', ErrorCode.INVALID_MESSAGE),
        ('{"action":"subscribe","token":""}', ErrorCode.INVALID_MESSAGE),
        ('{"action":"subscribe","token":7}', ErrorCode.INVALID_MESSAGE),
        ('{"action":"subscribe","jobId":"j"}', ErrorCode.INVALID_MESSAGE),
        (json.dumps({"action": "subscribe", "token": "x" * 5000}), ErrorCode.INVALID_MESSAGE),
        ('{"action":"unsubscribe"}', ErrorCode.INVALID_MESSAGE),
        ('{"action":"unsubscribe","jobId":""}', ErrorCode.INVALID_MESSAGE),
        ('{"action":"unsubscribe","jobId":"a#b"}', ErrorCode.INVALID_MESSAGE),
        ('{"action":"unsubscribe","jobId":"a\\n"}', ErrorCode.INVALID_MESSAGE),
        ('{"action":"unsubscribe","jobId":"\\ud800"}', ErrorCode.INVALID_MESSAGE),
        (json.dumps({"action": "ping", "pad": "x" * MAX_MESSAGE_BYTES}), ErrorCode.TOO_LARGE),
        ("é" * (MAX_MESSAGE_BYTES // 2 + 1), ErrorCode.TOO_LARGE),
    ],
)
def test_bad_messages_are_told_what_is_wrong(text: str | None, code: ErrorCode) -> None:
    with pytest.raises(MessageError) as caught:
        parse_client_message(text)
    assert caught.value.code is code
    assert caught.value.message.endswith(".")


@given(
    st.text()
    | JSON.map(json.dumps)
    | st.fixed_dictionaries(
        {"action": st.sampled_from(["subscribe", "unsubscribe", "ping"]) | JSON},
        optional={"token": JSON | st.text(max_size=20), "jobId": JSON | st.text(max_size=20)},
    ).map(json.dumps)
)
@example('{"action": "ping", "action": "subscribe"}')
@example('{"action": NaN}')
def test_every_text_is_a_message_or_a_told_error(text: str) -> None:
    told: Outgoing | None = None
    try:
        message = parse_client_message(text)
    except MessageError as error:
        told = error_message(error.code, error.message)
    if told is None:
        assert isinstance(message, Subscribe | Unsubscribe | Ping)
    else:
        assert set(read(told.data)) == {"type", "code", "message"}


def test_answers_have_their_shapes() -> None:
    assert read(pong_message().data) == {"type": "pong"}
    assert read(unsubscribed_message("j").data) == {"type": "unsubscribed", "jobId": "j"}
    told = read(error_message("JOB_NOT_FOUND", "None such.", "j").data)
    assert told == {"type": "error", "code": "JOB_NOT_FOUND", "message": "None such.", "jobId": "j"}


def test_every_code_of_a_token_has_its_place_in_the_contract() -> None:
    kinds: list[type[TokenError]] = [TokenError, *TokenError.__subclasses__()]
    for kind in kinds:
        assert kind.code in set(ErrorCode)


def test_a_job_is_told_as_http_tells_it_and_nothing_else_of_the_record() -> None:
    job = make_job(status=Status.PROCESSING, version=4, attempt=1, owner="w1", stage="decoding", fraction=0.25)
    told = read(job_message(job).data)
    assert told["type"] == "job"
    assert told["job"]["progress"] == {"stage": "decoding", "fraction": 0.25}
    assert set(told["job"]) == {"jobId", "status", "version", "createdAt", "updatedAt", "expiresAt", "progress"}


def scored(result: dict[str, Any]) -> Any:
    message = job_message(make_job(status=Status.SCORED, version=9, result=result))
    assert message.size == len(message.data) < FRAME
    return read(message.data)["job"]


def test_a_result_as_large_as_the_worker_makes_it_goes_whole() -> None:
    result = {"score": 84.15, "strip": {"data": "x" * 16_000}, "segments": [{"start": 0.5}] * 300}
    assert scored(result)["result"] == result


def test_pictures_go_first_when_a_result_is_too_large_then_the_whole_result() -> None:
    assert scored({"score": 1.0, "strip": {"data": "x" * FRAME}})["result"] == {"score": 1.0}
    large = scored({"score": 1.0, "strip": {"data": "x"}, "warnings": ["x" * FRAME]})
    assert "result" not in large
    assert (large["status"], large["version"]) == ("SCORED", 9)


@given(
    st.text(max_size=3000).map(lambda text: text * 30),
    st.dictionaries(st.sampled_from(["strip", "score", "warnings"]), st.text(max_size=3000).map(lambda t: t * 9)),
    st.sampled_from([Status.SCORED, Status.FAILED, Status.REJECTED]),
)
def test_no_job_is_larger_than_a_frame_and_none_loses_its_status(
    sentence: str, result: dict[str, Any], status: Status
) -> None:
    message = job_message(make_job(status=status, error=Cause("CODE", sentence), result=result))
    assert message.size <= MAX_PUSH_BYTES
    assert read(message.data)["job"]["status"] == status


def test_half_a_surrogate_pair_in_a_sentence_is_no_reason_to_say_nothing() -> None:
    message = job_message(make_job(status=Status.FAILED, error=Cause("CODE", "a\ud800b")))
    assert read(message.data)["job"]["error"]["message"] == "a?b"
