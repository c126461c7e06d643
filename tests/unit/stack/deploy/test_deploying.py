"""`make deploy` from its first question to SAM, and what it does without an account."""

import shutil
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError
from click.testing import CliRunner, Result

from divescore.stack.deploy import deploying, destroying, images, quotas, sam
from divescore.stack.deploy.__main__ import main
from divescore.stack.deploy.samconfig import find_target, saved_parameters
from divescore.stack.local.checkout import project_root
from tests.unit.stack.deploy.test_page import build

VERIFY = "Your account must be verified before you can add new CloudFront resources."
DIGEST = f"sha256:{'0' * 64}"


@dataclass
class Account:
    """An AWS account, Docker and SAM, as `make deploy` meets them."""

    concurrency: int = 1000
    status: str | None = None
    parameters: dict[str, str] = field(default_factory=dict)
    refuses: str | None = None
    ran: list[list[str]] = field(default_factory=list)
    deleted: list[str] = field(default_factory=list)
    marked: list[str] = field(default_factory=list)

    class exceptions:
        ClientError = ClientError

    def client(self, service: str) -> Any:
        return self

    def get_account_settings(self) -> Any:
        limit = self.concurrency
        return {"AccountLimit": {"ConcurrentExecutions": limit, "UnreservedConcurrentExecutions": limit}}

    def get_account(self) -> Any:
        return {"throttleSettings": {"rateLimit": 10_000.0, "burstLimit": 5000}}

    def describe_stacks(self, StackName: str) -> Any:
        if self.status is None:
            raise ClientError({"Error": {"Code": "ValidationError", "Message": "does not exist"}}, "DescribeStacks")
        parameters = [{"ParameterKey": name, "ParameterValue": value} for name, value in self.parameters.items()]
        return {"Stacks": [{"StackName": StackName, "StackStatus": self.status, "Parameters": parameters}]}

    def describe_stack_events(self, StackName: str) -> Any:
        event = {"LogicalResourceId": "Site", "ResourceType": "AWS::CloudFront::Distribution"}
        return {"StackEvents": [{**event, "ResourceStatus": "CREATE_FAILED", "ResourceStatusReason": self.refuses}]}

    def run(self, command: list[str]) -> int:
        self.ran.append(command)
        return int(self.refuses is not None and command[1] == "deploy")


