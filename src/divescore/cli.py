"""The `divescore` command: a table of subcommands, each loaded only when it is called."""

from importlib import import_module
from typing import Any

import click

from divescore import __version__

# name -> module that holds a click command (or group) of that name; looked up lazily so that `--help` stays fast.
COMMANDS = {
    "up": "divescore.stack.local.commands",
    "down": "divescore.stack.local.commands",
    "status": "divescore.stack.local.commands",
    "score": "divescore.ops.score.commands",
    "watch": "divescore.ops.score.commands",
    "settled": "divescore.ops.settled.commands",
    "replay": "divescore.ops.replay.commands",
    "export": "divescore.ops.export.commands",
    "predict": "divescore.scoring.commands",
    "weights": "divescore.scoring.weights.commands",
    "render": "divescore.lab.rendering.commands",
    "load": "divescore.ops.load.commands",
    "train": "divescore.lab.training.commands",
    "evaluate": "divescore.lab.evaluation.commands",
    "adapt": "divescore.lab.adapting.commands",
    "bench": "divescore.ops.load.bench_command",
    "capacity": "divescore.lab.capacity.commands",
    "keys": "divescore.ops.keys.commands",
    "publish": "divescore.stack.deploy.commands",
    "destroy": "divescore.stack.deploy.commands",
}

# Packages that only an extra installs: package -> extra.
EXTRAS = {"cv2": "lab", "simpy": "lab"}


class LazyGroup(click.Group):
    """A click group that imports a subcommand's module when the subcommand is first needed."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        """Names in the order of the table, which is the order a newcomer needs them in."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002 - the same
        """The command of that name, or None when there is none."""
        if cmd_name not in COMMANDS:
            return None
        command = getattr(import_module(COMMANDS[cmd_name]), cmd_name)
        if not isinstance(command, click.Command):
            raise TypeError(f"{COMMANDS[cmd_name]}.{cmd_name} is not a command")
        return command

    def invoke(self, ctx: click.Context) -> Any:
        """Run the subcommand; what it lacks of an extra is said in a sentence."""
        try:
            return super().invoke(ctx)
        except ModuleNotFoundError as error:
            package = (error.name or "").split(".")[0]
            if package not in EXTRAS:
                raise
            extra = EXTRAS[package]
            raise click.ClickException(
                f"`divescore {ctx.invoked_subcommand}` needs the extra `{extra}`: pip install 'divescore[{extra}]'."
            ) from error


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 120})
@click.version_option(__version__, prog_name="divescore")
def main() -> None:
    """Upload a video of an Olympic dive and watch the score arrive live.

    \b
    divescore up                       start the whole system on this machine
    divescore score dive.webm          upload a video and follow its score
    divescore predict dive.webm        score a video with the network alone
    """
