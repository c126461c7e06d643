"""Every command line that the project gives to SAM, read by SAM itself; and SAM's questions, answered with Enter."""

import json
import os
import re
import shlex
import shutil
import subprocess
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml

from divescore.stack.deploy import sam, sam_parser
from divescore.stack.deploy.samconfig import save
from divescore.stack.deployed import Stack

ROOT = Path(__file__).resolve().parents[2]
PYTHON = sam.interpreter(os.environ.get("SAM", str(ROOT / sam.OURS)))
DRIVER = Path(__file__).with_name("drive_sam.py")
VALUES = {
    "AWS_REGION": "eu-central-1",
    "STACK": "divescore",
    "ARTIFACTS": "divescore-github-artifacts-1",
    "IMAGES": "123456789012.dkr.ecr.eu-central-1.amazonaws.com/divescore-github-images-1",
    "CLOUDFORMATION_ROLE": "arn:aws:iam::123456789012:role/divescore-github-CloudFormationRole-1",
}
pytestmark = pytest.mark.skipif(PYTHON is None, reason="SAM is not installed: make sam-check installs it")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """What SAM reads of a checkout, and credentials of nobody."""
    for name in ("template.yaml", "samconfig.toml"):
        shutil.copy(ROOT / name, tmp_path)
    return tmp_path


def under_sam(folder: Path, *arguments: str, typed: str | None = None) -> Any:
    variables = {
        "PATH": os.environ["PATH"],
        "HOME": str(folder),
        "SAM_CLI_TELEMETRY": "0",
        "AWS_ACCESS_KEY_ID": "AKIDEXAMPLE",
        "AWS_SECRET_ACCESS_KEY": "example",
        "AWS_DEFAULT_REGION": "us-east-1",
    }
    done = subprocess.run(
        [str(PYTHON), *arguments], cwd=folder, env=variables, input=typed, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout[done.stdout.index("[" if typed else "{") :])


def parsed(folder: Path, *lines: list[str]) -> list[Any]:
    found: list[Any] = under_sam(folder, sam_parser.__file__, typed=json.dumps([line[1:] for line in lines]))
    return found


@cache
def of_make(*arguments: str) -> list[list[str]]:
    """What the Makefile would run of SAM, for a target."""
    command = ["make", "--dry-run", "--always-make", "SAM=sam", *arguments]
    printed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    lines = re.findall(r"^(?:\w+=\S* )*(sam .*)$", printed, re.MULTILINE)
    return [line.split() for line in lines]


@pytest.mark.parametrize("name", ["deploy", "destroy", "test"])
def test_what_a_workflow_gives_to_make_is_a_target_and_what_make_gives_to_sam_is_known(folder: Path, name: str) -> None:
    workflow = yaml.safe_load((ROOT / f".github/workflows/{name}.yml").read_text())
    steps = [step.get("run", "") for job in workflow["jobs"].values() for step in job["steps"]]
    values = {**VALUES, "PATH": os.environ["PATH"]}
    for step in steps:
        if not step.startswith("make "):
            continue
        words = shlex.split(re.sub(r"\$(\w+)", lambda found: values[found[1]], step))
        lines = of_make(*(word for word in words[1:] if not word.startswith("SAM=")))
        assert [told.get("error") for told in parsed(folder, *lines)] == [None] * len(lines)


