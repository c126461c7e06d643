"""Which stack is meant."""

from pathlib import Path

import pytest

from divescore.stack.deploy.errors import NoTarget
from divescore.stack.deploy.samconfig import Target, find_target, main
from divescore.stack.local.checkout import project_root

GUIDED = """
version = 0.1
[default.global.parameters]
stack_name = "divescore"
[default.deploy.parameters]
stack_name = "dives"
region = "eu-central-1"
profile = "work"
"""


def test_what_a_guided_deployment_wrote_is_meant(tmp_path: Path) -> None:
    (tmp_path / "samconfig.toml").write_text(GUIDED)
    found = find_target(tmp_path / "samconfig.toml", None, None)
    assert found == Target("dives", "eu-central-1", "work")
    assert found.environment() == {
        "AWS_DEFAULT_REGION": "eu-central-1",
        "AWS_REGION": "eu-central-1",
        "AWS_PROFILE": "work",
    }


def test_what_the_user_names_goes_first(tmp_path: Path) -> None:
    (tmp_path / "samconfig.toml").write_text(GUIDED)
    found = find_target(tmp_path / "samconfig.toml", "other", "us-east-1")
    assert (found.stack, found.region) == ("other", "us-east-1")


def test_the_checkouts_own_file_names_a_stack_and_leaves_the_region_to_the_environment() -> None:
    found = find_target(project_root() / "samconfig.toml", None, None)
    assert found.stack == "divescore"


def test_without_a_name_it_says_how_to_give_one(tmp_path: Path) -> None:
    with pytest.raises(NoTarget, match="--stack"):
        find_target(tmp_path / "samconfig.toml", None, None)
    assert find_target(tmp_path / "samconfig.toml", "dives", None).environment() == {}


def test_a_file_that_is_no_toml_is_told(tmp_path: Path) -> None:
    (tmp_path / "samconfig.toml").write_text("[")
    with pytest.raises(NoTarget, match="cannot be read"):
        find_target(tmp_path / "samconfig.toml", None, None)


def test_a_shell_finds_the_stack_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "samconfig.toml").write_text(GUIDED)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("sys.argv", ["target"])
    main()
    assert capsys.readouterr().out.splitlines() == [
        "export STACK=dives",
        "export AWS_DEFAULT_REGION=eu-central-1",
        "export AWS_REGION=eu-central-1",
        "export AWS_PROFILE=work",
    ]
