"""The owner's view of a stack: found, described, or missing with a sentence that says what to do."""

import json
from pathlib import Path
from typing import Any, ClassVar

import boto3
import pytest
from botocore.exceptions import ClientError

from divescore.stack.deployed import find_owner
from divescore.stack.errors import NoSystem

STATE = {
    "engine": {"endpoint": "http://127.0.0.1:1"},
    "credentials": {"accessKeyId": "k", "secretAccessKey": "s"},
    "region": "us-east-1",
    "api": "http://127.0.0.1:1/api",
}
DESCRIPTION = {
    "StackName": "dives",
    "Parameters": [
        {"ParameterKey": "WorkerConcurrency", "ParameterValue": "10"},
        {"ParameterKey": "AlarmTopic", "ParameterValue": ""},
    ],
    "Outputs": [
        {"OutputKey": "ApiUrl", "OutputValue": "https://api"},
        {"OutputKey": "ScoringQueueUrl", "OutputValue": "https://queue"},
    ],
}
UNKNOWN = {"Error": {"Code": "ValidationError", "Message": "Stack with id other does not exist"}}


class Session:
    """boto3's, on an account with the stacks of a test."""

    stacks: ClassVar[dict[str, dict[str, Any]]] = {}

    def __init__(self, *_arguments: str, **_options: str) -> None:
        self.services: list[str] = []

    def client(self, service: str, **_options: Any) -> "Session":
        self.services.append(service)
        return self

    def describe_stacks(self, StackName: str | None = None) -> dict[str, Any]:
        if StackName is None:
            return {"Stacks": list(self.stacks.values())}
        if StackName not in self.stacks:
            raise ClientError(UNKNOWN, "DescribeStacks")  # type: ignore[arg-type]
        return {"Stacks": [self.stacks[StackName]]}


@pytest.fixture
def account(monkeypatch: pytest.MonkeyPatch) -> type[Session]:
    """An account with one stack."""
    monkeypatch.setattr(Session, "stacks", {"dives": DESCRIPTION, "foreign": {"StackName": "foreign"}})
    monkeypatch.setattr(boto3, "Session", Session)
    return Session


@pytest.mark.usefixtures("account")
def test_a_deployed_stack_is_described() -> None:
    owner = find_owner("dives")
    assert (owner.stack, owner.local) == ("dives", False)
    assert owner.number("WorkerConcurrency") == 10
    assert owner.number("AlarmTopic") is None
    assert owner.number("Nothing") is None
    assert owner.output("ScoringQueueUrl") == "https://queue"
    with pytest.raises(NoSystem, match="no output Nowhere"):
        owner.output("Nowhere")
    session = owner.client("sqs")
    assert owner.client("sqs") is session
    assert session.services == ["cloudformation", "sqs"]


@pytest.mark.usefixtures("account")
def test_a_stack_that_is_not_there_or_not_ours_is_said() -> None:
    with pytest.raises(NoSystem, match="The stack other cannot be read: Stack with id other does not exist"):
        find_owner("other")
    with pytest.raises(NoSystem, match="is it a Divescore stack"):
        find_owner("foreign")


@pytest.mark.usefixtures("account")
def test_the_local_stack_is_the_one_with_its_api(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("DIVESCORE_HOME", str(tmp_path))
    (tmp_path / "stack.json").write_text(json.dumps(STATE | {"api": "https://api"}))
    owner = find_owner()
    assert (owner.stack, owner.local) == ("dives", True)
    assert owner.raise_limit("JobsPerDay", 7) == "divescore up --parameter JobsPerDay=7"
    (tmp_path / "stack.json").write_text(json.dumps(STATE))
    with pytest.raises(NoSystem, match="no stack of its own"):
        find_owner()


@pytest.mark.usefixtures("account")
def test_the_command_that_raises_a_limit_is_that_of_the_place() -> None:
    command = find_owner("dives").raise_limit("JobsPerDay", 7)
    assert command == "sam deploy --stack-name dives --parameter-overrides JobsPerDay=7"


def test_no_credentials_are_said(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_PROFILE", "AWS_ENDPOINT_URL"):
        monkeypatch.delenv(name, raising=False)
    for name in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"):
        monkeypatch.setenv(name, str(tmp_path / "none"))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-west-1")
    with pytest.raises(NoSystem, match="no AWS credentials"):
        find_owner("dives")


def test_no_region_is_said(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in ("AWS_DEFAULT_REGION", "AWS_REGION", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    with pytest.raises(NoSystem, match="no AWS Region"):
        find_owner("dives")


def test_a_system_that_does_not_run_here_is_said(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("DIVESCORE_HOME", str(tmp_path))
    with pytest.raises(NoSystem, match="is not running on this machine"):
        find_owner()
    (tmp_path / "stack.json").write_text('{"engine": {"endpoint": "http://127.0.0.1:1"}, "credentials": null}')
    with pytest.raises(NoSystem, match="not ready yet"):
        find_owner()
    (tmp_path / "stack.json").write_text("{")
    with pytest.raises(NoSystem, match="cannot be read"):
        find_owner()


@pytest.mark.enable_socket
def test_a_system_that_has_crashed_is_said(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("DIVESCORE_HOME", str(tmp_path))
    (tmp_path / "stack.json").write_text(json.dumps(STATE))
    with pytest.raises(NoSystem, match="does not answer"):
        find_owner()
