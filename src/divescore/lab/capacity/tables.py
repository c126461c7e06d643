"""The analysis for people: tables on a terminal."""

from collections.abc import Sequence

from rich.console import Console, JustifyMethod
from rich.table import Table

from divescore.lab.capacity.analysis import Analysis
from divescore.lab.capacity.burst import Scene
from divescore.lab.capacity.polling import Replaced

SHOWN_LIMITS = 12


def show(console: Console, found: Analysis, old: Replaced) -> None:
    """One scale: what comes first, the limits, the cost."""
    workload = found.workload
    console.print(
        f"[bold]{workload.jobs_per_day:,.0f} dives a day[/bold]: {workload.average:.2f} a second, "
        f"{workload.peak:.2f} in the busiest minute. A worker takes {found.attempt:.2f} s for a dive, "
        f"so {found.workers:.0f} work at once."
    )
    first = found.first
    console.print(
        f"First limit: [bold]{first.name}[/bold], {first.share:.0%} used "
        f"({first.used:,.4g} of {first.limit:,.4g} {first.unit}). Raise: {first.raise_it}.\n"
    )
    console.print(limit_table(found))
    console.print(cost_table(found, old))


def limit_table(found: Analysis) -> Table:
    """The limits that are used most."""
    table = Table(title="Limits in the busiest minute", title_justify="left")
    columns: dict[str, JustifyMethod] = {"limit": "left", "used": "right", "of": "right", "unit": "left"}
    for name, justify in columns.items():
        table.add_column(name, justify=justify)
    table.add_column("share", justify="right")
    table.add_column("reached at dives a day", justify="right")
    table.add_column("what to raise")
    for limit in found.limits[:SHOWN_LIMITS]:
        mark = "bold red" if limit.share > 1 else "yellow" if limit.share > 0.5 else ""
        at = limit.jobs_per_day(found.workload)
        table.add_row(
            limit.name,
            f"{limit.used:,.4g}",
            f"{limit.limit:,.4g}",
            limit.unit,
            f"{limit.share:.1%}",
            "-" if at == float("inf") else f"{at:,.2g}" if at < 1000 else f"{float(f'{at:.2g}'):,.0f}",
            limit.raise_it,
            style=mark,
        )
    return table


def cost_table(found: Analysis, old: Replaced) -> Table:
    """Dollars by part."""
    daily = found.workload.jobs_per_day
    table = Table(title="Cost in US dollars", title_justify="left")
    table.add_column("part")
    table.add_column("a thousand dives", justify="right")
    table.add_column("a day", justify="right")
    for name, price in sorted(found.cost.per_thousand.items(), key=lambda part: -part[1]):
        table.add_row(name, f"{price:.4f}", f"{price * daily / 1000:,.2f}")
    for name, price in found.cost.per_day.items():
        if price:
            table.add_row(f"{name} (fixed)", f"{price * 1000 / daily:.4f}", f"{price:,.2f}")
    table.add_section()
    table.add_row("all", f"{found.cost.total_per_thousand(daily):.4f}", f"{found.cost.day(daily):,.2f}")
    table.add_row("the replaced design", f"{old.per_thousand:.4f}", f"{old.per_thousand * daily / 1000:,.2f}")
    return table


def scale_table(found: Sequence[tuple[Analysis, Analysis]]) -> Table:
    """Each scale as deployed, and what is closest once everything that can be raised is."""
    table = Table(title="From a thousand to ten million dives a day", title_justify="left")
    table.add_column("dives a day", justify="right")
    table.add_column("workers", justify="right")
    table.add_column("beyond its limit as deployed, first one first")
    table.add_column("closest after raising")
    table.add_column("$ a thousand", justify="right")
    table.add_column("$ a day", justify="right")
    for before, after in found:
        daily = before.workload.jobs_per_day
        fixed = next(limit for limit in after.limits if limit.owner in ("fixed", "design"))
        table.add_row(
            f"{daily:,.0f}",
            f"{before.workers:,.0f}",
            ", ".join(limit.name for limit in before.broken)
            or f"none ({before.first.name} at {before.first.share:.0%})",
            f"{fixed.name}, {fixed.share:.0%}",
            f"{after.cost.total_per_thousand(daily):.3f}",
            f"{after.cost.day(daily):,.2f}",
        )
    return table


def burst_table(jobs: int, seconds: float, scenes: Sequence[Scene]) -> Table:
    """A burst in each of its scenes."""
    table = Table(title=f"{jobs:,} uploads within {seconds / 60:g} minutes (simulated)", title_justify="left")
    table.add_column("design", min_width=24)
    for name in ("drained", "score: p50", "p99", "workers", "cold", "requests", "$"):
        table.add_column(name, justify="right", no_wrap=True)
    for scene in scenes:
        run = scene.run
        table.add_row(
            scene.name,
            span(run.drain),
            span(run.latency(0.5)),
            span(run.latency(0.99)),
            f"{run.peak_workers:,}",
            f"{run.cold_starts:,}",
            f"{scene.requests:.1f}",
            f"{scene.dollars:,.2f}",
        )
    return table


def span(seconds: float) -> str:
    """A length of time in the unit that fits it."""
    if seconds < 120:
        return f"{seconds:.1f} s"
    return f"{seconds / 60:.1f} min" if seconds < 7200 else f"{seconds / 3600:.1f} h"
