"""`divescore load`."""

import contextlib
import io
from pathlib import Path
from typing import Any

import click

from divescore.printable import printable, printable_json

REQUIRED = "lost=0"
# What is rendered when no file is given.
DIVE, SEED = "107B", 7


class SocketCount(click.ParamType[int]):
    """A number of sockets, or `each`: None, which is one for each job and watcher."""

    name = "N|each"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """0 stands for `each`."""
        if value == "each":
            return 0
        try:
            count = int(value)
        except ValueError:
            self.fail(f"{value!r} is neither a number nor `each`.", param, ctx)
        if count < 1:
            self.fail("There has to be a socket.", param, ctx)
        return count


@click.command()
@click.argument("files", nargs=-1, type=click.Path(exists=True, dir_okay=False, readable=True, path_type=Path))
@click.option("--jobs", type=click.IntRange(1), default=100, show_default=True, help="Jobs of the run.")
@click.option("--via", type=click.Choice(["upload", "queue"]), default="upload", show_default=True, help="See above.")
@click.option(
    "--schedule",
    type=click.Choice(["constant", "poisson", "ramp", "burst"]),
    help="How jobs arrive. Default: constant with --rate, else all at once.",
)
@click.option("--rate", type=float, metavar="R", help="Jobs a second; of a ramp, at its end.")
@click.option("--from-rate", type=float, default=0.0, metavar="R", help="Jobs a second at the start of a ramp.  [0]")
@click.option("--burst", type=click.IntRange(1), metavar="N", help="Jobs of each burst. Default: all in one.")
@click.option("--every", type=float, default=0.0, metavar="S", help="Seconds between bursts.")
@click.option("--seed", type=int, default=1, show_default=True, help="Of the Poisson arrivals.")
@click.option("--sockets", type=SocketCount(), help="Share N sockets (at most 100 jobs each), or one for each job.")
@click.option("--watchers", type=click.IntRange(1), default=1, show_default=True, help="Sockets that watch each job.")
@click.option(
    "--at-once", type=click.IntRange(1), default=1000, show_default=True, help="Sends under way; more are dropped."
)
@click.option(
    "--patience", type=float, default=120.0, show_default=True, help="Seconds without news that end the wait."
)
@click.option("--require", default=REQUIRED, show_default=True, metavar="LIMITS", help="Sets the exit code; see above.")
@click.option("--html", type=click.Path(dir_okay=False, path_type=Path), help="Write the report as a page, too.")
@click.option("--keep", is_flag=True, help="Leave the videos of --via queue where they are.")
@click.option("--stack", metavar="NAME", help="A stack deployed on AWS. Default: the system on this machine.")
@click.option("--json", "as_json", is_flag=True, help="Print the report as one JSON document.")
@click.pass_context
def load(
    context: click.Context,
    /,
    files: tuple[Path, ...],
    require: str,
    html: Path | None,
    stack: str | None,
    as_json: bool,
    **given: Any,
) -> None:
    """Send many dives by a schedule and account for every one of them, and for every push.

    FILES are the videos, taken in turn; without any, one dive is rendered. Jobs arrive when the schedule says so,
    however the system fares, and latencies count from that moment.

    \b
    divescore load --jobs 200 --rate 5                          through the API, as browsers do
    divescore load --via queue --jobs 5000 --html flood.html    scoring messages, all at once
    divescore load --schedule ramp --rate 20 --jobs 600 --require p99=2s,lost=0,throughput=8

    --require takes limits with commas between: p50 to p99.9 and max of the push, started.p95 and the like of other
    stages (upload, sent, admitted, started, scored), lag.p99 of the generator itself, counts such as lost=0 or
    failed=0 (at most), throughput=8 (at least). Exit code: 0 all met, 1 not, or not run, 2 wrong usage.
    """
    import tempfile

    from divescore.client.errors import ClientError
    from divescore.client.files import regular
    from divescore.ops.load.assembly import LoadOptions, execute
    from divescore.ops.load.errors import InvalidOptions, LoadError
    from divescore.ops.load.thresholds import parse_thresholds
    from divescore.stack.errors import NoSystem

    try:
        limits = parse_thresholds(require)
        options = LoadOptions(**given)
        schedule = options.make_schedule()
        with tempfile.TemporaryDirectory(prefix="divescore-load-") as folder, contextlib.ExitStack() as copies:
            # A pipe can be read once, and a clip is sent many times.
            given_clips = [copies.enter_context(regular(path)) for path in files[: options.jobs]]
            clips = given_clips or [_draw(context, Path(folder) / "dive.webm")]
            report = execute(options, schedule, clips, stack, limits)
        if html is not None:
            from divescore.ops.load.page import page  # matplotlib, for nobody else

            html.write_text(page(report))
    except InvalidOptions as error:
        raise click.UsageError(error.message) from error
    except (LoadError, ClientError, NoSystem) as error:
        raise click.ClickException(error.message) from error
    except OSError as error:
        name = printable(str(error.filename or "A file"))
        raise click.ClickException(f"{name} cannot be used: {error.strerror or error}") from error
    if as_json:
        click.echo(printable_json(report))
    else:
        from divescore.ops.load.summary import print_summary

        print_summary(report, html)
    met = all(verdict["met"] for verdict in report["requirements"])
    context.exit(0 if met and not report["interrupted"] else 1)


def _draw(context: click.Context, target: Path) -> Path:
    """Have `divescore render` draw a dive; the command is asked, since nobody but it may know how."""
    group = context.find_root().command
    render = group.get_command(context, "render") if isinstance(group, click.Group) else None
    if render is None or render.callback is None:
        raise click.UsageError("Name a video to send.")
    # Its word on what it drew is not this command's output.
    with contextlib.redirect_stdout(io.StringIO()):
        context.invoke(render, number=DIVE, seed=SEED, out=target)
    return target
