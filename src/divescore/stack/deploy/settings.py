"""What a first deployment asks: name, Region, parameters. Accepting every default has to work."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import click

from divescore.stack.deploy.errors import BadName, Misfit
from divescore.stack.deploy.samconfig import check_name

REGION = "us-east-1"


@dataclass(frozen=True)
class Settings:
    """A deployment's name, its Region, and the parameters that are not the template's defaults."""

    stack: str
    region: str
    parameters: Mapping[str, str]

    def effective(self, template: Mapping[str, Any]) -> dict[str, str]:
        """Every parameter of the template with its value."""
        return {**defaults(template), **self.parameters}

    def with_parameter(self, name: str, value: str) -> "Settings":
        """The same with one parameter set."""
        return replace(self, parameters={**self.parameters, name: value})


def defaults(template: Mapping[str, Any]) -> dict[str, str]:
    """The template's parameters with their defaults."""
    return {name: str(about["Default"]) for name, about in template["Parameters"].items()}


def check_parameters(values: Mapping[str, str], template: Mapping[str, Any]) -> None:
    """Raises Misfit with a line for each value that AWS would refuse: before anything is built."""
    found = [line for name, value in values.items() if (line := _refused(name, value, template["Parameters"]))]
    most, kept = (values.get(name, "") for name in ("WorkerPollers", "WorkerPollersKept"))
    if not found and 0 < int(most) < int(kept):
        found = [
            f"WorkerPollers={most} is less than WorkerPollersKept={kept}, the pollers that stay when nothing is to do. "
            f"Set WorkerPollers to {kept} or more, or to 0 for none."
        ]
    if found:
        raise Misfit("\n".join(found))


def _refused(name: str, value: str, declared: Mapping[str, Any]) -> str | None:
    if name not in declared:
        return f"{name}={value}: the template has no parameter of that name."
    about = declared[name]
    if "AllowedValues" in about and value not in map(str, about["AllowedValues"]):
        return f"{name}={value} is none of {', '.join(map(str, about['AllowedValues']))}."
    if about["Type"] != "Number":
        return None
    if not value.isdecimal():
        return f"{name}={value} is not a whole number."
    least, most = about.get("MinValue", 0), about.get("MaxValue")
    if int(value) < least or (most is not None and int(value) > most):
        return f"{name}={value} is not between {least} and {most}." if most else f"{name}={value} is less than {least}."
    return None


def ask_where(stack: str, region: str | None) -> Settings:
    """Name and Region."""
    while True:
        name = click.prompt("Name of the stack", default=stack)
        try:
            check_name(name)
            break
        except BadName as error:
            click.echo(str(error), err=True)
    return Settings(name, click.prompt("AWS Region", default=region or REGION), {})


def ask_parameters(settings: Settings, template: Mapping[str, Any]) -> Settings:
    """The template's parameters, one by one if that is wanted."""
    proposed = settings.effective(template)
    if not click.confirm(f"Change any of the {len(proposed)} parameters (docs/deploy.md)?", default=False):
        return settings
    chosen = {
        name: click.prompt(f"{name} ({template['Parameters'][name]['Description'].rstrip('.')})", default=value)
        for name, value in proposed.items()
    }
    usual = defaults(template)
    return replace(settings, parameters={name: value for name, value in chosen.items() if value != usual[name]})
