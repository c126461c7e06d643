"""How AWS, and the engine in its place, are talked to."""

from typing import Any

import pytest

from divescore.stack.clients import clients_of_engine, clients_on_aws
from divescore.stack.local_state import Credentials, Engine

ENGINE = Engine(pid=1, port=4580, created=1.0, rootKeyId="ROOT", rootSecret="secret")


def test_the_engine_is_asked_directly_and_gives_up_soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://proxy.test")
    s3 = clients_of_engine(ENGINE, Credentials("KEY", "secret"), "us-east-1", reads_within=120.0)("s3")
    config: Any = s3.meta.config
    assert (s3.meta.endpoint_url, s3.meta.region_name) == ("http://127.0.0.1:4580", "us-east-1")
    assert (config.proxies, config.s3["addressing_style"], config.signature_version) == ({}, "path", "s3v4")
    assert (config.read_timeout, config.retries["total_max_attempts"]) == (120.0, 2)


def test_aws_is_asked_as_the_environment_says(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "KEY")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-central-1")
    monkeypatch.delenv("AWS_REGION", raising=False)
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    client = clients_on_aws()
    config: Any = client("s3").meta.config
    assert (config.proxies, config.s3["addressing_style"], config.region_name) == (None, "virtual", "eu-central-1")
    assert config.retries["total_max_attempts"] == 5
    assert client("s3") is client("s3")
