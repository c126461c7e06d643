"""Runs `sam deploy` with nobody behind it but Enter; runs under SAM's Python, from the folder of samconfig.toml.

`PYTHON drive_sam.py WORDS…`: everything that would reach AWS or Docker is replaced; what SAM asks is asked, and each
question is answered with an empty line. Prints a JSON document: what SAM wrote, and whether it went on to deploy.
"""

import json
import shutil
import sys
from typing import Any


def main() -> None:
    """Drive one command line."""
    from click.testing import CliRunner
    from samcli.cli.main import cli
    from samcli.commands.deploy import command, guided_context
    from samcli.commands.package.package_context import PackageContext
    from samcli.lib.deploy.deployer import Deployer

    deployed: list[dict[str, Any]] = []

    def package(self: Any) -> None:
        shutil.copy(self.template_file, self.output_template_file)

    def change_set(self: Any, **arguments: Any) -> tuple[dict[str, str], str]:
        deployed.append({"parameters": arguments["parameter_values"], "stack": arguments["stack_name"]})
        return {"Id": "change-set"}, "CREATE"

    def execute(self: Any, *arguments: Any, **named: Any) -> None:
        deployed[-1]["executed"] = True

    def nothing(*arguments: Any, **named: Any) -> Any:
        return None

    def bucket(**named: Any) -> str:
        return "bucket"

    def repositories(*arguments: Any) -> dict[str, str]:
        return {"WorkerFunction": "123456789012.dkr.ecr.us-east-1.amazonaws.com/images"}

    replaced: list[tuple[Any, str, Any]] = [
        (PackageContext, "run", package),
        (Deployer, "create_and_wait_for_changeset", change_set),
        (Deployer, "execute_changeset", execute),
        (Deployer, "wait_for_execute", nothing),
        (Deployer, "get_last_event_time", nothing),
    ]
    for module in (command, guided_context):
        replaced += [(module, "manage_stack", bucket), (module, "sync_ecr_stack", repositories)]
    for owner, name, fake in replaced:
        setattr(owner, name, fake)
    done = CliRunner().invoke(cli, sys.argv[1:], input="\n" * 200)
    failure = None if done.exception is None else repr(done.exception)
    json.dump({"said": done.output, "status": done.exit_code, "failure": failure, "deployed": deployed}, sys.stdout)


if __name__ == "__main__":
    main()
