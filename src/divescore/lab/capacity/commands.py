"""The command `capacity`."""

import json
from pathlib import Path
from typing import Any, TextIO

import click

_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)
_POSITIVE = click.FloatRange(0, min_open=True)


@click.command(context_settings={"show_default": True})
@click.option("--jobs-per-day", type=_POSITIVE, default=20_000.0, help="Dives a day; 1e6 will do.")
@click.option("--peak-factor", type=click.FloatRange(1), default=4.0, help="Busiest minute to average.")
@click.option("--video-mb", type=_POSITIVE, default=10.0, help="Megabytes of a video.")
@click.option("--video-seconds", type=_POSITIVE, default=5.0, help="Length of a video.")
@click.option("--watchers", type=click.FloatRange(0), default=1.0, help="Sockets that watch a dive.")
@click.option("--plays", type=click.FloatRange(0), default=0.0, help="Times a video is played back.")
@click.option("--infer-seconds", type=_POSITIVE, help="Of the network, on the measuring machine. [as measured]")
@click.option("--memory", "memory_mb", type=click.IntRange(1024, 10_240), default=3008, help="WorkerMemory, MB.")
@click.option("--worker-concurrency", type=click.IntRange(2, 1000), default=10, help="WorkerConcurrency.")
@click.option(
    "--pollers", type=(click.IntRange(2, 200), click.IntRange(2, 2000)), metavar="MIN MAX", help="Provisioned mode."
)
@click.option("--provisioned-concurrency", type=click.IntRange(0), default=0, help="Workers kept warm.")
@click.option("--account-concurrency", type=click.IntRange(10), default=1000, help="Lambda's quota.")
@click.option("--slowdown", type=_POSITIVE, default=2.0, help="A core here to one of Lambda. Assumed.")
@click.option("--cold-start", type=click.FloatRange(0), default=6.0, help="A worker's, seconds. Assumed.")
@click.option("--prices", "price_file", type=_FILE, help="JSON table of prices of another Region; see --print-prices.")
@click.option("--print-prices", is_flag=True, help="Print the table of prices as JSON and stop.")
@click.option("--measurements", type=_FILE, help="Service times: a document of `divescore bench --json`. [shipped]")
@click.option("--scales", "all_scales", is_flag=True, help="A thousand to ten million dives a day, side by side.")
@click.option("--burst", type=click.IntRange(1), help="Simulate so many uploads at once.")
@click.option("--burst-seconds", type=_POSITIVE, default=300.0, help="Within which they arrive.")
@click.option(
    "--plot", type=click.File("w", "utf-8", lazy=True), metavar="FILE", help="Write the burst as an SVG file."
)
@click.option("--seed", type=int, default=1, help="Of the simulation.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
def capacity(
    jobs_per_day: float,
    infer_seconds: float | None,
    price_file: Path | None,
    print_prices: bool,
    measurements: Path | None,
    all_scales: bool,
    burst: int | None,
    burst_seconds: float,
    plot: TextIO | None,
    seed: int,
    as_json: bool,
    **settings: Any,
) -> None:
    """Tell which limit of AWS comes first at a scale, what to raise, and what a thousand dives cost.

    Nothing is called: the figures are counted from the code, measured on one machine, or assumed and said so.

    \b
    divescore capacity --jobs-per-day 1e6
    divescore capacity --scales
    divescore capacity --burst 100000 --plot burst.svg
    """
    from dataclasses import asdict, replace

    from divescore.lab.capacity import burst as bursts
    from divescore.lab.capacity.analysis import analyse, scales
    from divescore.lab.capacity.documents import MEASURED, PRICES, DocumentInvalid, read_measurement, read_prices
    from divescore.lab.capacity.workload import Assumed, Deployment, Inputs, Workload

    if plot is not None and burst is None:
        raise click.UsageError("--plot draws a burst; add --burst N.")
    if settings["pollers"] and settings["pollers"][0] > settings["pollers"][1]:
        raise click.BadParameter("the least is more than the most", param_hint="--pollers")
    try:
        prices, measurement = read_prices(price_file or PRICES), read_measurement(measurements or MEASURED)
    except DocumentInvalid as error:
        raise click.ClickException(str(error)) from error
    if print_prices:
        click.echo(json.dumps(prices, indent=2))
        return
    if infer_seconds is not None:
        measurement = replace(measurement, infer=infer_seconds)

    # The other options are named for the fields that they set.
    workload, deployment, assumed = (
        {name: value for name, value in settings.items() if name in kind.__dataclass_fields__}
        for kind in (Workload, Deployment, Assumed)
    )
    inputs = Inputs(
        Workload(jobs_per_day, **workload), Deployment(**deployment), prices, Assumed(**assumed), measurement
    )
    found, old = analyse(inputs), bursts.polling_cost(prices, inputs.assumed)
    side_by_side = scales(inputs) if all_scales else []
    simulated = bursts.simulate(burst, burst_seconds, inputs, seed) if burst else None
    if plot is not None and simulated:
        plot.write(simulated.picture())
    if as_json:
        document = found.document() | {
            "measured_on": measurement.source,
            "assumed": asdict(inputs.assumed),
            "replaced": asdict(old),
        }
        if all_scales:
            document["scales"] = [{"deployed": a.document(), "raised": b.document()} for a, b in side_by_side]
        if simulated:
            document["burst"] = simulated.document()
        click.echo(json.dumps(document, indent=2))
        return

    from rich.console import Console

    from divescore.lab.capacity import tables

    console = Console()
    if all_scales:
        title = "From a thousand to ten million dives a day"
        console.print(tables.table(title, tables.SCALES, tables.scale_rows(side_by_side), below=(3, 4)))
    elif not simulated:
        tables.show_analysis(console, found, old)
    if simulated:
        tables.show_burst(console, simulated)
        if plot is not None:
            console.print(f"Drawn: {plot.name}")
