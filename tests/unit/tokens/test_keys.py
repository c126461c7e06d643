import json
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Any, Self

import boto3
import jwt
import pytest
from aws_lambda_powertools.utilities.parameters import base
from botocore.config import Config
from botocore.stub import Stubber

from divescore.tokens.keys import KeysUnavailable, key_loader
from divescore.tokens.tokens import Scope, TokenInvalid, Tokens
from tests.fakes.aws import Aws

SECRET = {"current": "k1", "k1": "1" * 40}


@pytest.fixture
def secretsmanager() -> Any:
    return boto3.client(
        "secretsmanager",
        region_name="eu-central-1",
        aws_access_key_id="test",
        aws_secret_access_key="test",
        config=Config(retries={"total_max_attempts": 1}),
    )


def test_the_ring_is_read_once_and_again_when_asked_for_fresh(secretsmanager: Any) -> None:
    with Stubber(secretsmanager) as stub:
        stub.add_response("get_secret_value", {"SecretString": json.dumps(SECRET)}, {"SecretId": "once"})
        load = key_loader("once", secretsmanager)
        assert load(False).current == load(False).current == "k1"
        stub.assert_no_pending_responses()
        stub.add_response("get_secret_value", {"SecretString": json.dumps(SECRET | {"current": "k2", "k2": "2" * 40})})
        assert load(True).current == "k2"
        assert load(False).current == "k2"


def test_a_rotation_is_noticed_within_five_minutes_without_being_asked_for(
    secretsmanager: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = datetime(2026, 11, 23, tzinfo=UTC)

    class Clock(datetime):
        @classmethod
        def now(cls, tz: tzinfo | None = None) -> Self:
            return cls.fromtimestamp(now.timestamp(), tz)

    monkeypatch.setattr(base, "datetime", Clock)
    with Stubber(secretsmanager) as stub:
        stub.add_response("get_secret_value", {"SecretString": json.dumps(SECRET)})
        load = key_loader("rotated", secretsmanager)
        assert load(False).current == "k1"
        stub.add_response("get_secret_value", {"SecretString": json.dumps(SECRET | {"current": "k2", "k2": "2" * 40})})
        now += timedelta(minutes=5)
        assert load(False).current == "k1"
        now += timedelta(seconds=1)
        assert load(False).current == "k2"


def test_a_key_store_that_does_not_answer_is_told_as_such(secretsmanager: Any) -> None:
    with Stubber(secretsmanager) as stub:
        stub.add_client_error("get_secret_value", "ThrottlingException")
        with pytest.raises(KeysUnavailable):
            key_loader("throttled", secretsmanager)(False)


def test_a_key_is_rotated_in_and_later_withdrawn(aws: Aws) -> None:
    """Each `Tokens` stands for a running function with a cache of its own."""

    def started() -> Tokens:
        return Tokens(key_loader(aws.secret, aws.secretsmanager))

    def store(current: str, *names: str) -> None:
        ring = {"current": current} | {name: name * 20 for name in names}
        aws.secretsmanager.put_secret_value(SecretId=aws.secret, SecretString=json.dumps(ring))

    store("k1", "k1")
    running = started()
    old = running.issue("job", [Scope.READ], 4_000_000_000)
    store("k2", "k1", "k2")
    new = started().issue("job", [Scope.READ], 4_000_000_000)
    assert jwt.get_unverified_header(old)["kid"] == "k1"
    assert jwt.get_unverified_header(new)["kid"] == "k2"
    for token in (new, old):
        running.verify(token, Scope.READ)
        started().verify(token, Scope.READ)
    assert jwt.get_unverified_header(running.issue("job", [Scope.READ], 4_000_000_000))["kid"] == "k2"

    store("k2", "k2")
    with pytest.raises(TokenInvalid):
        started().verify(old, Scope.READ)
    started().verify(new, Scope.READ)
    running.verify(old, Scope.READ)  # for as long as its cache lasts
