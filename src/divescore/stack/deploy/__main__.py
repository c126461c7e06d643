"""What `make deploy` runs: `python -m divescore.stack.deploy --sam SAM`."""

import shlex

import click

from divescore.stack.deploy.errors import DeployError
from divescore.stack.errors import NoSystem


@click.command()
@click.option("--sam", required=True, help="SAM's command.")
@click.option("--stack", help="The stack; default: samconfig.toml's.")
@click.option("--sam-flags", envvar="SAM_FLAGS", default="", help="Flags for `sam deploy`; with any, nothing is asked.")
@click.option("--dry-run", is_flag=True, help="Do what needs no account and no Docker.")
@click.option("--region", help="Of a dry run; default: samconfig.toml's, or the environment's.")
def main(sam: str, stack: str | None, sam_flags: str, dry_run: bool, region: str | None) -> None:
    """Build and deploy the checkout in the working directory."""
    from botocore.exceptions import BotoCoreError, ClientError

    from divescore.stack.deploy.deploying import MakeDeploy

    deployment = MakeDeploy(sam, stack, shlex.split(sam_flags))
    try:
        if dry_run:
            deployment.rehearse(region)
        else:
            deployment.deploy()
    except NoSystem as error:
        raise click.ClickException(error.message) from error
    except (BotoCoreError, ClientError) as error:
        raise click.ClickException(f"AWS refused a step: {error}") from error
    except DeployError as error:
        raise click.ClickException(str(error)) from error


if __name__ == "__main__":
    main()
