"""The commands around a deployment, as a user has them."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from moto import mock_aws

from divescore.cli import main
from divescore.stack.errors import NoSystem
from tests.unit.stack.deploy.deployed import NAME, Deployed, deployed
from tests.unit.stack.deploy.test_page import build


@pytest.fixture
def stack(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Deployed]:
    for name in ("AWS_ENDPOINT_URL", "YES"):
        monkeypatch.delenv(name, raising=False)
    for name in ("AWS_DEFAULT_REGION", "AWS_REGION"):
        monkeypatch.setenv(name, "us-east-1")
    monkeypatch.chdir(tmp_path)
    (tmp_path / "web" / "dist").mkdir(parents=True)
    build(tmp_path / "web" / "dist")
    monkeypatch.setattr("divescore.stack.deploy.destroying.time.sleep", lambda _: None)
    with mock_aws():
        made = deployed()

        def find(name: str) -> object:
            if name != NAME:
                raise NoSystem(f"The stack {name} cannot be read: Stack with id {name} does not exist")
            return made.stack()

        monkeypatch.setattr("divescore.stack.deployed.find_stack", find)
        yield made


def run(*arguments: str, typed: str | None = None) -> Result:
    return CliRunner().invoke(main, arguments, input=typed)


def test_publish_prints_one_document(stack: Deployed) -> None:
    done = run("publish", "--stack", NAME, "--json")
    assert done.exit_code == 0, done.output
    told = json.loads(done.stdout)
    assert told == {
        "stack": NAME,
        "region": "eu-central-1",
        "page": "https://page.example",
        "files": 3,
        "invalidation": told["invalidation"],
    }


def test_the_stack_is_the_one_that_sam_deployed(stack: Deployed, tmp_path: Path) -> None:
    (tmp_path / "samconfig.toml").write_text(f'[default.deploy.parameters]\nstack_name = "{NAME}"\n')
    done = run("publish")
    assert (done.exit_code, done.stdout) == (0, "page  https://page.example\n")


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--stack", "nobodys"], "does not exist"),
        ([], "Name it with --stack"),
        (["--stack", NAME, "--dist", "elsewhere"], "make web"),
    ],
)
def test_what_stands_in_the_way_is_said_in_a_sentence(stack: Deployed, arguments: list[str], sentence: str) -> None:
    done = run("publish", *arguments)
    assert done.exit_code == 1
    assert sentence in done.stderr
    assert done.stdout == ""


def test_destroy_says_what_goes_and_asks_for_the_name(stack: Deployed) -> None:
    done = run("destroy", "--stack", NAME, "--json", typed=f"{NAME}\n")
    assert done.exit_code == 0, done.output
    assert "every video and score" in done.stderr
    assert json.loads(done.stdout) == {"stack": NAME, "region": "eu-central-1", "objects": 0}
    assert stack.cloudformation.deletions == 1


@pytest.mark.parametrize("typed", ["", "y\n", "Dives\n"])
def test_anything_but_the_name_deletes_nothing(stack: Deployed, typed: str) -> None:
    stack.s3.put_object(Bucket="site", Key="index.html", Body=b"page")
    done = run("destroy", "--stack", NAME, typed=typed)
    assert done.exit_code == 1
    assert stack.cloudformation.deletions == 0
    assert stack.s3.list_objects_v2(Bucket="site")["KeyCount"] == 1


def test_a_script_may_say_yes(stack: Deployed, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("YES", "1")
    assert run("destroy", "--stack", NAME).exit_code == 0
    assert stack.cloudformation.deletions == 1
