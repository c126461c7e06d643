import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import click
import pytest
from click.testing import CliRunner, Result

from divescore.ops.keys.commands import keys
from divescore.stack import deployed
from divescore.stack.errors import NoSystem
from tests.fakes.aws import Aws

Run = Callable[..., Result]


@dataclass
class Vault:
    """A stack's secret, and the command that changes it."""

    aws: Aws

    def secret(self) -> dict[str, str]:
        text = self.aws.secretsmanager.get_secret_value(SecretId=self.aws.secret)["SecretString"]
        found: dict[str, str] = json.loads(text)
        return found

    def store(self, text: str) -> None:
        self.aws.secretsmanager.put_secret_value(SecretId=self.aws.secret, SecretString=text)

    def run(self, *arguments: str, answer: str | None = None) -> Result:
        result = CliRunner().invoke(keys, list(arguments), input=answer)
        for name, value in self.secret().items() if isinstance(self.secret(), dict) else ():
            assert name == "current" or value not in result.output, "it shows a key"
        return result


@pytest.fixture
def vault(aws: Aws, monkeypatch: pytest.MonkeyPatch) -> Vault:
    def find(_stack: str | None) -> Any:
        services = {"secretsmanager": aws.secretsmanager}
        outputs, parameters = {"TokenSecretArn": aws.secret}, {"RetentionDays": "7"}
        return deployed.Stack("dives", outputs, parameters, False, services.__getitem__)

    monkeypatch.setattr(deployed, "find_stack", find)
    vault = Vault(aws)
    vault.store(json.dumps({"current": "k1", "k1": "1" * 64}))
    return vault


def test_rotating_twice_keeps_every_key_that_may_still_be_needed(vault: Vault) -> None:
    first, second = json.loads(vault.run("rotate", "--json").output), json.loads(vault.run("rotate", "--json").output)
    assert [key["current"] for key in first["keys"]] == [False, True]
    assert [key["id"] for key in second["keys"]][:2] == [key["id"] for key in first["keys"]]
    assert second["dropped"] == []
    assert vault.secret()["current"] == second["keys"][-1]["id"]
    listed = vault.run("list")
    assert listed.exit_code == 0
    assert [line.split()[0] for line in listed.output.splitlines()] == [key["id"] for key in second["keys"]]


def test_a_key_retired_for_longer_than_any_token_lives_is_dropped(vault: Vault) -> None:
    ring = {"current": "k2-20200101T000000Z", "k1": "1" * 64, "k2-20200101T000000Z": "2" * 64}
    vault.store(json.dumps(ring))
    document = json.loads(vault.run("rotate", "--drop-only", "--json").output)
    assert document["dropped"] == ["k1"]
    assert vault.secret() == {name: ring[name] for name in ring if name != "k1"}


def test_a_revocation_asks_first_and_leaves_one_key(vault: Vault) -> None:
    before = vault.secret()
    assert vault.run("revoke", answer="n\n").exit_code == 1
    assert vault.secret() == before
    assert vault.run("revoke", "--yes").exit_code == 0
    assert len(vault.secret()) == 2
    assert "k1" not in vault.secret()


def test_what_is_no_key_ring_and_what_is_no_stack_are_told(vault: Vault, monkeypatch: pytest.MonkeyPatch) -> None:
    vault.store("[]")
    result = vault.run("rotate")
    assert result.exit_code == 1
    assert "not a key ring" in result.output
    assert vault.aws.secretsmanager.get_secret_value(SecretId=vault.aws.secret)["SecretString"] == "[]"

    def none(_stack: str | None) -> Any:
        raise NoSystem("There is none.")

    monkeypatch.setattr(deployed, "find_stack", none)
    result = CliRunner().invoke(keys, ["list"])
    assert (result.exit_code, "There is none." in result.output) == (1, True)


def test_each_command_shows_an_example() -> None:
    for command in keys.commands.values():
        assert "Example: divescore keys" in command.get_help(click.Context(command))
