"""What a first deployment asks: name, Region, parameters. Accepting every default has to work."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import click

from divescore.stack.deploy.errors import BadName
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
