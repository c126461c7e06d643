"""The commands `up`, `down` and `status`."""

import json
import os
import signal
import time
from pathlib import Path
from types import FrameType
from typing import Any

import click

from divescore.stack.local.errors import EngineFailed, LocalError
from divescore.stack.local_state import LocalState, load

ALIVE_CHECK_EVERY = 1.0


class _Failed(click.ClickException):
    """A LocalError as the command line shows it: its message on standard error, exit code 1."""

    def __init__(self, error: LocalError) -> None:
        super().__init__(str(error))


def _say(message: str) -> None:
    click.echo(message, err=True)


def _addresses(current: LocalState) -> dict[str, Any]:
    if current.stack is None:
        raise LocalError("The system is still being deployed.")
    stack = current.stack
    return {
        "api": stack.api,
        "live": stack.live,
        "web": stack.web,
        "bucket": stack.bucket,
        "queues": stack.queues,
        "table": stack.table,
    }


def _show(current: LocalState, as_json: bool) -> None:
    addresses = _addresses(current)
    if as_json:
        click.echo(json.dumps(addresses))
        return
    click.echo(f"page  {addresses['web']}")
    click.echo(f"api   {addresses['api']}")
    click.echo(f"live  {addresses['live']}")


def _parameters(pairs: tuple[str, ...]) -> dict[str, str]:
    parameters = {}
    for pair in pairs:
        name, mark, value = pair.partition("=")
        if not mark or not name:
            raise click.BadParameter(f"{pair!r} is not NAME=VALUE", param_hint="--parameter")
        parameters[name] = value
    return parameters


@click.command()
@click.option("--detach", is_flag=True, help="Return when the system is ready; `divescore down` stops it.")
@click.option("--port", type=click.IntRange(1, 65535), envvar="DIVESCORE_PORT", help="Port on 127.0.0.1 (4566).")
@click.option(
    "--weights",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="Folder with the manifest and weights that the worker loads (model_weights).",
)
@click.option(
    "--parameter",
    "parameters",
    multiple=True,
    metavar="NAME=VALUE",
    help="A parameter of template.yaml, such as OpenJobsPerClient=20. May be given again.",
)
@click.option("--json", "as_json", is_flag=True, help="Print the addresses as one JSON document.")
def up(detach: bool, port: int | None, weights: Path | None, parameters: tuple[str, ...], as_json: bool) -> None:
    """Start the whole system on this machine, or bring the running one up to date.

    \b
    divescore up                  stays up until Ctrl-C
    divescore up --detach --json  returns when ready
    """
    from divescore.stack.local import lifecycle
    from divescore.stack.local.checkout import project_root

    chosen = _parameters(parameters)
    os.umask(0o077)  # videos and keys are their owner's alone
    signal.signal(signal.SIGTERM, _interrupt)
    try:
        folder = (weights or project_root() / "model_weights").resolve()
        current = lifecycle.up(port, folder, chosen, _say)
        _show(current, as_json)
        if not detach:
            _stay(current)
    except LocalError as error:
        raise _Failed(error) from error


def _why_not_ready(current: LocalState) -> str:
    from divescore.stack.local import engine

    if current.stack is None:
        return "being deployed, or not answering"
    if engine.answers(current.engine):
        return "the engine runs, but has lost its stack: `divescore up` begins afresh"
    return "not answering"


def _interrupt(_number: int, _frame: FrameType | None) -> None:
    """A request to end is answered like Ctrl-C, so that nothing is left running."""
    raise KeyboardInterrupt


def _stay(current: LocalState) -> None:
    """Wait until Ctrl-C, then take the system down; raise EngineFailed when the engine ends by itself."""
    from divescore.stack.local import engine, lifecycle

    _say("Up. Ctrl-C stops it.")
    try:
        while engine.lives(current.engine):
            time.sleep(ALIVE_CHECK_EVERY)
    except KeyboardInterrupt:
        _say("Stopping.")
        lifecycle.down(keep=False)
        return
    if not current.path.exists():  # `divescore down` was called elsewhere
        _say("Stopped.")
        return
    tail = engine.log_tail(current.folder)
    lifecycle.down(keep=False)
    raise EngineFailed("The local engine ended by itself", tail)


@click.command()
@click.option("--keep", is_flag=True, help="Keep jobs and videos for the next `divescore up`.")
def down(keep: bool) -> None:
    """Stop the system on this machine and remove its data.

    \b
    divescore down         leaves nothing behind
    divescore down --keep  the next start finds jobs and videos as they were
    """
    from divescore.stack.local import lifecycle

    os.umask(0o077)
    try:
        ended = lifecycle.down(keep)
    except LocalError as error:
        raise _Failed(error) from error
    _say("Stopped." if ended else "Nothing was running.")


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
def status(as_json: bool) -> None:
    """Tell whether the system runs on this machine (exit code 0) or not (1).

    \b
    divescore status --json
    """
    from divescore.stack.local import engine, lifecycle

    try:
        current = load()
    except LocalError as error:
        raise _Failed(error) from error
    if current is not None and current.stack is not None and lifecycle.is_running(current):
        if as_json:
            click.echo(json.dumps({"running": True, "weights": current.weights, **_addresses(current)}))
        else:
            click.echo(f"running on port {current.engine.port}, process {current.engine.pid}")
            _show(current, as_json=False)
        return
    if as_json:
        click.echo(json.dumps({"running": False}))
    elif current is not None and engine.lives(current.engine):
        click.echo(_why_not_ready(current))
    elif current is not None:
        click.echo("not running: the last run ended without `divescore down`")
    else:
        click.echo("not running")
    raise SystemExit(1)
