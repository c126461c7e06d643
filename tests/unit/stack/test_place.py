"""Where the system is."""

import json
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import NoCredentialsError

from divescore.stack.errors import NoSystem
from divescore.stack.place import api_address, local


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("DIVESCORE_HOME", str(tmp_path))
    return tmp_path


def test_a_named_address_wins() -> None:
    assert api_address("https://api.test/", "stack") == "https://api.test"


def test_the_local_systems_record_names_the_api(home: Path) -> None:
    (home / "stack.json").write_text(json.dumps({"api": "http://127.0.0.1:1/x/", "web": "w", "engine": {"pid": 1}}))
    assert api_address() == "http://127.0.0.1:1/x"
    assert local() == {"api": "http://127.0.0.1:1/x/", "web": "w"}


@pytest.mark.parametrize("record", [None, "{", "[]", '{"engine": {}}'])
def test_no_running_system_says_how_to_start_it(home: Path, record: str | None) -> None:
    if record is not None:
        (home / "stack.json").write_text(record)
    with pytest.raises(NoSystem, match="divescore up"):
        api_address()


class CloudFormation:
    def __init__(self, outputs: dict[str, str] | None) -> None:
        self.outputs = outputs

    def describe_stacks(self, StackName: str) -> dict[str, Any]:
        if self.outputs is None:
            raise NoCredentialsError
        pairs = [{"OutputKey": key, "OutputValue": value} for key, value in self.outputs.items()]
        return {"Stacks": [{"Outputs": pairs}]}


def deploy(monkeypatch: pytest.MonkeyPatch, outputs: dict[str, str] | None) -> None:
    monkeypatch.setattr("boto3.client", lambda service: CloudFormation(outputs))


def test_a_deployed_stack_is_asked_for_its_output(monkeypatch: pytest.MonkeyPatch) -> None:
    deploy(monkeypatch, {"ApiUrl": "https://x.execute-api.test/", "Other": "y"})
    assert api_address(stack="dives") == "https://x.execute-api.test"


@pytest.mark.parametrize("outputs", [None, {}, {"Other": "y"}])
def test_a_stack_that_cannot_be_used_is_told(monkeypatch: pytest.MonkeyPatch, outputs: dict[str, str] | None) -> None:
    deploy(monkeypatch, outputs)
    with pytest.raises(NoSystem, match="dives"):
        api_address(stack="dives")
