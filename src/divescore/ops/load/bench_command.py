"""The command `bench`."""

import asyncio
import json
from pathlib import Path
from typing import Any

import click

_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)
_FOLDER = click.Path(exists=True, file_okay=False, path_type=Path)


def _say(text: str) -> None:
    click.echo(text, err=True)


@click.command()
@click.argument("clip", type=_FILE)
@click.option("--stack", metavar="NAME", help="A deployed stack. [default: the system on this machine]")
@click.option("--api", metavar="URL", help="An API by its address.")
@click.option("--runs", type=click.IntRange(1), default=20, show_default=True, help="Dives, one after another.")
@click.option("--flood", "jobs", type=click.IntRange(0), default=100, show_default=True, help="Dives at once; 0: none.")
@click.option("--at-once", type=click.IntRange(1), default=8, show_default=True, help="Uploads of the flood at a time.")
@click.option("--watchers", type=click.IntRange(0), default=100, show_default=True, help="Of one dive; 0: none.")
@click.option("--workers", type=click.IntRange(1), help="That the system may run. [default: the stack's parameter]")
@click.option("--weights", type=_FOLDER, help="Measure a fresh worker with these here. [default: the local system's]")
@click.option("--timeout", type=click.FloatRange(1), default=900.0, show_default=True, help="Seconds for each part.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
def bench(
    as_json: bool,
    **given: Any,
) -> None:
    """Measure a running system with CLIP: stages of one dive, a flood, fan-out, a fresh worker's start and memory.

    Every dive is a real one and counts against quotas. `divescore capacity --measurements` takes the document.

    \b
    divescore bench dive.webm
    divescore bench --stack divescore --flood 500 --json dive.mp4 > bench.json
    """
    from divescore.client.errors import ClientError
    from divescore.ops.load.bench import BenchOptions, measure
    from divescore.ops.load.errors import LoadError
    from divescore.stack.errors import NoSystem

    options = BenchOptions(**given)
    try:
        document = asyncio.run(measure(options, _say))
    except (ClientError, LoadError, NoSystem) as error:
        raise click.ClickException(error.message) from error
    click.echo(json.dumps(document, indent=2) if as_json else _table(document))


def _table(document: dict[str, Any]) -> str:
    lines = [f"{'ms':<12}" + "".join(f"{name:>9}" for name in ("median", "p90", "max"))]
    for name, figures in document["stages"].items():
        lines.append(f"{name:<12}" + "".join(f"{figures[key] * 1000:>9.1f}" for key in ("median", "p90", "max")))
    if flood := document.get("flood"):
        lines.append(
            f"flood: {flood['jobs']} dives in {flood['drain']:.1f} s, {flood['throughput']:.2f} a second with "
            f"{flood['workers']} workers; score after {flood['total']['median']:.2f} s (median)"
        )
    if fan := document.get("fan_out"):
        lines.append(
            f"fan-out: the last of {fan['watchers']} sockets has the score {fan['write_to_push']['max'] * 1000:.0f} ms "
            f"after it was written"
        )
    if fresh := document.get("fresh_worker"):
        lines.append(
            f"fresh worker: first score after {fresh['seconds']['cold_start']:.2f} s, "
            f"{fresh['megabytes']['worker']:.0f} MB and {fresh['megabytes']['decoder']:.0f} MB of its decoder"
        )
    before, after = document["load"]
    lines.append(f"load of this machine: {before:.2f} before, {after:.2f} after")
    return "\n".join(lines)
