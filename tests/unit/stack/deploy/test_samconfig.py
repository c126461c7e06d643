"""Which stack is meant."""

import re
import tomllib
from pathlib import Path

import pytest

from divescore.stack.deploy.errors import BadName, NoTarget
from divescore.stack.deploy.samconfig import Target, check_name, find_target, main, save, saved_parameters
from divescore.stack.local import translate
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


def test_settings_are_kept_in_their_table_and_everything_else_as_it_was(tmp_path: Path) -> None:
    file = tmp_path / "samconfig.toml"
    file.write_text((project_root() / "samconfig.toml").read_text())
    before = file.read_text()
    save(file, "dives", "eu-central-1", {"WorkerConcurrency": "5", "ExtraOrigin": "http://localhost:5173"})
    save(file, "dives", "us-east-1", {"WorkerConcurrency": "5", "ExtraOrigin": "http://localhost:5173"})
    settings = 'stack_name = "dives"\nregion = "us-east-1"\nparameter_overrides = '
    assert settings in file.read_text()
    added = file.read_text().splitlines()
    assert [line for line in added if line not in before.splitlines()] == [
        'stack_name = "dives"',
        'region = "us-east-1"',
        r'parameter_overrides = "WorkerConcurrency=\"5\" ExtraOrigin=\"http://localhost:5173\""',
    ]
    assert find_target(file, None, None) == Target("dives", "us-east-1", None)
    assert saved_parameters(file) == {"WorkerConcurrency": "5", "ExtraOrigin": "http://localhost:5173"}
    github = tomllib.loads(file.read_text())["github"]["deploy"]["parameters"]
    assert github == {"capabilities": "CAPABILITY_IAM", "confirm_changeset": False}


def test_settings_are_kept_where_there_was_no_file(tmp_path: Path) -> None:
    save(tmp_path / "samconfig.toml", "dives", "us-east-1", {})
    assert find_target(tmp_path / "samconfig.toml", None, None) == Target("dives", "us-east-1", None)
    assert saved_parameters(tmp_path / "samconfig.toml") == {}


@pytest.mark.parametrize("name", ["divescore", "dives-2", "d"])
def test_a_name_in_lower_case_will_do(name: str) -> None:
    assert check_name(name) == name
    assert re.fullmatch(pattern_of_the_role(), name)


@pytest.mark.parametrize("name", ["Divescore", "dive_s", "-d", "2d", "", "d" * 42])
def test_any_other_name_is_refused_here_and_by_the_roles_template(name: str) -> None:
    with pytest.raises(BadName, match="small letters"):
        check_name(name)
    assert not re.fullmatch(pattern_of_the_role(), name)


def pattern_of_the_role() -> str:
    template = translate.read(project_root() / ".github" / "aws.yaml")
    return str(template["Parameters"]["Stack"]["AllowedPattern"])
