"""What the commands print where, and their exit codes."""

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from divescore.cli import main
from divescore.ops.replay.commands import QUEUES
from divescore.ops.replay.dead_letters import QueueName
from divescore.views import Status
from tests.conftest import free_port
from tests.fakes.local_state import record
from tests.unit.ops.replay.conftest import FakeSystem


def call(*words: str) -> Result:
    return CliRunner().invoke(main, ["replay", *words])


def document(*words: str, code: int = 0) -> Any:
    result = call(*words, "--json")
    assert result.exit_code == code, result.output
    return json.loads(result.stdout)


def test_a_list_for_people_and_for_programs(system: FakeSystem) -> None:
    job = system.job()
    system.dead_letter(job)
    assert "INTERNAL" in call("list").stdout
    assert job.job_id in call("list", "--each").stdout.replace("\n", "")
    assert document("list", "--queue", "scoring")["groups"][0]["letters"] == 1
    assert document("list", "--code", "OTHER")["letters"] == []
    assert document("list", "--match", f"jobId == '{job.job_id}'")["letters"] != []
    assert job.job_id in call("show", job.job_id).stdout
    assert document("show", job.job_id)[0]["cause"] == "INTERNAL"


def test_nothing_is_no_failure(system: FakeSystem) -> None:
    assert "There is nothing" in call("list").stdout
    for words in (("run",), ("run", "--yes")):
        result = call(*words)
        assert (result.exit_code, "There is nothing to do." in result.stdout) == (0, True)
        assert document(*words)["ok"]


def test_a_run_is_a_rehearsal_without_yes(system: FakeSystem) -> None:
    system.dead_letter(system.job())
    result = call("run")
    assert (result.exit_code, system.sent()) == (0, [])
    assert "Nothing was changed; add --yes to do it." in result.stdout
    result = call("run", "--yes")
    assert (result.exit_code, len(system.sent())) == (0, 1)
    assert "sent" in result.stdout


def test_a_failure_is_named_and_sets_the_exit_code(system: FakeSystem) -> None:
    system.dead_letter(system.job())
    system.world.sqs.refuses = lambda _entry: True
    result = call("run", "--yes")
    assert (result.exit_code, "InternalError: not now" in result.stdout.replace("\n", " ")) == (1, True)
    assert document("run", "--yes", code=1)["failed"] == 1


def test_the_queues_that_can_be_chosen_are_those_that_there_are() -> None:
    assert tuple(QueueName) == QUEUES


@pytest.mark.parametrize(
    ("code", "sentence"),
    [
        ("AWS.SimpleQueueService.NonExistentQueue", "is not there"),
        ("AccessDenied", "These credentials may not do"),
        ("ExpiredToken", "These credentials may not do"),
        ("ThrottlingException", "was refused: ThrottlingException"),
    ],
)
def test_what_aws_refuses_is_said_in_a_sentence(system: FakeSystem, code: str, sentence: str) -> None:
    system.dead_letter(system.job())
    for words in (("list",), ("run", "--yes")):
        system.world.network.fail("receive_message", code)
        result = call(*words)
        assert result.exit_code == 1
        assert sentence in result.stderr
        assert result.stdout == ""
    system.world.network.fail("receive_message", code)
    assert set(document("list", code=1)["error"]) == {"code", "message"}


@pytest.mark.parametrize(
    "words",
    [
        ("list", "--queue", "other"),
        ("list", "--older-than", "1w"),
        ("list", "--match", "a ="),
        ("run", "--rate", "0"),
        ("run", "--canary", "-1"),
        ("purge", "--yes"),
        ("export",),
        ("show",),
    ],
)
def test_wrong_usage(words: tuple[str, ...]) -> None:
    assert call(*words).exit_code == 2


def test_purging_demands_an_export(system: FakeSystem, tmp_path: Path) -> None:
    system.dead_letter(system.job(Status.SCORED))
    path = str(tmp_path / "letters.jsonl")
    missing = call("purge", "--exported", path, "--yes")
    assert (missing.exit_code, "cannot be read" in missing.stderr, len(system.in_dlq())) == (1, True, 1)
    assert call("export", path).stdout == f"1 dead letter written to {path}.\n"
    assert "add --yes" in call("purge", "--exported", path).stdout
    system.dead_letter(system.job(Status.SCORED))
    result = call("purge", "--exported", path, "--yes")
    assert (result.exit_code, result.stdout, len(system.in_dlq())) == (1, "1 deleted.\n", 1)
    assert "1 kept" in result.stderr
    assert document("export", path, "--settled") == {"file": path, "letters": 1}
    assert document("purge", "--exported", path, "--yes")["deleted"] == 1


def test_without_a_system(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("DIVESCORE_HOME", str(tmp_path))
    result = call("list")
    assert (result.exit_code, "divescore up" in result.stderr) == (1, True)
    assert document("run", code=1)["error"]["code"] == "NO_SYSTEM"


@pytest.mark.enable_socket
def test_nobody_listens(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The local system's record is there, its engine is not."""
    monkeypatch.setenv("DIVESCORE_HOME", str(tmp_path))
    record(tmp_path, port=free_port())
    result = call("list")
    assert (result.exit_code, "does not answer" in result.stderr, result.stdout) == (1, True, "")


def test_without_credentials(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_PROFILE", "AWS_SESSION_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("AWS_REGION", "eu-central-1")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-central-1")
    result = call("list", "--stack", "divescore")
    assert (result.exit_code, "credentials" in result.stderr) == (1, True)
