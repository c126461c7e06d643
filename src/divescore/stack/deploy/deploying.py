"""`make deploy`, step by step: what is checked before, what SAM is told, and what a failure means.

A dry run does everything that needs neither an account nor Docker.
"""

import json
import os
import shlex
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import click

from divescore.stack import cloudformation
from divescore.stack.clients import Clients, clients_on_aws
from divescore.stack.deploy import browser, destroying, images, quotas, refusals, sam, sam_parser
from divescore.stack.deploy.errors import Misfit, NotBuilt, StepFailed
from divescore.stack.deploy.foreseen import Foreseen
from divescore.stack.deploy.page import PAGE
from divescore.stack.deploy.samconfig import SAMCONFIG, check_name, find_target, overrides, save, saved_parameters
from divescore.stack.deploy.settings import (
    REGION,
    Settings,
    ask_parameters,
    ask_where,
    check_parameters,
    defaults,
)
from divescore.stack.deployed import find_stack
from divescore.stack.errors import as_no_system
from divescore.stack.local import translate

OVERRIDES = "--parameter-overrides"
WORKERS = "WorkerConcurrency"
DOCKERFILE = Path("functions/worker/Dockerfile")
NEVER_WORKED = "ROLLBACK_COMPLETE"  # a first deployment that failed: nothing of it is left, and nothing can be added


def run(command: list[str]) -> int:
    """Run a command in the terminal; return its status."""
    return subprocess.run(command, check=False).returncode  # noqa: S603 - SAM and Docker


