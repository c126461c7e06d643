"""Which SAM will do, and what it is told."""

import sys
from pathlib import Path

import pytest

from divescore.stack.deploy import sam
from divescore.stack.deploy.errors import SamTooOld


@pytest.mark.parametrize("said", ["SAM CLI, version 1.158.0", "SAM CLI, version 1.170.0\n", "SAM CLI, version 2.0.0"])
def test_one_that_knows_the_template_will_do(said: str) -> None:
    sam.check_version(said)


@pytest.mark.parametrize("said", ["SAM CLI, version 1.157.1", "SAM CLI, version 1.99.0", ""])
def test_an_older_one_is_refused_with_a_way_out(said: str) -> None:
    with pytest.raises(SamTooOld, match=r"1\.158\.0.*SAM=build/sam/bin/sam"):
        sam.check_version(said)


def test_flags_of_machines_go_last_and_are_not_said_twice() -> None:
    flags = ["--config-env", "github", "--region", "eu-west-1"]
    line = sam.deploy("sam", "dives", "us-east-1", flags, confirmed=True)
    assert line.count("--region") == 1
    assert line[-4:] != flags or "--no-confirm-changeset" in line[: -len(flags)]
    assert line[-len(flags) :] == flags


def test_whoever_wants_to_be_asked_is() -> None:
    assert "--no-confirm-changeset" not in sam.deploy("sam", "dives", None, ["--confirm-changeset"], confirmed=True)


def test_the_python_of_a_script_is_the_one_that_it_names(tmp_path: Path) -> None:
    script = tmp_path / "sam"
    script.write_text(f"#!{sys.executable}\nimport samcli\n")
    assert sam.interpreter(str(script)) == Path(sys.executable)
    script.write_text("#!/bin/sh\nexec something\n")
    assert sam.interpreter(str(script)) is None
    assert sam.interpreter(str(tmp_path / "nowhere")) is None


def test_the_makefile_refuses_by_a_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    old = tmp_path / "sam"
    old.write_text("#!/bin/sh\necho 'SAM CLI, version 1.120.0'\n")
    old.chmod(0o755)
    monkeypatch.setattr("sys.argv", ["sam", str(old)])
    with pytest.raises(SystemExit) as refused:
        sam.main()
    assert "1.120.0 does not know AWS::Serverless::WebSocketApi" in str(refused.value)
