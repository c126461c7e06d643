"""`divescore export`: against a stack on moto."""

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from divescore.jobs.items import to_item
from divescore.jobs.marks import Marks, MarksTable
from divescore.ops.export.commands import export
from divescore.stack.deployed import Stack
from divescore.views import Status
from tests.fakes.aws import Aws
from tests.fakes.jobs import job_in
from tests.fakes.world import VIDEO


@pytest.fixture
def stack(aws: Aws, monkeypatch: pytest.MonkeyPatch) -> Stack:
    """A stack with one marked dive that still has its time."""
    job = job_in(Status.SCORED, dive="107B", expires_at=4_000_000_000_000)
    version = aws.s3.put_object(Bucket=aws.bucket, Key=job.key, Body=VIDEO)["VersionId"]
    job = job_in(Status.SCORED, dive="107B", expires_at=4_000_000_000_000, object_version=version)
    aws.dynamodb.put_item(TableName=aws.table, Item=to_item(job))
    MarksTable(aws.table, aws.dynamodb).put(job, Marks(score=84.15))
    outputs = {"JobsTable": aws.table, "UploadsBucket": aws.bucket}
    found = Stack("dives", outputs, {}, False, lambda service: getattr(aws, service))
    monkeypatch.setattr("divescore.stack.deployed.find_stack", lambda _name: found)
    return found


def invoke(*arguments: str) -> Any:
    return CliRunner().invoke(export, [*arguments])


@pytest.mark.usefixtures("stack")
def test_a_dive_is_copied_with_its_line(tmp_path: Path) -> None:
    done = invoke("--since", "2026-01-01", "--out", str(tmp_path / "dives"), "--stack", "dives", "--json")
    assert done.exit_code == 0, done.output
    told = json.loads(done.stdout)
    assert told["table"] == str(tmp_path / "dives" / "marks.csv")
    assert (told["copied"], told["erased"]) == (1, 0)
    [film] = tmp_path.glob("dives/*.avi")
    assert film.read_bytes() == VIDEO
    again = invoke("--since", "2026-01-01", "--out", str(tmp_path / "dives"))
    assert "0 films copied, 1 there already, 0 skipped" in again.stdout


@pytest.mark.usefixtures("stack")
def test_a_foreign_table_is_told(tmp_path: Path) -> None:
    (tmp_path / "marks.csv").write_text("a,b\n")
    done = invoke("--since", "2026-01-01", "--out", str(tmp_path))
    assert done.exit_code == 1
    assert "no table of an export" in done.stderr


def test_a_moment_is_needed_and_read(tmp_path: Path) -> None:
    assert invoke("--out", str(tmp_path)).exit_code == 2
    assert invoke("--since", "yesterday", "--out", str(tmp_path)).exit_code == 2


def test_no_system_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DIVESCORE_HOME", str(tmp_path / "home"))
    done = invoke("--since", "2026-01-01", "--out", str(tmp_path / "dives"))
    assert done.exit_code == 1
    assert "divescore up" in done.stderr


def test_help_has_an_example() -> None:
    assert "divescore export --since" in invoke("--help").output
