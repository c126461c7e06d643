"""Reads command lines as SAM itself does; runs under the Python of SAM, which has none of our packages.

`PYTHON sam_parser.py < LINES`, from the folder of samconfig.toml: a JSON list of command lines, each a list of words
without the first, `sam`. Prints a JSON list: of each the options with the values that SAM would work with, those of
samconfig.toml included, or `error` with SAM's own words.
"""

import json
import sys
from typing import Any


def parse(words: list[str]) -> dict[str, Any]:
    """The options of one command line, or its error."""
    import click
    from samcli.cli.context import Context
    from samcli.cli.main import cli

    # Without its own object SAM shows commands that have no options.
    context, command = click.Context(cli, info_name="sam", obj=Context()), cli
    rest = list(words)
    try:
        while isinstance(command, click.Group):
            name = rest.pop(0)
            command = command.get_command(context, name)
            if command is None:
                return {"error": f"No such command '{name}'."}
            context = click.Context(command, info_name=name, parent=context)
        context = command.make_context(name, rest, parent=context.parent)
    except click.ClickException as error:
        return {"error": error.format_message()}
    return {"command": name, "options": context.params}


def main() -> None:
    """Parse what comes in."""
    json.dump([parse(words) for words in json.load(sys.stdin)], sys.stdout, default=str)


if __name__ == "__main__":
    main()
