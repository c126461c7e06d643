"""`divescore publish` and `divescore destroy`: what `make deploy` and `make destroy` do beside SAM."""

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from divescore.stack.deploy.samconfig import SAMCONFIG

if TYPE_CHECKING:
    from divescore.stack.deployed import Stack

WARNING = """\
This deletes the stack {stack} in {region} for good: its jobs, every video and score, the keys of all tokens, the
logs, the page. Links that were shared end. DynamoDB keeps a last backup of the table for 35 days; nothing else can be
had back.
"""
_STACK = click.option("--stack", metavar="NAME", help=f"The stack on AWS; default: what {SAMCONFIG} names.")
_REGION = click.option("--region", metavar="REGION", help=f"Its Region; default: {SAMCONFIG}'s, or the environment's.")
_JSON = click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")


@click.command()
@_STACK
@_REGION
@click.option(
    "--dist",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path("web/dist"),
    show_default=True,
    help="The built page.",
)
@click.option("--wait", is_flag=True, help="Return when CloudFront shows the new page everywhere.")
@_JSON
def publish(stack: str | None, region: str | None, dist: Path, wait: bool, as_json: bool) -> None:
    """Upload the page to a stack on AWS, with the configuration that it reads, and invalidate CloudFront's copies.

    \b
    divescore publish                        the stack of samconfig.toml
    divescore publish --stack dives --wait   returns when everybody sees the new page
    """
    from divescore.stack.deploy import publishing

    def work(found: "Stack") -> dict[str, Any]:
        done = publishing.publish(found, dist, wait, _say)
        return {"page": done.url, "files": done.files, "invalidation": done.invalidation}

    document = _on_aws(stack, region, work)
    click.echo(json.dumps(document) if as_json else f"page  {document['page']}")


@click.command()
@_STACK
@_REGION
@click.option("--yes", is_flag=True, envvar="YES", help="Do not ask for the stack's name (or YES=1).")
@_JSON
def destroy(stack: str | None, region: str | None, yes: bool, as_json: bool) -> None:
    """Delete a stack on AWS with all its data, after asking for its name.

    \b
    divescore destroy                the stack of samconfig.toml
    YES=1 divescore destroy --json   without asking
    """
    from divescore.stack.deploy import destroying

    def work(found: "Stack") -> dict[str, Any]:
        s3 = found.client("s3")
        click.echo(WARNING.format(stack=found.name, region=s3.meta.region_name), err=True)
        if not yes and click.prompt("Type the stack's name to go on", default="", err=True) != found.name:
            click.echo("That is not its name: nothing was deleted.", err=True)
            raise click.Abort
        return {"objects": destroying.destroy(found.client("cloudformation"), s3, found.name, _say)}

    document = _on_aws(stack, region, work)
    click.echo(json.dumps(document) if as_json else f"The stack {document['stack']} is gone.")


def _on_aws(stack: str | None, region: str | None, work: "Callable[[Stack], dict[str, Any]]") -> dict[str, Any]:
    """The document of a command: the stack that is meant, and what `work` did to it. Errors end it with a sentence."""
    from botocore.exceptions import BotoCoreError, ClientError

    from divescore.stack.deploy.errors import DeployError
    from divescore.stack.deploy.samconfig import find_target
    from divescore.stack.deployed import find_stack
    from divescore.stack.errors import NoSystem

    try:
        target = find_target(Path(SAMCONFIG), stack, region)
        os.environ.update(target.environment())
        found = find_stack(target.stack)
        done = work(found)
    except NoSystem as error:
        raise click.ClickException(error.message) from error
    except DeployError as error:
        raise click.ClickException(str(error)) from error
    except (BotoCoreError, ClientError) as error:
        raise click.ClickException(f"AWS refused a step: {error}") from error
    return {"stack": found.name, "region": found.client("s3").meta.region_name, **done}


def _say(message: str) -> None:
    click.echo(message, err=True)