def test_the_workflow_that_destroys_asks_for_the_name_and_names_the_stack() -> None:
    workflow = yaml.safe_load((ROOT / ".github/workflows/destroy.yml").read_text())
    job = workflow["jobs"]["destroy"]
    assert job["environment"] == "production"
    first, *_, last = job["steps"]

    def typed(name: str) -> tuple[int, str]:
        variables = {"TYPED": name, "STACK": "divescore"}
        done = subprocess.run(["bash", "-c", first["run"]], env=variables, capture_output=True, text=True, check=False)
        return done.returncode, done.stderr

    assert typed("dives") == (1, "That is not its name; nothing was deleted.\n")
    assert typed("divescore") == (0, "")
    assert last["run"] == 'make destroy STACK="$STACK" YES=1'
    printed = subprocess.run(
        ["make", "--dry-run", "destroy", "STACK=divescore"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout
    assert "divescore destroy --stack divescore" in printed


def flags_of_workflow() -> list[str]:
    workflow = yaml.safe_load((ROOT / ".github/workflows/deploy.yml").read_text())
    [line] = [step["run"] for step in workflow["jobs"]["deploy"]["steps"] if "make deploy" in step.get("run", "")]
    [flags] = re.findall(r'SAM_FLAGS="([^"]+)"', line)
    return re.sub(r"\$(\w+)", lambda found: VALUES[found[1]], flags).split()


def of_docs() -> list[list[str]]:
    """Command lines of SAM that the documents and our own messages name."""
    texts = [path.read_text() for path in [*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md")]]
    found = {" ".join(line.split()) for text in texts for line in re.findall(r"`(sam [a-z][^`]+)`", text)}
    nobody: Any = None
    limit = Stack("divescore", {}, {}, False, nobody).raise_limit("JobsPerDay", 100)
    return [line.replace("NAME", "divescore").split() for line in sorted(found | {limit})]


def test_the_makefile_gives_sam_what_it_knows(folder: Path) -> None:
    lines = of_make("sam-check")
    assert [line[1] for line in lines] == ["validate", "build"]
    assert lines[1] == sam.build("sam", image=False)
    assert [told.get("error") for told in parsed(folder, *lines)] == [None, None]


def test_what_a_deployment_runs_is_what_sam_knows(folder: Path) -> None:
    lines = [
        sam.build("sam", image=True),
        sam.build("sam", image=False),
        sam.deploy("sam", "divescore", "eu-central-1", [], confirmed=True),
        sam.deploy("sam", "divescore", None, [], confirmed=False),
    ]
    told = parsed(folder, *lines)
    assert [line.get("error") for line in told] == [None] * len(lines)
    assert told[2]["options"]["confirm_changeset"] is False
    assert told[3]["options"]["confirm_changeset"] is True
    for line in told[2:]:
        assert (line["options"]["resolve_s3"], line["options"]["resolve_image_repos"]) == (True, True)
        assert line["options"]["guided"] is False


def test_the_workflow_deploys_with_its_own_bucket_and_repository(folder: Path) -> None:
    [told] = parsed(folder, sam.deploy("sam", "divescore", "eu-central-1", flags_of_workflow(), confirmed=False))
    options = told["options"]
    assert (options["s3_bucket"], options["image_repository"]) == (VALUES["ARTIFACTS"], VALUES["IMAGES"])
    # SAM refuses a bucket beside `resolve_s3`, and would make repositories of its own with `resolve_image_repos`.
    assert (options["resolve_s3"], options["resolve_image_repos"]) == (False, False)
    assert (options["confirm_changeset"], options["role_arn"]) == (False, VALUES["CLOUDFORMATION_ROLE"])
    assert options["capabilities"] == ["CAPABILITY_IAM"] or options["capabilities"] == ("CAPABILITY_IAM",)


@pytest.mark.parametrize("line", of_docs(), ids=" ".join)
def test_what_the_documents_tell_to_type_is_what_sam_knows(folder: Path, line: list[str]) -> None:
    shutil.copytree(ROOT / "events", folder / "events")
    [told] = parsed(folder, line)
    assert "error" not in told, told


GENERATE = """
import json, sys
from click.testing import CliRunner
from samcli.cli.main import cli
lines = [name.split("-", 1) for name in sys.argv[1:]]
made = [CliRunner().invoke(cli, ["local", "generate-event", *line]) for line in lines]
assert not any(done.exit_code for done in made), [done.output for done in made]
print(json.dumps({"-".join(line): json.loads(done.output) for line, done in zip(lines, made)}))
"""


def test_the_sample_events_are_those_that_sam_generates(folder: Path) -> None:
    """What `tests/unit/functions/test_events.py` feeds to every handler."""
    samples = {path.stem: json.loads(path.read_text()) for path in (ROOT / "tests/contract/sam").glob("*.json")}
    assert len(samples) == 7
    assert under_sam(folder, "-c", GENERATE, *samples) == samples


def test_an_option_that_does_not_exist_is_found(folder: Path) -> None:
    [told] = parsed(folder, ["sam", "deploy", "--no-resolve-image-repos"])
    assert "No such option" in told["error"]


def test_whoever_accepts_every_default_deploys(folder: Path) -> None:
    save(folder / "samconfig.toml", "dives", "us-east-1", {"WorkerConcurrency": "5"})
    line = sam.deploy("sam", "dives", "us-east-1", [], confirmed=True)
    told = under_sam(folder, str(DRIVER), *line[1:])
    assert told["failure"] is None, told
    [deployed] = told["deployed"]
    assert (deployed["stack"], deployed["executed"]) == ("dives", True)
    values = {item["ParameterKey"]: item.get("ParameterValue") for item in deployed["parameters"]}
    assert values["WorkerConcurrency"] == "5"


def test_sams_own_questions_take_no_for_an_answer(folder: Path) -> None:
    """Why `make deploy` asks itself; when this fails, SAM has changed its mind, and may ask again."""
    told = under_sam(folder, str(DRIVER), "deploy", "--guided")
    assert "Security Constraints Not Satisfied" in told["said"] + told["failure"]
    assert told["deployed"] == []


def test_a_later_change_set_waits_for_a_yes(folder: Path) -> None:
    told = under_sam(folder, str(DRIVER), *sam.deploy("sam", "dives", "us-east-1", [], confirmed=False)[1:])
    [deployed] = told["deployed"]
    assert "executed" not in deployed