@pytest.fixture
def account(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Account:
    here = Account()
    for name in ("AWS_REGION", "AWS_DEFAULT_REGION", "AWS_PROFILE", "AWS_ENDPOINT_URL", "SAM_FLAGS"):
        monkeypatch.setenv(name, "")
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "nowhere"))
    for name in ("template.yaml", "samconfig.toml", "functions/worker/Dockerfile"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(project_root() / name, tmp_path / name)
    (tmp_path / "web" / "dist").mkdir(parents=True)
    build(tmp_path / "web" / "dist")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(deploying, "clients_on_aws", lambda: here.client)
    monkeypatch.setattr(deploying, "find_stack", lambda name: name)
    monkeypatch.setattr(images, "mark_running", here.marked.append)
    monkeypatch.setattr(destroying, "destroy", lambda _, __, stack, ___: here.deleted.append(stack))
    monkeypatch.setattr(deploying, "digest_of", lambda base: DIGEST)
    monkeypatch.setattr(deploying, "run", here.run)
    return here


def deploy(*arguments: str, typed: str = "\n" * 40) -> Result:
    return CliRunner().invoke(main, ["--sam", "sam", *arguments], input=typed)


def test_accepting_every_default_deploys(account: Account) -> None:
    done = deploy()
    assert done.exit_code == 0, done.output
    assert account.ran[-2:] == [
        ["sam", "build"],
        sam.deploy("sam", "divescore", "us-east-1", [], confirmed=True),
    ]
    assert find_target(Path("samconfig.toml"), None, None).region == "us-east-1"
    assert saved_parameters(Path("samconfig.toml")) == {}
    assert account.marked == ["divescore"]


def test_accepting_every_default_works_in_a_new_account_too(account: Account) -> None:
    account.concurrency = 10
    done = deploy()
    assert done.exit_code == 0, done.output
    assert "WorkerConcurrency 4 instead of 10" in done.output
    assert quotas.ASK_LAMBDA in done.output
    assert "Will not fit" not in done.output
    assert saved_parameters(Path("samconfig.toml")) == {"WorkerConcurrency": "4"}


def test_what_is_answered_is_kept_and_nothing_else_of_the_file_changes(account: Account) -> None:
    before = Path("samconfig.toml").read_text().splitlines()
    names = [line for line in Path("template.yaml").read_text().splitlines() if line.startswith("    Default:")]
    answers = ["Dives", "dives", "eu-west-1", "y", "3", *[""] * (len(names) - 1)]
    done = deploy(typed="\n".join([*answers, ""]))
    assert done.exit_code == 0, done.output
    assert "A stack cannot be called 'Dives' here" in done.output
    found = find_target(Path("samconfig.toml"), None, None)
    assert (found.stack, found.region) == ("dives", "eu-west-1")
    assert saved_parameters(Path("samconfig.toml")) == {"RetentionDays": "3"}
    after = Path("samconfig.toml").read_text().splitlines()
    assert [line for line in before if line not in after] == []
    assert len(after) == len(before) + 3


def test_a_later_deployment_asks_nothing_and_waits_for_sams_question(account: Account) -> None:
    deploy()
    account.ran.clear()
    done = deploy(typed="")
    assert done.exit_code == 0, done.output
    assert "--no-confirm-changeset" not in account.ran[-1]


def test_what_was_deployed_is_measured_against_the_quotas(account: Account) -> None:
    deploy()
    account.concurrency, account.status, account.parameters = 30, "UPDATE_COMPLETE", {"WorkerConcurrency": "40"}
    done = deploy(typed="")
    assert "Will not fit: WorkerConcurrency=40 leaves 0 of 30" in done.output


def test_a_machine_is_asked_nothing(account: Account) -> None:
    account.concurrency = 10
    done = deploy("--sam-flags", "--config-env github --region eu-west-1 --s3-bucket b", typed="")
    assert done.exit_code == 0, done.output
    assert account.ran[-1][-6:] == ["--config-env", "github", "--region", "eu-west-1", "--s3-bucket", "b"]
    assert "Will not fit: WorkerConcurrency=10" in done.output
    assert find_target(Path("samconfig.toml"), None, None).region is None


def test_a_machines_own_parameters_are_measured(account: Account) -> None:
    account.concurrency = 10
    done = deploy(
        "--sam-flags", "--region=eu-west-1 --parameter-overrides WorkerConcurrency=4 LogLevel=DEBUG", typed=""
    )
    assert done.exit_code == 0, done.output
    assert "Will not fit" not in done.output


def test_a_refusal_of_cloudfront_is_explained(account: Account) -> None:
    account.refuses = VERIFY
    done = deploy()
    assert done.exit_code == 1
    assert f"Site (AWS::CloudFront::Distribution): {VERIFY}" in done.output
    assert "Open a case with AWS Support" in done.output
    assert account.marked == []


def test_the_shell_of_a_deployment_that_failed_is_cleared_away_and_a_new_one_begins(account: Account) -> None:
    account.status = "ROLLBACK_COMPLETE"
    done = deploy()
    assert done.exit_code == 0, done.output
    assert account.deleted == ["divescore"]
    account.deleted.clear()
    done = deploy("--sam-flags", "--region eu-west-1", typed="")
    assert "aws cloudformation delete-stack --stack-name divescore" in done.output
    assert account.deleted == []


def test_the_first_build_pins_the_base_image(account: Account) -> None:
    dockerfile = Path("functions/worker/Dockerfile")
    if f"@{DIGEST[:7]}" in dockerfile.read_text():
        pytest.skip("the base image is pinned already")
    done = deploy()
    pinned = dockerfile.read_text()
    assert pinned.count(f"3.13@{DIGEST}") == pinned.count("FROM ") == 3
    assert "commit that" in done.output
    account.ran.clear()
    deploy(typed="")
    assert [command[0] for command in account.ran] == ["sam", "sam"]


@pytest.mark.parametrize("name", ["Divescore", "dive_score", "1dive", "a" * 42])
def test_a_name_that_no_bucket_could_have_is_refused(account: Account, name: str) -> None:
    for more in ([], ["--dry-run"], ["--sam-flags", "--region eu-west-1"]):
        done = deploy("--stack", name, *more, typed="")
        assert done.exit_code == 1
        assert "small letters" in done.output
    assert account.ran == []


def test_a_dry_run_asks_nobody_and_reaches_no_account(account: Account, monkeypatch: pytest.MonkeyPatch) -> None:
    def nobody() -> None:
        raise AssertionError("an account was asked")

    monkeypatch.setattr(deploying, "clients_on_aws", nobody)
    done = deploy("--dry-run", "--region", "ap-southeast-5", typed="")
    assert done.exit_code == 0, done.output
    assert "Quotas: not read" in done.output
    assert "its policies in ap-southeast-5 allow every address" in done.output
    assert "Change set: not parsed" in done.output  # this `sam` is nobody's
    assert account.ran == [["sam", "build", *sam.WITHOUT_IMAGE]]
    assert find_target(Path("samconfig.toml"), None, None).region is None


def test_a_page_that_could_not_work_is_not_deployed(account: Account) -> None:
    text = Path("template.yaml").read_text()
    Path("template.yaml").write_text(
        text.replace("https://${UploadsBucket}.s3.${AWS::Region}.", "https://${UploadsBucket}.s3.")
    )
    for more in ([], ["--dry-run"]):
        done = deploy(*more)
        assert done.exit_code == 1
        assert "The page's policy does not let the page use an upload's form" in done.output
    assert account.ran == []


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ("WorkerPollers=1", "WorkerPollers=1 is less than WorkerPollersKept=2, the pollers that stay"),
        ("WorkerPollers=10 WorkerPollersKept=11", "Set WorkerPollers to 11 or more, or to 0 for none."),
        ("WorkerPollersKept=1", "WorkerPollersKept=1 is not between 2 and 200."),
        ("WorkerTimeout=120", "WorkerTimeout=120 is none of 60, 300, 900."),
        ("JobsPerDay=0", "JobsPerDay=0 is less than 1."),
        ("JobsPerDay=many", "JobsPerDay=many is not a whole number."),
        ("WorkerConcurency=5", "WorkerConcurency=5: the template has no parameter of that name."),
    ],
)
def test_parameters_that_aws_would_refuse_are_told_before_anything_is_built(
    account: Account, words: str, told: str
) -> None:
    for more in ([], ["--dry-run"]):
        done = deploy("--sam-flags", f"--region=eu-west-1 --parameter-overrides {words}", *more, typed="")
        assert done.exit_code == 1, done.output
        assert told in done.output
    assert account.ran == []


@pytest.mark.parametrize("words", ["WorkerPollers=0 WorkerPollersKept=200", "WorkerPollers=11 WorkerPollersKept=11"])
def test_no_pollers_or_as_many_as_are_kept_are_taken(account: Account, words: str) -> None:
    done = deploy("--sam-flags", f"--region=eu-west-1 --parameter-overrides {words}", typed="")
    assert done.exit_code == 0, done.output


def test_pollers_are_measured_against_what_is_deployed(account: Account) -> None:
    account.status, account.parameters = "UPDATE_COMPLETE", {"WorkerPollersKept": "20", "OfAnOlderTemplate": "1"}
    done = deploy("--sam-flags", "--region=eu-west-1 --parameter-overrides WorkerPollers=10", typed="")
    assert "WorkerPollers=10 is less than WorkerPollersKept=20" in done.output


def test_without_a_page_nothing_is_deployed(account: Account) -> None:
    Path("web/dist/index.html").unlink()
    done = deploy("--dry-run")
    assert (done.exit_code, "make web" in done.output) == (1, True)