@dataclass(frozen=True)
class MakeDeploy:
    """What is deployed, from the checkout in the working directory; `flags` are for SAM.

    With flags nothing is asked: they are of machines.
    """

    sam: str
    stack: str | None
    flags: list[str]

    @property
    def samconfig(self) -> Path:
        """Where settings are kept."""
        return Path(SAMCONFIG)

    def template(self) -> Mapping[str, Any]:
        """The template as it is."""
        return translate.read(Path("template.yaml"))

    def step(self, command: list[str]) -> None:
        """Run a command. Raises StepFailed."""
        if run(command) != 0:
            raise StepFailed(f"This failed, and said why above: {shlex.join(command)}")

    def deploy(self) -> None:
        """Check, build, deploy. Raises DeployError, NoSystem and boto3's errors."""
        template = self.template()
        target = find_target(self.samconfig, self.stack, self._flag("--region"))
        check_name(target.stack)
        os.environ.update(target.environment())
        first = target.region is None and not self.flags
        settings = Settings(target.stack, target.region or _region() or REGION, self._parameters())
        if first:
            settings = ask_where(target.stack, _region())
        os.environ.update(AWS_DEFAULT_REGION=settings.region, AWS_REGION=settings.region)
        with as_no_system("AWS does not answer"):
            clients = clients_on_aws()
            self._clear(clients, settings)
            settings = self._fit(clients, settings, template, first)
        if first:
            settings = ask_parameters(settings, template)
        self.check(settings, template)
        self._pin()
        self.step(sam.build(self.sam, image=True))
        if first:
            save(self.samconfig, settings.stack, settings.region, settings.parameters)
        command = sam.deploy(self.sam, settings.stack, settings.region, self.flags, confirmed=first)
        if run(command) != 0:
            self._explain(clients, settings.stack)
            raise StepFailed("The deployment failed.")
        images.mark_running(find_stack(settings.stack))

    def rehearse(self, region: str | None) -> None:
        """Everything of a deployment that needs neither an account nor Docker. Raises DeployError."""
        template = self.template()
        target = find_target(self.samconfig, self.stack, region or self._flag("--region"))
        settings = Settings(check_name(target.stack), target.region or _region() or REGION, self._parameters())
        click.echo("Quotas: not read, that needs an account.", err=True)
        self.check(settings, template)
        click.echo(f"Page: its policies in {settings.region} allow every address that it will be given.", err=True)
        self.step(sam.build(self.sam, image=False))
        command = sam.deploy(self.sam, settings.stack, settings.region, self.flags, confirmed=False)
        click.echo(f"Change set: {self._parsed(command)}", err=True)
        click.echo("Not done in a dry run: the worker's image, and everything on AWS.", err=True)

    def check(self, settings: Settings, template: Mapping[str, Any]) -> None:
        """Raises Misfit for parameters that AWS would refuse or a page that could not work, NotBuilt without a page."""
        check_parameters(settings.effective(template), template)
        built = Path("web/dist") / PAGE
        if not built.is_file():
            raise NotBuilt(f"The page is not built: there is no {built}; `make web` builds it.")
        foreseen = Foreseen(template, settings.region, settings.stack, settings.effective(template))
        if found := browser.problems(foreseen, built.read_text()):
            raise Misfit("\n".join(found))

    def _flag(self, name: str) -> str | None:
        words = [part for word in self.flags for part in (word.split("=", 1) if word.startswith("--") else [word])]
        return words[words.index(name) + 1] if name in words[:-1] else None

    def _parameters(self) -> dict[str, str]:
        """The parameters that the flags set, else those that were kept."""
        if OVERRIDES not in self.flags:
            return saved_parameters(self.samconfig)
        after = self.flags[self.flags.index(OVERRIDES) + 1 :]
        return overrides([word for word in after if "=" in word])

    def _fit(self, clients: Clients, settings: Settings, template: Mapping[str, Any], first: bool) -> Settings:
        """Say what the account will not run; at the first deployment, take as many workers as it will.

        Returns the settings with all that is deployed already.
        """
        found = quotas.read(clients)
        click.echo(quotas.told(found), err=True)
        if first:
            usual = int(defaults(template)[WORKERS])
            fitting = quotas.workers(found, usual)
            if fitting != usual:
                click.echo(f"{WORKERS} {fitting} instead of {usual}: the rest is for the small functions.", err=True)
                click.echo(quotas.ASK_LAMBDA, err=True)
                settings = settings.with_parameter(WORKERS, str(fitting))
        elif cloudformation.status(clients("cloudformation"), settings.stack) is not None:
            [description] = cloudformation.describe(clients("cloudformation"), settings.stack)
            # What is not set anew stays as it is; parameters of an older template go.
            kept = {name: value for name, value in description.parameters.items() if name in template["Parameters"]}
            settings = replace(settings, parameters={**kept, **settings.parameters})
        for line in quotas.misfits(found, settings.effective(template)):
            click.echo(f"Will not fit: {line}", err=True)
        return settings

    def _clear(self, clients: Clients, settings: Settings) -> None:
        """Away with what is left of a first deployment that failed: nothing can be deployed over it."""
        if cloudformation.status(clients("cloudformation"), settings.stack) != NEVER_WORKED:
            return
        left = f"The first deployment of {settings.stack} failed, and its empty shell stands in the way"
        if self.flags:
            raise StepFailed(f"{left}: aws cloudformation delete-stack --stack-name {settings.stack}")
        click.confirm(f"{left}. Delete it?", default=True, abort=True, err=True)
        destroying.destroy(clients("cloudformation"), clients("s3"), settings.stack, _say)

    def _pin(self) -> None:
        """Name the base image by its digest, if the Dockerfile does not yet."""
        text = DOCKERFILE.read_text()
        base = images.unpinned(text)
        if base is None:
            return
        self.step(["docker", "pull", "--quiet", base])
        DOCKERFILE.write_text(images.pinned(text, digest_of(base)))
        click.echo(f"Pinned {base} in {DOCKERFILE}: commit that, so that every build starts from it.", err=True)

    def _explain(self, clients: Clients, stack: str) -> None:
        with as_no_system(f"Why the stack {stack} failed cannot be read"):
            reasons = cloudformation.failures(clients("cloudformation"), stack)
        for line in [*reasons[:3], *refusals.explained(reasons)]:
            click.echo(line, err=True)

    def _parsed(self, command: list[str]) -> str:
        """What SAM makes of a command line. Raises StepFailed for one that it does not take."""
        python = sam.interpreter(self.sam)
        if python is None:
            return f"not parsed, since {self.sam} does not say which Python runs it: {shlex.join(command)}"
        done = subprocess.run(  # noqa: S603
            [python, sam_parser.__file__], input=json.dumps([command[1:]]), capture_output=True, text=True, check=False
        )
        if done.returncode != 0:
            raise StepFailed(f"SAM's own parser failed:\n{done.stderr}")
        [told] = json.loads(done.stdout)
        if "error" in told:
            raise StepFailed(f"SAM does not take {shlex.join(command)}: {told['error']}")
        return f"SAM takes {shlex.join(command)}"


def digest_of(image: str) -> str:
    """The digest under which Docker pulled an image."""
    command = ["docker", "image", "inspect", "--format", "{{index .RepoDigests 0}}", image]
    address = subprocess.run(command, check=True, capture_output=True, text=True).stdout  # noqa: S603
    return address.strip().partition("@")[2]


def _region() -> str | None:
    """The Region that the environment, or the profile in use, names."""
    from botocore.session import Session

    region: str | None = Session().get_config_variable("region")
    return os.environ.get("AWS_REGION") or region


def _say(message: str) -> None:
    click.echo(message, err=True)
