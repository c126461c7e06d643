"""Which system is meant: found, described, or missing with a sentence that says what to do."""

from pathlib import Path
from typing import Any, ClassVar

import boto3
import pytest
from botocore.exceptions import ClientError

from divescore.stack.deployed import api_address, find_stack
from divescore.stack.errors import NoSystem
from tests.fakes.local_state import record

DESCRIPTION = {
    "StackName": "dives",
    "Parameters": [
        {"ParameterKey": "WorkerConcurrency", "ParameterValue": "10"},
        {"ParameterKey": "AlarmTopic", "ParameterValue": ""},
    ],
    "Outputs": [
        {"OutputKey": "ApiUrl", "OutputValue": "https://api/"},
        {"OutputKey": "ScoringQueueUrl", "OutputValue": "https://queue"},
    ],
}
FOREIGN = {"StackName": "foreign", "Outputs": [{"OutputKey": "Other", "OutputValue": "y"}]}
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
    """An account with one stack of ours, and two of other people."""
    monkeypatch.setattr(Session, "stacks", {"dives": DESCRIPTION, "foreign": FOREIGN, "bare": {"StackName": "bare"}})
    monkeypatch.setattr(boto3, "Session", Session)
    return Session


@pytest.fixture
def home(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """The folder of a system on this machine."""
    monkeypatch.setenv("DIVESCORE_HOME", str(tmp_path))
    return tmp_path


@pytest.mark.usefixtures("account")
def test_a_deployed_stack_is_described() -> None:
    stack = find_stack("dives")
    assert (stack.name, stack.local) == ("dives", False)
    assert stack.number("WorkerConcurrency") == 10
    assert stack.number("AlarmTopic") is None
    assert stack.number("Nothing") is None
    assert stack.output("ScoringQueueUrl") == "https://queue"
    with pytest.raises(NoSystem, match="no output Nowhere"):
        stack.output("Nowhere")
    connect: Any = stack.client
    session = connect("sqs")
    assert connect("sqs") is session
    assert session.services == ["cloudformation", "sqs"]


@pytest.mark.usefixtures("account")
def test_a_stack_that_is_not_there_or_not_ours_is_said() -> None:
    with pytest.raises(NoSystem, match="The stack other cannot be read: Stack with id other does not exist"):
        find_stack("other")
    for foreign in ("foreign", "bare"):
        with pytest.raises(NoSystem, match=f"The stack {foreign} has no output ApiUrl; is it a Divescore stack"):
            find_stack(foreign)


@pytest.mark.usefixtures("account")
def test_the_local_stack_is_the_one_with_its_api(home: Path) -> None:
    record(home, api="https://api/")
    stack = find_stack()
    assert (stack.name, stack.local) == ("dives", True)
    assert stack.raise_limit("JobsPerDay", 7) == "divescore up --parameter JobsPerDay=7"
    record(home, api="https://another")
    with pytest.raises(NoSystem, match="no stack of its own"):
        find_stack()


@pytest.mark.usefixtures("account")
def test_the_command_that_raises_a_limit_is_that_of_the_system() -> None:
    command = find_stack("dives").raise_limit("JobsPerDay", 7)
    assert command == "sam deploy --stack-name dives --parameter-overrides JobsPerDay=7"


def test_no_credentials_are_said(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_PROFILE", "AWS_ENDPOINT_URL"):
        monkeypatch.delenv(name, raising=False)
    for name in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"):
        monkeypatch.setenv(name, str(tmp_path / "none"))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-west-1")
    with pytest.raises(NoSystem, match="no AWS credentials"):
        find_stack("dives")


def test_no_region_is_said(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in ("AWS_DEFAULT_REGION", "AWS_REGION", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    with pytest.raises(NoSystem, match="no AWS Region"):
        find_stack("dives")


def test_a_system_that_does_not_run_here_is_said(home: Path) -> None:
    with pytest.raises(NoSystem, match="is not running on this machine"):
        find_stack()
    record(home, ready=False)
    with pytest.raises(NoSystem, match="not ready yet"):
        find_stack()
    (home / "stack.json").write_text("{")
    with pytest.raises(NoSystem, match="cannot be read"):
        find_stack()


@pytest.mark.enable_socket
def test_a_system_that_has_crashed_is_said(home: Path) -> None:
    record(home)
    with pytest.raises(NoSystem, match="does not answer"):
        find_stack()


def test_a_named_address_wins() -> None:
    assert api_address("https://api.test/", "stack") == "https://api.test"


def test_the_local_systems_record_names_the_api(home: Path) -> None:
    record(home, api="http://127.0.0.1:1/x/")
    assert api_address() == "http://127.0.0.1:1/x"


@pytest.mark.parametrize("text", [None, "{", "[]", '{"engine": {}}'])
def test_no_running_system_says_how_to_start_it(home: Path, text: str | None) -> None:
    if text is not None:
        (home / "stack.json").write_text(text)
    with pytest.raises(NoSystem, match="divescore up"):
        api_address()


def test_a_system_that_is_being_deployed_has_no_address_yet(home: Path) -> None:
    record(home, ready=False)
    with pytest.raises(NoSystem, match=r"not ready yet.* divescore up"):
        api_address()


@pytest.mark.usefixtures("account")
def test_a_deployed_stack_is_asked_for_its_address() -> None:
    assert api_address(stack="dives") == "https://api"


@pytest.mark.usefixtures("account")
@pytest.mark.parametrize("name", ["other", "foreign", "bare"])
def test_a_stack_that_cannot_be_used_has_no_address(name: str) -> None:
    with pytest.raises(NoSystem, match=name):
        api_address(stack=name)
